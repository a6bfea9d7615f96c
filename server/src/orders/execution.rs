//! What happens to orders, one thing after the other, for those who hear of it as it happens.

use exchange_engine::{ClientOrderId, Event};
use orderbook_core::{AccountId, Event as BookEvent, OrderId};

use super::record::{Fill, OrderRecord, OrderStatus};

/// Something that happened to an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Execution {
    /// The input that led to it.
    pub(crate) seq: u64,
    /// A number that no other has, and the same wherever the feed is folded. It counts up, though
    /// not by one.
    pub(crate) id: u64,
    pub(crate) kind: ExecutionKind,
    /// The order right after it.
    pub(crate) order: OrderRecord,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ExecutionKind {
    /// It was taken in.
    Placed,
    /// Part of it traded, or all that was left.
    Traded(Fill),
    /// It goes on with another quantity or price.
    Amended,
    /// It was taken back, under a name where its owner gave one to that, or replaced by another.
    Cancelled(Option<ClientOrderId>),
    /// Its terms did not let it wait.
    Expired,
    /// It met an order of its own account or group, and therefore ended or became smaller.
    Prevented,
}

/// Gathers what happens to the orders of those who are listened to.
pub(crate) struct Executions<'a> {
    /// `None`: nobody is.
    wanted: Option<&'a dyn Fn(AccountId) -> bool>,
    /// The last input that something was told of, and how much.
    last: (u64, u64),
    /// The last cancellation with a name: which input that was.
    named: Option<(u64, ClientOrderId)>,
    told: Vec<Execution>,
}

/// How many executions of one input have numbers of their own. An input would have to trade with half
/// as many orders to have more.
const IDS_PER_INPUT: u64 = 1 << 20;

impl<'a> Executions<'a> {
    /// Of those accounts that are `wanted`.
    pub(crate) fn of(wanted: &'a dyn Fn(AccountId) -> bool) -> Self {
        Self {
            wanted: Some(wanted),
            ..Self::nobody()
        }
    }

    /// Of nobody.
    pub(super) const fn nobody() -> Self {
        Self {
            wanted: None,
            last: (0, 0),
            named: None,
            told: Vec::new(),
        }
    }

    /// What was gathered, in the order in which it happened.
    pub(crate) fn into_told(self) -> Vec<Execution> {
        self.told
    }

    /// Something happened to an order, which is like this now.
    pub(super) fn tell(
        &mut self,
        seq: u64,
        order: &OrderRecord,
        kind: impl FnOnce() -> ExecutionKind,
    ) {
        let Some(wanted) = self.wanted else { return };
        // Counted whoever is listened to, so that it has the same number everywhere.
        let count = match self.last {
            (last, count) if last == seq => count + 1,
            _ => 0,
        };
        self.last = (seq, count);
        if wanted(order.account) {
            self.told.push(Execution {
                seq,
                id: seq * IDS_PER_INPUT + count,
                kind: kind(),
                order: order.clone(),
            });
        }
    }

    /// What the input cancels from here on, it cancels under a name.
    pub(super) const fn name_cancellation(&mut self, seq: u64, name: ClientOrderId) {
        self.named = Some((seq, name));
    }

    /// An event changed an order, which is like this now.
    pub(super) fn follow(&mut self, seq: u64, event: &Event, order: &OrderRecord) {
        let kind = match event {
            Event::OrderAmended { .. } => ExecutionKind::Amended,
            Event::Book { event, .. } => match event {
                BookEvent::Reduced { .. } => ExecutionKind::Amended,
                // Where nothing is left of it, its end follows.
                BookEvent::Decremented { .. } if order.executed < order.quantity => {
                    ExecutionKind::Prevented
                }
                BookEvent::Closed { .. } => match order.status {
                    OrderStatus::Canceled => {
                        let named = self.named.filter(|(of, _)| *of == seq);
                        ExecutionKind::Cancelled(named.map(|(_, name)| name))
                    }
                    OrderStatus::ExpiredInMatch => ExecutionKind::Prevented,
                    OrderStatus::Filled => return self.filled(seq, order.id),
                    _ => ExecutionKind::Expired,
                },
                // Where it rests has been told when it came in.
                _ => return,
            },
            _ => return,
        };
        self.tell(seq, order, || kind);
    }

    /// An order ended because enough of it has traded. Its last trade says so: nothing else is told
    /// of that.
    fn filled(&mut self, seq: u64, id: OrderId) {
        let newest = self.told.iter_mut().rev();
        let mut of_input = newest.take_while(|it| it.seq == seq);
        if let Some(last) = of_input.find(|it| it.order.id == id) {
            last.order.status = OrderStatus::Filled;
        }
    }
}
