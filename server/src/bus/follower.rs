//! Following a stream of another process without a gap.
//!
//! Packets come over Redis as long as they come. Whenever something is missing — at the start,
//! after a reconnect, when Redis dropped something, is silent or gone — a direct [`Link`] to the
//! publisher is opened at the position that has been reached, and closed again once Redis is as
//! far. What comes twice is taken once.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::redis::Heard;
use super::{Body, Packet, Place, Position, Stream};
use crate::link::{Link, LinkError, Packets};

/// Redis counts as gone when nothing has been heard for so long: heartbeats come more often.
const SILENCE: Duration = Duration::from_secs(2);
/// How long to wait before the publisher is tried again.
const PAUSE: Duration = Duration::from_millis(200);

/// Takes the packets of a stream, each exactly once and in order.
pub(crate) trait Takes: Send {
    /// Takes the next packet. Waits where it must; ends the follower by an error.
    fn take(&mut self, packet: Arc<Packet>) -> impl Future<Output = anyhow::Result<()>> + Send;
}

/// Brings a stream of another process to somebody who takes it.
#[derive(Debug)]
pub(crate) struct Follower<T> {
    stream: Stream,
    link: Link,
    redis: FromRedis,
    direct: Option<Direct>,
    position: Option<Position>,
    takes: T,
}

impl<T: Takes> Follower<T> {
    pub(crate) fn new(
        stream: Stream,
        link: Link,
        redis: Option<mpsc::Receiver<Heard>>,
        takes: T,
    ) -> Self {
        Self {
            stream,
            link,
            redis: FromRedis {
                heard: redis,
                at: None,
            },
            direct: None,
            position: None,
            takes,
        }
    }

    /// The same follower, who has come to `position` already.
    pub(crate) fn at(self, position: Option<Position>) -> Self {
        Self { position, ..self }
    }

    /// Follows until the publisher turns out to be another exchange, or nobody takes any more.
    ///
    /// # Errors
    ///
    /// Why it ended.
    pub(crate) async fn run(mut self) -> anyhow::Result<()> {
        let mut retry_at = Instant::now();
        loop {
            if self.redis.is_well_and_at(self.position) {
                self.direct = None;
            } else if self.direct.is_none() && Instant::now() >= retry_at {
                retry_at = Instant::now() + PAUSE;
                self.open().await?;
            }
            let (packet, directly) = tokio::select! {
                packet = self.redis.next(self.position) => (packet, false),
                packet = receive(&mut self.direct) => (packet, true),
                // Time to look whether somebody has gone silent or is back.
                () = sleep(PAUSE) => (None, false),
            };
            let Some(packet) = packet else { continue };
            match packet.place(self.position) {
                Place::Next => {
                    self.position = self.position.max(Some(packet.position()));
                    self.takes.take(packet).await?;
                    // However long that took, it was not the link that was silent.
                    if let Some(direct) = &mut self.direct {
                        direct.heard = Instant::now();
                    }
                }
                // A link goes on where we are. One that does not is opened anew; a heartbeat may
                // be ahead of what is still being sent.
                Place::Gap if directly && !matches!(packet.body, Body::Heartbeat { .. }) => {
                    tracing::debug!(stream = self.stream.name(), "the direct link has a gap");
                    self.direct = None;
                }
                // What is missing before a packet from Redis is had over the link, which opens
                // above: Redis is further than we are.
                Place::Gap | Place::Old => {}
            }
        }
    }

    /// Opens the direct link, if the publisher is there.
    async fn open(&mut self) -> anyhow::Result<()> {
        match timeout(SILENCE, self.link.open(self.stream, self.position)).await {
            Ok(Ok(packets)) => {
                self.direct = Some(Direct {
                    packets,
                    heard: Instant::now(),
                });
            }
            Ok(Err(LinkError::Refused(why))) => anyhow::bail!(why),
            Ok(Err(error)) => {
                tracing::debug!(%error, stream = self.stream.name(), "no direct link");
            }
            Err(_) => {
                tracing::debug!(stream = self.stream.name(), "no direct link: no answer");
            }
        }
        Ok(())
    }
}

/// What Redis brings, and how far that is.
#[derive(Debug)]
struct FromRedis {
    /// None where there is no Redis, or never will be again.
    heard: Option<mpsc::Receiver<Heard>>,
    /// The furthest that has been heard of, and when anything was heard last.
    at: Option<(Position, Instant)>,
}

impl FromRedis {
    fn is_well_and_at(&self, position: Option<Position>) -> bool {
        self.at
            .is_some_and(|(at, heard)| heard.elapsed() < SILENCE && position >= Some(at))
    }

    /// What comes next. `position` is how far everything has been taken.
    async fn next(&mut self, position: Option<Position>) -> Option<Arc<Packet>> {
        let Some(receiver) = &mut self.heard else {
            return std::future::pending().await;
        };
        match receiver.recv().await {
            Some(Heard::Packet(packet)) => {
                let at = packet.position();
                // A publisher that was replaced may go on for a while; that is not the one to hear.
                let newest = position.max(self.at.map(|(at, _)| at));
                if newest.is_some_and(|newest| at.epoch < newest.epoch) {
                    return None;
                }
                let furthest = self.at.map_or(at, |(before, _)| before.max(at));
                self.at = Some((furthest, Instant::now()));
                Some(packet)
            }
            // Whatever came since is missing.
            Some(Heard::Lost) => {
                self.at = None;
                None
            }
            None => {
                (self.at, self.heard) = (None, None);
                None
            }
        }
    }
}

/// An open link.
#[derive(Debug)]
struct Direct {
    packets: Packets,
    heard: Instant,
}

/// The next packet of an open link; closes it where it has ended or is silent.
async fn receive(direct: &mut Option<Direct>) -> Option<Arc<Packet>> {
    let Some(open) = direct else {
        return std::future::pending().await;
    };
    match timeout_at(open.heard + SILENCE, open.packets.next()).await {
        Ok(Ok(packet)) => {
            open.heard = Instant::now();
            return Some(Arc::new(packet));
        }
        Ok(Err(error)) => tracing::debug!(%error, "the direct link has ended"),
        Err(_) => tracing::debug!("the direct link is silent"),
    }
    *direct = None;
    None
}

#[cfg(test)]
mod tests;
