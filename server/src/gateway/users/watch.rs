//! Sends those away who may not listen any more.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use super::{Authority, Ending, UserStreams};
use crate::accounts::Credentials;

/// How often it is looked. With what it takes to hear of what other processes revoke, nobody listens
/// on with a revoked key for more than a second.
const PERIOD: Duration = Duration::from_millis(250);
/// In how many of these rounds once the database is asked, which knows the time of a listen key.
const ROUNDS: u32 = 3;

/// Looks as long as the process runs.
pub(crate) async fn run(users: UserStreams, credentials: Credentials) {
    let mut ticks = interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut round = 0;
    loop {
        ticks.tick().await;
        round = (round + 1) % ROUNDS;
        look(&users, &credentials, round == 0).await;
    }
}

pub(super) async fn look(users: &UserStreams, credentials: &Credentials, at_times: bool) {
    for authority in users.authorities() {
        if let Some(ending) = ended(&authority, credentials, at_times).await {
            users.end(&authority, ending);
        }
    }
}

/// Why an authority is not good any more, if so. Where that cannot be told it stays good, as it does
/// for requests.
async fn ended(authority: &Authority, credentials: &Credentials, at_times: bool) -> Option<Ending> {
    let found = credentials.find_api_key(authority.api_key()).await;
    if matches!(found, Ok(None)) {
        return Some(Ending::Revoked);
    }
    let key = authority.listen_key().filter(|_| at_times)?;
    let found = credentials.listen_key(key).await;
    matches!(found, Ok(None)).then_some(Ending::Expired)
}
