//! Somebody who trades wildly until nobody answers any more.

use std::sync::Arc;
use std::time::Duration;

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use reqwest::Method;
use serde_json::Value;

use super::fuse::Fuse;
use super::terms::{SYMBOLS, Terms};
use super::told::Told;
use crate::harness::http::try_send;
use crate::harness::{DEADLINE, Http, Reply, Trader, Where, list, number, text};

pub(super) struct Client {
    pub(super) trader: Trader,
    pub(super) told: Told,
    pub(super) pending: Option<Pending>,
    /// Whether it is sure that nothing is on its way any more when a server was killed.
    pub(super) one_process: bool,
    /// What it does when it does not know what has become of an order: ask for it by name, or send
    /// it again.
    asks: bool,
    random: ChaCha8Rng,
    names: u32,
    /// What each answer brings nearer, while it works.
    fuse: Option<Arc<Fuse>>,
}

/// A request whose outcome is unknown.
#[derive(Debug)]
pub(super) enum Pending {
    Order(Terms, Whereabouts),
    Cancel(&'static str, u64),
}

/// What was found of an order when everything was compared after a kill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whereabouts {
    Unknown,
    There(u64),
    Nowhere,
}

/// What may be heard of a request.
enum Heard {
    Answer(Reply),
    /// The server may still be at it.
    TimedOut,
    Gone,
}

/// Nobody answers any more.
struct Silence;

impl Client {
    pub(super) fn new(trader: Trader, seed: u64, asks: bool, one_process: bool) -> Self {
        Self {
            trader,
            told: Told::default(),
            pending: None,
            one_process,
            asks,
            random: ChaCha8Rng::seed_from_u64(seed),
            names: 0,
            fuse: None,
        }
    }

    /// Goes on until nobody answers any more, or it is over.
    pub(super) async fn work(mut self, door: Http, fuse: Arc<Fuse>) -> Self {
        self.trader.http = door;
        self.fuse = Some(Arc::clone(&fuse));
        while !fuse.is_over() && self.next().await.is_ok() {}
        self.fuse = None;
        self
    }

    /// Finds out what is still unknown.
    pub(super) async fn settle(mut self, door: Http) -> Self {
        self.trader.http = door;
        while let Some(pending) = self.pending.take() {
            let settled = self.pursue(pending).await;
            assert!(settled.is_ok(), "the server answers");
        }
        self
    }

    async fn next(&mut self) -> Result<(), Silence> {
        if let Some(pending) = self.pending.take() {
            return self.pursue(pending).await;
        }
        let symbol = SYMBOLS[self.random.random_range(0..SYMBOLS.len())];
        let open = self.told.open(symbol);
        match self.random.random_range(0..100) {
            0..3 => self.ask_for_fills(symbol).await,
            3 => self.cancel_all(symbol).await,
            4..8 if !open.is_empty() => {
                let id = open[self.random.random_range(0..open.len())];
                self.look(symbol, id).await
            }
            8..40 if open.len() > 2 => {
                let id = open[self.random.random_range(0..open.len())];
                self.cancel(symbol, id).await
            }
            _ => {
                self.names += 1;
                let name = format!("{}-{}", self.trader.name, self.names);
                let terms = Terms::random(&mut self.random, name);
                self.place(terms).await
            }
        }
    }

    async fn pursue(&mut self, pending: Pending) -> Result<(), Silence> {
        match pending {
            Pending::Cancel(symbol, id) => self.cancel(symbol, id).await,
            Pending::Order(terms, found) if self.asks => self.find(terms, found).await,
            Pending::Order(terms, found) => self.place_again(terms, found).await,
        }
    }

    /// Sends a request. Now and then it does not wait for the answer.
    async fn send(&mut self, method: Method, path: &str, params: &[(&str, &str)]) -> Heard {
        let patience = if self.random.random_bool(0.02) {
            Duration::from_micros(self.random.random_range(500..8_000))
        } else {
            DEADLINE
        };
        self.send_for(patience, method, path, params).await
    }

    async fn send_for(
        &mut self,
        patience: Duration,
        method: Method,
        path: &str,
        params: &[(&str, &str)],
    ) -> Heard {
        let request = self.trader.signed(method, path, params, Where::Query);
        match try_send(request.timeout(patience)).await {
            // 408: a gateway waits in vain for what it was told of.
            Ok(reply) if reply.status >= 500 || reply.status == 408 => {
                self.told.counts.errors += 1;
                Heard::Gone
            }
            Ok(reply) => Heard::Answer(reply),
            Err(error) if error.is_timeout() && patience < DEADLINE => Heard::TimedOut,
            Err(error) => {
                assert!(!error.is_timeout(), "no answer for long: {error}");
                Heard::Gone
            }
        }
    }

    /// What was answered to a request that changes something; it is pending otherwise.
    async fn order(
        &mut self,
        method: Method,
        path: &str,
        params: &[(&str, &str)],
        pending: Pending,
    ) -> Result<Option<Reply>, Silence> {
        let heard = self.send(method, path, params).await;
        if let Heard::Answer(reply) = heard {
            if let Some(fuse) = &self.fuse {
                fuse.burn().await;
            }
            return Ok(Some(reply));
        }
        self.told.counts.unknown += 1;
        self.pending = Some(pending);
        match heard {
            Heard::Gone => Err(Silence),
            _ => Ok(None),
        }
    }

    async fn place(&mut self, terms: Terms) -> Result<(), Silence> {
        let pending = Pending::Order(terms.clone(), Whereabouts::Unknown);
        let params = terms.params();
        let reply = self.order(Method::POST, "order", &params, pending).await?;
        if let Some(reply) = reply {
            if is_refused(&reply) {
                self.told.absent(&terms);
            } else {
                self.told.placed(terms, &reply.json());
            }
        }
        Ok(())
    }

    async fn place_again(&mut self, terms: Terms, found: Whereabouts) -> Result<(), Silence> {
        // Once it is sent again, what was not there may be.
        let now = match found {
            Whereabouts::Nowhere => Whereabouts::Unknown,
            found => found,
        };
        let pending = Pending::Order(terms.clone(), now);
        let params = terms.params();
        let reply = self.order(Method::POST, "order", &params, pending).await?;
        let Some(reply) = reply else { return Ok(()) };
        match (is_refused(&reply), found) {
            (true, Whereabouts::There(id)) => panic!("order {id} is there: {reply}"),
            (true, Whereabouts::Nowhere) if self.one_process => self.told.absent(&terms),
            // Both may be on their way, and this one may have overtaken the other.
            (true, _) => self.told.perhaps(terms),
            (false, found) => {
                let id = self.told.placed(terms, &reply.json());
                match found {
                    Whereabouts::There(there) => {
                        assert_eq!(id, there, "it was placed twice: {reply}");
                        self.told.counts.there += 1;
                    }
                    Whereabouts::Nowhere => self.told.counts.anew += 1,
                    Whereabouts::Unknown => {}
                }
            }
        }
        Ok(())
    }

    /// Asks for an order by its name.
    async fn find(&mut self, terms: Terms, found: Whereabouts) -> Result<(), Silence> {
        let params = [
            ("symbol", terms.symbol()),
            ("origClientOrderId", terms.name()),
        ];
        let reply = match self.send(Method::GET, "order", &params).await {
            Heard::Answer(reply) => reply,
            Heard::TimedOut => {
                self.pending = Some(Pending::Order(terms, found));
                return Ok(());
            }
            Heard::Gone => {
                self.pending = Some(Pending::Order(terms, found));
                return Err(Silence);
            }
        };
        let answer = reply.json();
        match (reply.status, found) {
            (200, Whereabouts::Nowhere) if self.one_process => {
                panic!("it was not there before: {answer}")
            }
            (200, found) => {
                let id = self.told.found(terms, &answer);
                if let Whereabouts::There(there) = found {
                    assert_eq!(id, there, "it is another one: {answer}");
                    self.told.counts.there += 1;
                }
            }
            (400, Whereabouts::There(id)) => panic!("order {id} is lost: {answer}"),
            (400, found) => {
                assert_eq!(answer["code"], -2013, "{answer}");
                if found == Whereabouts::Nowhere && self.one_process {
                    self.told.absent(&terms);
                } else {
                    self.told.perhaps(terms);
                }
            }
            _ => panic!("unexpected: {reply}"),
        }
        Ok(())
    }

    async fn cancel(&mut self, symbol: &'static str, id: u64) -> Result<(), Silence> {
        self.told.sends_cancel(id);
        let text = id.to_string();
        let params = [("symbol", symbol), ("orderId", text.as_str())];
        let pending = Pending::Cancel(symbol, id);
        let reply = self
            .order(Method::DELETE, "order", &params, pending)
            .await?;
        match reply.map(|reply| (reply.status, reply.json())) {
            None => {}
            Some((200, answer)) => {
                assert_eq!(number(&answer, "orderId"), id, "{answer}");
                self.told.cancelled(&answer);
            }
            Some((_, answer)) => {
                assert_eq!(answer["code"], -2011, "{answer}");
                self.told.too_late(id);
            }
        }
        Ok(())
    }

    async fn cancel_all(&mut self, symbol: &'static str) -> Result<(), Silence> {
        self.told.sends_cancel_all(symbol);
        let params = [("symbol", symbol)];
        // Left alone, it might cancel orders that are placed after it.
        let heard = self.send_for(DEADLINE, Method::DELETE, "openOrders", &params);
        let Heard::Answer(reply) = heard.await else {
            return Err(Silence);
        };
        if reply.status == 400 {
            let answer = reply.json();
            assert_eq!(answer["code"], -2011, "{answer}");
            self.told.all_too_late(symbol);
            return Ok(());
        }
        for order in list(&reply.ok()) {
            self.told.cancelled(order);
        }
        Ok(())
    }

    /// Asks how an order stands.
    async fn look(&mut self, symbol: &'static str, id: u64) -> Result<(), Silence> {
        let text = id.to_string();
        let params = [("symbol", symbol), ("orderId", text.as_str())];
        match self.send(Method::GET, "order", &params).await {
            Heard::Answer(reply) => {
                self.told.saw(&reply.ok());
                Ok(())
            }
            Heard::TimedOut => Ok(()),
            Heard::Gone => Err(Silence),
        }
    }

    async fn ask_for_fills(&mut self, symbol: &'static str) -> Result<(), Silence> {
        let from = self.told.newest_fill(symbol).to_string();
        let params = [("symbol", symbol), ("fromId", from.as_str())];
        match self.send(Method::GET, "myTrades", &params).await {
            Heard::Answer(reply) => {
                self.told.saw_fills(symbol, list(&reply.ok()));
                Ok(())
            }
            Heard::TimedOut => Ok(()),
            Heard::Gone => Err(Silence),
        }
    }
}

/// Whether an order was refused as orders may be: too expensive, or it would take.
fn is_refused(reply: &Reply) -> bool {
    if reply.status == 200 {
        return false;
    }
    let answer = reply.json();
    assert_eq!((reply.status, &answer["code"]), (400, &Value::from(-2010)));
    assert_ne!(text(&answer, "msg"), "Duplicate order sent.");
    true
}
