//! Following what other processes revoke.

use std::sync::Arc;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{PgPool, Postgres};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::postgres::in_time;

use super::keys;
use super::known::KnownKeys;

/// How long between two looks. With the look itself, what is revoked elsewhere is refused here
/// within a second.
const PAUSE: Duration = Duration::from_millis(500);
/// How long between two warnings that it cannot look.
const WARN_AGAIN: Duration = Duration::from_secs(60);

/// The task that follows; ends when this is dropped.
pub(super) struct Follower(JoinHandle<()>);

impl Follower {
    pub(super) fn start(pool: PgPool, known: Arc<KnownKeys>) -> Self {
        Self(tokio::spawn(follow(pool, known)))
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn follow(pool: PgPool, known: Arc<KnownKeys>) {
    // A connection that nobody else can be at: a busy pool must not delay a revocation.
    let mut connection = None;
    let mut outage: Option<Outage> = None;
    loop {
        sleep(PAUSE).await;
        match in_time(look(&pool, &mut connection, &known)).await {
            Ok(()) => {
                if let Some(outage) = outage.take() {
                    outage.over();
                }
            }
            Err(error) => {
                // Not given back: an answer may still be on its way.
                drop(connection.take().map(PoolConnection::detach));
                outage.get_or_insert_with(Outage::begin).tell(&error);
            }
        }
    }
}

async fn look(
    pool: &PgPool,
    connection: &mut Option<PoolConnection<Postgres>>,
    known: &KnownKeys,
) -> Result<(), sqlx::Error> {
    let connection = match connection {
        Some(connection) => connection,
        None => connection.insert(pool.acquire().await?),
    };
    known.see(&keys::revoked_since(connection, known.seen()).await?);
    Ok(())
}

/// A time in which the database cannot be asked.
struct Outage {
    since: Instant,
    told: Option<Instant>,
}

impl Outage {
    fn begin() -> Self {
        Self {
            since: Instant::now(),
            told: None,
        }
    }

    fn tell(&mut self, error: &sqlx::Error) {
        if self.told.is_none_or(|told| told.elapsed() >= WARN_AGAIN) {
            self.told = Some(Instant::now());
            tracing::warn!(
                %error,
                seconds = self.since.elapsed().as_secs(),
                "the database of accounts cannot be asked: known API keys go on working, also those \
                 that were revoked elsewhere in the meantime"
            );
        }
    }

    fn over(self) {
        tracing::info!(
            seconds = self.since.elapsed().as_secs(),
            "the database of accounts answers again: revoked API keys are refused"
        );
    }
}
