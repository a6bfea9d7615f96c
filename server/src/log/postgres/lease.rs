//! Who may try to take a log, and when: a lease, so that a process that stands by does not take the
//! log from one that is well.
//!
//! What is written never depends on it. Clocks may jump and processes may stand still: whoever takes
//! the log begins an epoch, and nothing is appended under an older one.

use std::fs;
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use sqlx::PgConnection;
use tokio::sync::watch;

use super::session::{LOG_ID, LogDatabase, Session};
use super::take_log;
use crate::api::hex::hex;
use crate::log::LogError;

/// How often a lease of three seconds is renewed.
const RENEW: Duration = Duration::from_secs(1);
/// How often a process that stands by tries to take it.
const TRY: Duration = Duration::from_millis(250);

/// Takes the lease or renews it, unless somebody else has one.
const TAKE: &str = "
    INSERT INTO log_leases AS lease VALUES ($1, $2, clock_timestamp() + interval '3 seconds')
    ON CONFLICT (log) DO UPDATE SET holder = excluded.holder, expires = excluded.expires
    WHERE lease.holder = excluded.holder OR lease.expires <= clock_timestamp()";

/// Who a process is, as long as it has its data directory: the one that is started after a crash may
/// have the lease of the one before.
pub(super) fn holder(dir: &Path) -> std::io::Result<String> {
    let file = dir.join("holder");
    let known = fs::read_to_string(&file).unwrap_or_default();
    let known = known.trim();
    // A torn one is as good as none: the lease of the one before has to end by itself.
    if known.len() == 32 {
        return Ok(known.into());
    }
    let new = random()?;
    fs::write(&file, format!("{new}\n"))?;
    Ok(new)
}

/// A name that nobody else has.
pub(super) fn random() -> std::io::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(hex(&bytes))
}

/// Takes the lease or renews it; or tells who else has it.
async fn take(connection: &mut PgConnection, holder: &str) -> sqlx::Result<Option<String>> {
    let taken = sqlx::query(TAKE).bind(LOG_ID).bind(holder);
    if taken.execute(&mut *connection).await?.rows_affected() == 1 {
        return Ok(None);
    }
    let other = sqlx::query_scalar("SELECT holder FROM log_leases WHERE log = $1").bind(LOG_ID);
    // Gone by now: it can be taken the next time.
    Ok(Some(
        other.fetch_optional(connection).await?.unwrap_or_default(),
    ))
}

/// Waits until this process may take the log, and takes it. It fails where the database does at once,
/// and goes on where that happens while it stands by.
pub(super) fn wait(
    database: &LogDatabase,
    session: &mut Session,
    holder: &str,
    writer: &str,
) -> sqlx::Result<()> {
    let mut attempt = || {
        session.call(async |connection| {
            let other = take(connection, holder).await?;
            if other.is_none() {
                take_log(connection, writer).await?;
            }
            Ok(other)
        })
    };
    let log = database.name();
    let (mut standing_by, mut failing) = (false, false);
    loop {
        match attempt() {
            Ok(None) => break,
            Ok(Some(other)) if !standing_by => {
                tracing::info!(
                    log,
                    holder = other,
                    "another process has the command log: this one stands by and takes over when \
                     that one ends"
                );
                standing_by = true;
            }
            Ok(Some(_)) => failing = false,
            Err(error) if !standing_by => return Err(error),
            Err(error) if !failing => {
                tracing::warn!(log, %error, "the database of the command log fails; standing by");
                failing = true;
            }
            Err(_) => {}
        }
        thread::sleep(TRY);
    }
    if standing_by {
        tracing::info!(log, "the command log has been taken over");
    }
    Ok(())
}

/// That this process has the log, as far as it knows.
#[derive(Debug)]
pub(crate) struct Lease {
    log: String,
    lost: watch::Sender<bool>,
    keeper: Mutex<Option<(mpsc::Sender<()>, JoinHandle<()>)>>,
}

impl Lease {
    /// Keeps the lease that `holder` has. `writer` is who has taken the log.
    pub(super) fn keep(
        database: &LogDatabase,
        holder: String,
        writer: String,
    ) -> std::io::Result<Self> {
        let log = database.name();
        let lost = watch::Sender::new(false);
        let (stop, stopped) = mpsc::channel();
        let keeper = Keeper {
            session: database.session(),
            log: log.clone(),
            holder,
            writer,
            lost: lost.clone(),
        };
        let keeper = thread::Builder::new()
            .name("lease".into())
            .spawn(move || keeper.run(&stopped))?;
        Ok(Self {
            log,
            lost,
            keeper: Mutex::new(Some((stop, keeper))),
        })
    }

    /// Returns once somebody else has taken the log: what is to be said of it.
    pub(crate) async fn lost(&self) -> LogError {
        // The sender is here, so it waits for nothing else.
        drop(self.lost.subscribe().wait_for(|lost| *lost).await);
        LogError::Fenced {
            path: self.log.clone(),
        }
    }

    /// Lets somebody else take the log at once. Whatever is appended until then is in the log.
    pub(crate) fn give_back(&self) {
        let keeper = self
            .keeper
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some((stop, keeper)) = keeper {
            drop(stop);
            // It has told what there was to tell.
            drop(keeper.join());
        }
    }

    pub(super) fn is_lost(&self) -> bool {
        *self.lost.borrow()
    }

    /// Somebody else has begun an epoch.
    pub(super) fn lose(&self) {
        self.lost.send_replace(true);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.give_back();
    }
}

/// The thread that renews a lease.
struct Keeper {
    session: Session,
    log: String,
    holder: String,
    writer: String,
    lost: watch::Sender<bool>,
}

impl Keeper {
    fn run(mut self, stopped: &mpsc::Receiver<()>) {
        let mut failing = false;
        while stopped.recv_timeout(RENEW) == Err(RecvTimeoutError::Timeout) {
            match self.renew() {
                Ok(true) => failing = false,
                Ok(false) => {
                    self.lost.send_replace(true);
                    return;
                }
                // Whatever has become of the log, appends will find out.
                Err(error) if !failing => {
                    tracing::warn!(log = self.log, %error, "the lease could not be renewed");
                    failing = true;
                }
                Err(_) => {}
            }
        }
        if let Err(error) = self.give_back() {
            tracing::warn!(log = self.log, %error, "the lease ends by itself: it could not be given back");
        }
    }

    /// Whether the log is still this process's, whoever has the lease.
    fn renew(&mut self) -> sqlx::Result<bool> {
        let (holder, writer) = (&self.holder, &self.writer);
        self.session.call(async |connection| {
            take(connection, holder).await?;
            let ours = "SELECT writer = $2 FROM logs WHERE log = $1";
            let ours = sqlx::query_scalar(ours).bind(LOG_ID).bind(writer);
            Ok(ours.fetch_optional(connection).await?.unwrap_or(false))
        })
    }

    fn give_back(&mut self) -> sqlx::Result<()> {
        let holder = &self.holder;
        self.session.call(async |connection| {
            let delete = "DELETE FROM log_leases WHERE log = $1 AND holder = $2";
            let delete = sqlx::query(delete).bind(LOG_ID).bind(holder);
            delete.execute(connection).await.map(drop)
        })
    }
}
