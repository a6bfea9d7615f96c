//! Sends those away who may not listen any more.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use super::{Authority, Ending, UserStreams};
use crate::accounts::{Credentials, CredentialsError};

/// How often it is looked. With what it takes to hear of what other processes revoke, nobody
/// listens on for more than a second.
const PERIOD: Duration = Duration::from_millis(250);

/// Looks as long as the process runs.
pub(crate) async fn run(users: UserStreams, credentials: Credentials) {
    let mut ticks = interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        look(&users, &credentials).await;
    }
}

async fn look(users: &UserStreams, credentials: &Credentials) {
    for authority in users.authorities() {
        if let Some(ending) = ended(&authority, credentials).await {
            users.end(&authority, ending);
        }
    }
}

/// Why an authority is not good any more, if so. Where that cannot be told it stays good, as it does
/// for requests.
async fn ended(authority: &Authority, credentials: &Credentials) -> Option<Ending> {
    match authority {
        Authority::Key(name) => {
            let found = credentials.find_api_key(name).await;
            matches!(found, Ok(None)).then_some(Ending::Revoked)
        }
        Authority::ListenKey(_) => None,
        Authority::Session(token) => {
            let found = credentials.session(token).await;
            matches!(found, Err(CredentialsError::InvalidSession)).then_some(Ending::Revoked)
        }
    }
}
