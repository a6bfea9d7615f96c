//! The places for WebSocket connections: how many there may be, and who has one.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::ws::close_code;
use tokio::sync::watch;

use crate::config::Limits;
use crate::error::ApiError;
use crate::gateway::client::party;
use crate::gateway::outbox::{Farewell, Outbox};

/// The process ends.
const STOPPING: Farewell = (close_code::AWAY, "the server is stopping: connect again");
/// How long clients may take to hear that.
const GRACE: Duration = Duration::from_secs(3);
/// When it is worth trying again to a client that has too many connections.
const RETRY_AFTER_SECONDS: u64 = 60;

/// The WebSocket connections of a process. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    most: usize,
    most_per_address: usize,
    taken: Arc<Mutex<Taken>>,
    count: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct Taken {
    by_address: HashMap<IpAddr, usize>,
    outboxes: HashMap<u64, Outbox>,
    stopping: bool,
}

/// A connection's place, for as long as it is held.
#[derive(Debug)]
pub(super) struct Place {
    places: Places,
    address: IpAddr,
    id: u64,
}

impl Places {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            most: limits.websocket_connections,
            most_per_address: limits.websocket_connections_per_address,
            taken: Arc::default(),
            count: watch::Sender::default(),
        }
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        // Nothing that holds the lock leaves it half changed.
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place for a connection from an address.
    pub(super) fn take(&self, address: IpAddr, outbox: &Outbox) -> Result<Place, ApiError> {
        let address = party(address);
        let mut taken = self.taken();
        if taken.stopping {
            return Err(ApiError::DISCONNECTED);
        }
        if taken.outboxes.len() >= self.most {
            return Err(ApiError::OVERLOADED);
        }
        let of_address = taken.by_address.entry(address).or_default();
        if *of_address >= self.most_per_address {
            let most = self.most_per_address;
            return Err(ApiError::too_many(
                -1003,
                format!(
                    "Too many WebSocket connections; current limit is {most} connections per IP address."
                ),
                RETRY_AFTER_SECONDS,
            ));
        }
        *of_address += 1;
        taken.outboxes.insert(outbox.id(), outbox.clone());
        self.count.send_replace(taken.outboxes.len());
        Ok(Place {
            places: self.clone(),
            address,
            id: outbox.id(),
        })
    }

    /// Sends everybody away, and whoever comes later.
    pub(crate) fn close(&self) {
        let mut taken = self.taken();
        taken.stopping = true;
        for outbox in taken.outboxes.values() {
            outbox.send_away(STOPPING);
        }
    }

    /// Waits until all have left, or have had long enough for it.
    pub(crate) async fn emptied(&self) {
        let mut count = self.count.subscribe();
        let empty = count.wait_for(|count| *count == 0);
        if tokio::time::timeout(GRACE, empty).await.is_err() {
            tracing::warn!("some WebSocket connections were cut off");
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        taken.outboxes.remove(&self.id);
        if let Some(of_address) = taken.by_address.get_mut(&self.address) {
            *of_address -= 1;
            if *of_address == 0 {
                taken.by_address.remove(&self.address);
            }
        }
        self.places.count.send_replace(taken.outboxes.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::outbox::{Inbox, Outgoing};

    fn places(most: usize, most_per_address: usize) -> Places {
        Places::new(&Limits {
            websocket_connections: most,
            websocket_connections_per_address: most_per_address,
            ..Limits::default()
        })
    }

    fn take(places: &Places, address: u8) -> Result<(Place, Inbox), ApiError> {
        let (outbox, inbox) = Outbox::new(1_000);
        let place = places.take(IpAddr::from([10, 0, 0, address]), &outbox)?;
        Ok((place, inbox))
    }

    #[test]
    fn one_address_does_not_get_all_places() {
        let places = places(3, 2);
        let first = take(&places, 1).expect("a place");
        let second = take(&places, 1).expect("a place");
        for _ in 0..5 {
            let refused = take(&places, 1).expect_err("it has two");
            assert_eq!((refused.status.as_u16(), refused.code), (429, -1003));
        }
        let other = take(&places, 2).expect("a place");
        assert_eq!(take(&places, 3).expect_err("full"), ApiError::OVERLOADED);
        drop((first, other));
        take(&places, 1).expect("it has left one");
        drop(second);
        assert!(places.taken().by_address.is_empty(), "nothing is kept");
    }

    #[test]
    fn the_addresses_of_one_network_are_one_client() {
        let places = places(9, 1);
        let take = |address: &str| {
            let (outbox, _) = Outbox::new(1_000);
            places.take(address.parse().expect("an address"), &outbox)
        };
        let first = take("2001:db8::1").expect("a place");
        assert_eq!(take("2001:db8::2").expect_err("the same").code, -1003);
        take("2001:db8:0:1::1").expect("another network");
        drop(first);
        take("2001:db8::2").expect("it has left");
    }

    #[tokio::test(start_paused = true)]
    async fn at_the_end_all_are_sent_away_and_waited_for() {
        let places = places(3, 3);
        let (place, mut inbox) = take(&places, 1).expect("a place");
        places.close();
        assert_eq!(inbox.try_next(), Some(Outgoing::Close(STOPPING)));
        assert_eq!(take(&places, 1).err(), Some(ApiError::DISCONNECTED));

        let begun = tokio::time::Instant::now();
        places.emptied().await;
        assert_eq!(begun.elapsed(), GRACE, "one has not left");
        drop(place);
        places.emptied().await;
        assert!(begun.elapsed() < 2 * GRACE);
    }
}
