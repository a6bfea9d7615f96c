//! Two order flows of a whole market, for comparing matching engines: made up, but always the same.
//!
//! Both describe the same traders and differ in when these change their minds:
//!
//! * [`Flow::PublishedLike`] is built like the flow of a public benchmark of matching engines: what
//!   happens to an order follows its previous message at once. Look-ups are never cold, and a new
//!   best level usually lives for one message.
//! * [`Flow::Interleaved`] has a new order every microsecond, and lifetimes that overlap: nearly all
//!   follow-ups come ten or more messages later, most of them hundreds. It is the harder one.
//!
//! # Orders
//!
//! The middle is a geometric Brownian motion that begins at [`START`]. It has 32 steps, each spread
//! evenly over a thirty-second of the orders, and is stretched so that the fall from its highest to
//! its lowest price is that of the [`Regime`], however many orders there are. Each order is placed at
//! a distance from the middle whose frequency grows up to 8 ticks and falls as a power law with
//! exponent 2.23 from there on, up to 1,000 ticks. Quantities are uniform from 1 to 100.
//!
//! * 15 % are immediate or cancel. They are priced as far *beyond* the middle as others stay on
//!   their side of it, so they take what rests within that distance.
//! * 20 % of the others are modified once: one more in quantity, and four of five by one tick
//!   either way. A modified order is a new one with the same id; it goes to the back of the queue.
//! * 95 % of them are cancelled, after an exponentially distributed lifetime. Its median is
//!   0.43 ms over all, and grows with the distance. The others stay until somebody trades with them.
//! * 2 % of the cancelled are cancelled once more or modified after that, which has to be refused.
//!
//! Nobody here looks at a book: like real traders, these may cancel or modify what has been filled
//! in the meantime. That has to be refused as well. In [`Flow::Interleaved`] it is most of what
//! follows where the middle runs through the resting orders within their lifetimes, and little where
//! it is calm.
//!
//! [`Regime::Static`] is where a deep book builds up. The middle stands still, and distances end at
//! 45 ticks, so there are 90 levels. The 5 % that stay are what the book consists of, about 40,000
//! after a million orders. Where everything else is cancelled at once there would be nothing left of
//! it if all that is immediate took its share; so in [`Flow::PublishedLike`] only one of a hundred is
//! priced beyond the middle, and the others on their own side of it. In [`Flow::Interleaved`] the
//! immediate orders are fed by those that have yet to be cancelled, whose lifetimes are fifteen times
//! as long.
//!
//! All of it is integer arithmetic, so that every machine makes the same messages.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt;

use crate::Random;

/// The middle at the beginning, in ticks.
pub const START: i64 = 100_000;

/// How far from the middle orders may be, in ticks.
const DEEPEST: u64 = 1_000;

/// How far they may be in [`Regime::Static`].
const DEEPEST_STATIC: u64 = 45;

/// Where distances are most frequent.
const HUMP: u64 = 8;

/// Between two new orders of [`Flow::Interleaved`], in nanoseconds.
const INTERVAL: u64 = 1_000;

/// The median lifetime of an order at [`USUAL`] distance, in nanoseconds. Over all distances it is
/// longer, because the deeper ones differ more.
const LIFETIME: u64 = 380_000;

/// The median distance, in ticks.
const USUAL: u64 = 9;

/// Of the Brownian motion. One per order would have the wilder middles jump over the book with each.
const STEPS: usize = 32;

/// When traders change their minds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Right after the previous message of the order.
    PublishedLike,
    /// Later, while other orders come in.
    Interleaved,
}

impl Flow {
    /// Both.
    pub const ALL: [Self; 2] = [Self::PublishedLike, Self::Interleaved];
}

impl fmt::Display for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::PublishedLike => "published-like",
            Self::Interleaved => "interleaved",
        })
    }
}

/// How far the middle falls from its highest to its lowest price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Regime {
    /// Not at all, and the book is deep.
    Static,
    /// By 2 %.
    Normal,
    /// By 25 %.
    Swing25,
    /// By 40 %.
    Swing40,
    /// By 60 %.
    FlashCrash,
}

impl Regime {
    /// All five, from calm to wild.
    pub const ALL: [Self; 5] = [
        Self::Static,
        Self::Normal,
        Self::Swing25,
        Self::Swing40,
        Self::FlashCrash,
    ];

    /// How far the middle falls, in per cent.
    pub const fn swing(self) -> u64 {
        match self {
            Self::Static => 0,
            Self::Normal => 2,
            Self::Swing25 => 25,
            Self::Swing40 => 40,
            Self::FlashCrash => 60,
        }
    }

    /// `-ln(1 - swing)`, in millionths.
    const fn log_swing(self) -> i128 {
        match self {
            Self::Static => 0,
            Self::Normal => 20_203,
            Self::Swing25 => 287_682,
            Self::Swing40 => 510_826,
            Self::FlashCrash => 916_291,
        }
    }
}

impl fmt::Display for Regime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Static => "static",
            Self::Normal => "normal",
            Self::Swing25 => "swing25",
            Self::Swing40 => "swing40",
            Self::FlashCrash => "flash_crash",
        })
    }
}

/// The side of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// A bid.
    Buy,
    /// An ask.
    Sell,
}

/// What a trader sends, in no engine's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message {
    /// A limit order.
    New {
        /// Counts up from 1 over the new orders of a flow.
        id: u64,
        /// Buy or sell.
        side: Side,
        /// The limit, in ticks.
        price: i64,
        /// In lots.
        quantity: u64,
        /// Whether what does not trade at once expires (IOC), instead of resting.
        immediate: bool,
    },
    /// Takes an order off the book.
    Cancel {
        /// The order.
        id: u64,
    },
    /// Cancels an order and places it anew, under the same id and at the back of the queue. It may
    /// trade at once.
    Modify {
        /// The order.
        id: u64,
        /// The new limit, in ticks.
        price: i64,
        /// What is to be open from now on, in lots, whatever has traded before.
        quantity: u64,
    },
}

impl Message {
    /// The order that it is about.
    pub const fn id(&self) -> u64 {
        match *self {
            Self::New { id, .. } | Self::Cancel { id } | Self::Modify { id, .. } => id,
        }
    }
}

/// The messages of `new_orders` orders for an empty book, about twice as many. The same arguments
/// give the same messages.
///
/// A flow ends with its last order: what would have followed later than that is left out. Fewer
/// orders get the swing of the regime in less time, so more of them are traded with.
pub fn messages(flow: Flow, regime: Regime, seed: u64, new_orders: usize) -> Vec<Message> {
    let mut random = Random::new(seed);
    let traders = Traders::new(flow, regime);
    let middles = middles(&mut random, regime, new_orders);
    let mut messages = Vec::with_capacity(new_orders * 2 + new_orders / 16);
    let mut due = Due::default();
    for (id, middle) in (1..).zip(middles) {
        let now = id * INTERVAL;
        due.pop_until(now, &mut messages);
        let (order, follow_ups) = traders.order(&mut random, id, middle);
        messages.push(order);
        let follow_ups = follow_ups.into_iter().flatten();
        match flow {
            Flow::PublishedLike => messages.extend(follow_ups.map(|(_, message)| message)),
            Flow::Interleaved => {
                let mut at = now;
                for (delay, message) in follow_ups {
                    at += delay;
                    due.push(at, message);
                }
            }
        }
    }
    messages
}

/// The middle at each order: geometric Brownian motion, stretched to the swing of the regime.
fn middles(random: &mut Random, regime: Regime, count: usize) -> Vec<i64> {
    // A binomial number has the bell shape that it takes.
    let steps = [(); STEPS].map(|()| i128::from(random.number().count_ones()) - 32);
    let (mut at, mut lowest, mut highest) = (0, 0, 0);
    for step in steps {
        at += step;
        lowest = at.min(lowest);
        highest = at.max(highest);
    }
    let orders = count.div_ceil(STEPS).max(1);
    let parts = i128::try_from(orders).expect("a count fits") * (highest - lowest);
    // How much a step of one adds to the logarithm of the middle at each order, in 2^-64.
    let scale = (regime.log_swing() << 64) / 1_000_000 / parts;

    // In 2^-32 ticks.
    let mut middle = i128::from(START) << 32;
    let follow = |order: usize| {
        let x = steps[order / orders] * scale;
        // exp(x) - 1, where the third power of x is far too small to matter.
        let growth = x + (((x >> 32) * (x >> 32)) >> 1);
        middle += (middle * growth) >> 64;
        i64::try_from(middle >> 32).expect("no regime leaves the range of prices")
    };
    (0..count).map(follow).collect()
}

/// A message, and how long after the order's previous one it is sent, in nanoseconds.
type FollowUp = (u64, Message);

/// What the orders of a flow have in common.
struct Traders {
    /// For each distance from 1 on, the summed weights up to it.
    distances: Vec<u64>,
    /// One of so many immediate orders is priced to trade.
    taking: u64,
    lifetime: u64,
}

impl Traders {
    fn new(flow: Flow, regime: Regime) -> Self {
        let (deepest, taking, lifetime) = match (regime, flow) {
            (Regime::Static, Flow::PublishedLike) => (DEEPEST_STATIC, 100, LIFETIME),
            (Regime::Static, Flow::Interleaved) => (DEEPEST_STATIC, 1, LIFETIME * 15),
            _ => (DEEPEST, 1, LIFETIME),
        };
        let mut sum = 0;
        let weigh = |distance| {
            sum += weight(distance);
            sum
        };
        Self {
            distances: (1..=deepest).map(weigh).collect(),
            taking,
            lifetime,
        }
    }

    fn order(&self, random: &mut Random, id: u64, middle: i64) -> (Message, [Option<FollowUp>; 3]) {
        let side = [Side::Buy, Side::Sell][usize::from(random.below(2) == 1)];
        let distance = self.distance(random);
        let quantity = 1 + random.below(100);
        let immediate = random.below(100) < 15;
        let beyond = immediate && random.below(self.taking) == 0;
        let price = middle
            + match (side, beyond) {
                (Side::Buy, false) | (Side::Sell, true) => -distance.cast_signed(),
                (Side::Sell, false) | (Side::Buy, true) => distance.cast_signed(),
            };
        let order = Message::New {
            id,
            side,
            price,
            quantity,
            immediate,
        };
        if immediate {
            return (order, [None; 3]);
        }

        let lifetime = self.lifetime(random, distance);
        let modified = random.below(5) == 0;
        let moved = random.below(5) < 4;
        let by = [-1, 1][usize::from(random.below(2) == 1)];
        let modify = Message::Modify {
            id,
            price: if moved { price + by } else { price },
            quantity: quantity + 1,
        };
        let cancelled = random.below(100) < 95;
        let too_late = match random.below(100) {
            0 => Some(Message::Cancel { id }),
            1 => Some(modify),
            _ => None,
        };
        let half = lifetime / 2;
        let follow_ups = if modified {
            [
                Some((half, modify)),
                cancelled.then_some((lifetime - half, Message::Cancel { id })),
                too_late.filter(|_| cancelled).map(|late| (half, late)),
            ]
        } else {
            [
                None,
                cancelled.then_some((lifetime, Message::Cancel { id })),
                too_late.filter(|_| cancelled).map(|late| (half, late)),
            ]
        };
        (order, follow_ups)
    }

    fn distance(&self, random: &mut Random) -> u64 {
        let total = self.distances.last().expect("there are distances");
        let number = random.below(*total);
        let index = self.distances.partition_point(|sum| *sum <= number);
        1 + u64::try_from(index).expect("there are few distances")
    }

    /// Exponentially distributed, with a median that grows with the distance. In nanoseconds.
    fn lifetime(&self, random: &mut Random, distance: u64) -> u64 {
        let median = self.lifetime * (distance + USUAL) / (2 * USUAL);
        (median * minus_log2(random.number())) >> 16
    }
}

/// How often a distance occurs, compared with 2^32 for [`HUMP`].
fn weight(distance: u64) -> u64 {
    if distance <= HUMP {
        (distance << 32) / HUMP
    } else {
        let weight = (to_the_power(HUMP) << 32) / to_the_power(distance);
        u64::try_from(weight).expect("it is less than that of the hump")
    }
}

/// `base` to the power of 2.23, in 2^-32: the square, times the square roots of square roots that
/// the binary digits of 0.23 name.
fn to_the_power(base: u64) -> u128 {
    const DIGITS: u32 = 16;
    const FRACTION: u32 = 15_073; // of 2^16
    let mut root = u128::from(base) << 32;
    let mut power = u128::from(base * base) << 32;
    for digit in (0..DIGITS).rev() {
        root = (root << 32).isqrt();
        if FRACTION >> digit & 1 == 1 {
            power = (power * root) >> 32;
        }
    }
    power
}

/// Minus the binary logarithm of `number` / 2^64, in 2^-16. Of uniform numbers this is an
/// exponentially distributed one with a median of 1.
fn minus_log2(number: u64) -> u64 {
    let number = number.max(1);
    let zeros = number.leading_zeros();
    // From 1 up to 2, in 2^-63. Squaring it doubles its logarithm, which shifts out a digit.
    let mut mantissa = u128::from(number << zeros);
    let mut fraction = 0;
    for _ in 0..16 {
        mantissa = (mantissa * mantissa) >> 63;
        fraction <<= 1;
        if mantissa >> 64 == 1 {
            mantissa >>= 1;
            fraction |= 1;
        }
    }
    (u64::from(zeros + 1) << 16) - fraction
}

/// Messages that will be sent, the earliest first; of those at one time the one that was put in
/// first.
#[derive(Default)]
struct Due {
    queue: BinaryHeap<Reverse<(u64, usize)>>,
    messages: Vec<Message>,
}

impl Due {
    fn push(&mut self, at: u64, message: Message) {
        self.queue.push(Reverse((at, self.messages.len())));
        self.messages.push(message);
    }

    fn pop_until(&mut self, now: u64, into: &mut Vec<Message>) {
        while let Some(&Reverse((at, index))) = self.queue.peek()
            && at < now
        {
            self.queue.pop();
            into.push(self.messages[index]);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ops::RangeInclusive;

    use super::*;
    use crate::naive::{NaiveBook, Report};

    const ORDERS: usize = 50_000;

    /// What a flow looks like to one who reads its messages and applies them to a book.
    #[derive(Debug, Default)]
    struct Figures {
        messages: usize,
        new: usize,
        immediate: usize,
        /// Immediate orders that traded.
        taking: usize,
        modifies: usize,
        moved: usize,
        cancels: usize,
        /// Cancels and modifies of what had been cancelled before.
        too_late: usize,
        rejected: usize,
        trades: usize,
        peak: usize,
        levels: usize,
        /// Follow-ups by messages since the previous one of their order: one, ten or more.
        at_once: usize,
        later: usize,
        /// Orders between a new one and its cancel, the median.
        lifetime: u64,
        mean_quantity: u64,
        lowest: i64,
        highest: i64,
    }

    fn figures(flow: Flow, regime: Regime) -> Figures {
        let mut figures = Figures {
            lowest: i64::MAX,
            ..Figures::default()
        };
        let mut book = NaiveBook::default();
        let mut reports = Vec::new();
        // By order: the last message, the price, whether it was cancelled.
        let mut seen: Vec<(usize, i64, bool)> = vec![(0, 0, false)];
        let mut lifetimes = Vec::new();
        let mut quantities = 0;
        for (index, message) in messages(flow, regime, 7, ORDERS).into_iter().enumerate() {
            figures.messages += 1;
            reports.clear();
            book.apply(&message, &mut reports);
            let traded = |report: &&Report| matches!(report, Report::Traded { .. });
            let trades = reports.iter().filter(traded).count();
            figures.trades += trades;
            figures.rejected += usize::from(matches!(reports[0], Report::Rejected { .. }));
            figures.peak = figures.peak.max(book.len());
            figures.levels = figures.levels.max(book.levels());

            let id = index_of(message.id());
            if let Message::New {
                price,
                quantity,
                immediate,
                ..
            } = message
            {
                assert_eq!(id, seen.len(), "ids count up from 1");
                assert!((1..=100).contains(&quantity), "{message:?}");
                seen.push((index, price, false));
                quantities += quantity;
                figures.new += 1;
                figures.immediate += usize::from(immediate);
                figures.taking += usize::from(immediate && trades > 0);
                figures.lowest = figures.lowest.min(price);
                figures.highest = figures.highest.max(price);
                continue;
            }
            let newest = seen.len() - 1;
            let (last, placed_at, cancelled) = &mut seen[id];
            figures.too_late += usize::from(*cancelled);
            figures.at_once += usize::from(index - *last == 1);
            figures.later += usize::from(index - *last >= 10);
            *last = index;
            match message {
                Message::Cancel { .. } if !*cancelled => {
                    *cancelled = true;
                    figures.cancels += 1;
                    lifetimes.push(u64::try_from(newest - id).expect("counts fit"));
                }
                Message::Modify { price, .. } if !*cancelled => {
                    figures.modifies += 1;
                    figures.moved += usize::from(price != *placed_at);
                    assert!(price.abs_diff(*placed_at) <= 1, "{message:?}");
                }
                _ => (),
            }
        }
        lifetimes.sort_unstable();
        figures.lifetime = lifetimes[lifetimes.len() / 2];
        figures.mean_quantity = quantities / u64::try_from(figures.new).expect("counts fit");
        figures
    }

    fn index_of(id: u64) -> usize {
        usize::try_from(id).expect("ids fit")
    }

    #[test]
    fn flows_repeat() {
        let flow = |seed| messages(Flow::Interleaved, Regime::Normal, seed, 10_000);
        assert_eq!(flow(7), flow(7));
        assert_ne!(flow(7), flow(8));
    }

    /// A machine that computes differently would show here.
    #[test]
    fn flows_are_the_same_everywhere() {
        let fold = |sum: u64, message: &Message| {
            let (kind, price, quantity) = match *message {
                Message::New {
                    price, quantity, ..
                } => (1, price, quantity),
                Message::Cancel { .. } => (2, 0, 0),
                Message::Modify {
                    price, quantity, ..
                } => (3, price, quantity),
            };
            [kind, message.id(), price.cast_unsigned(), quantity]
                .into_iter()
                .fold(sum, |sum, part| {
                    (sum ^ part).wrapping_mul(0x0000_0100_0000_01B3)
                })
        };
        let sums = Flow::ALL.map(|flow| {
            messages(flow, Regime::FlashCrash, 7, 10_000)
                .iter()
                .fold(0xCBF2_9CE4_8422_2325, fold)
        });
        assert_eq!(sums, [4_893_084_227_471_288_807, 8_241_414_094_627_398_528]);
    }

    /// What the documentation says about both flows, with numbers.
    #[test]
    fn flows_are_what_they_are_said_to_be() {
        for (flow, regime) in Flow::ALL
            .into_iter()
            .flat_map(|flow| Regime::ALL.map(|regime| (flow, regime)))
        {
            let it = figures(flow, regime);
            // In thousandths of what they are a part of.
            let is = |part: usize, whole: usize, expected: RangeInclusive<usize>| {
                let share = part * 1_000 / whole;
                assert!(expected.contains(&share), "{share}: {flow} {regime} {it:?}");
            };
            assert_eq!((it.new, it.mean_quantity), (ORDERS, 50));
            is(it.immediate, it.new, 145..=155);
            is(it.moved, it.modifies, 780..=820);
            let follow_ups = it.messages - it.new;

            // What is too late is refused, besides what has been filled.
            assert!(it.rejected >= it.too_late);
            is(it.too_late, it.cancels, 15..=25);

            match flow {
                Flow::PublishedLike => {
                    is(it.messages, it.new, 1_980..=2_000);
                    is(it.modifies, it.new - it.immediate, 195..=205);
                    is(it.cancels, it.new - it.immediate, 945..=955);
                    assert_eq!(it.at_once, follow_ups);
                    is(it.rejected, follow_ups, 10..=40);
                }
                Flow::Interleaved => {
                    // The end cuts off what would follow.
                    is(it.messages, it.new, 1_800..=2_000);
                    is(it.later, follow_ups, 970..=1_000);
                    is(it.taking, it.immediate, 500..=1_000);
                    if regime != Regime::Static {
                        // Orders are a microsecond apart.
                        assert!((410..450).contains(&it.lifetime), "{it:?}");
                    }
                }
            }

            let fall = it.highest - it.lowest;
            if regime == Regime::Static {
                assert_eq!((it.lowest, it.highest), (START - 45, START + 45));
                assert!((88..=92).contains(&it.levels), "{it:?}");
                match flow {
                    // All that stays: 40,000 of a million.
                    Flow::PublishedLike => is(it.peak, it.new, 38..=44),
                    Flow::Interleaved => {
                        assert!(it.lifetime > 4_000 && it.peak > 8_000, "{it:?}");
                    }
                }
            } else {
                let percent = fall * 100 / it.highest;
                // Prices are up to 1,000 ticks beyond the middle on either side.
                let swing = regime.swing().cast_signed();
                assert!((swing - 1..=swing + 2).contains(&percent), "{it:?}");
                assert!(regime != Regime::FlashCrash || fall > 50_000, "{it:?}");
                is(it.taking, it.immediate, 100..=1_000);
            }
        }
    }

    #[test]
    fn distances_have_a_hump_and_fall_as_a_power() {
        assert!((1..HUMP).all(|distance| weight(distance) < weight(distance + 1)));
        assert!((HUMP..DEEPEST).all(|distance| weight(distance) > weight(distance + 1)));
        // 2^-2.23 and 10^-2.23, in millionths.
        let millionths = |distance| (weight(distance) * 1_000_000) >> 32;
        assert!(millionths(2 * HUMP).abs_diff(213_159) < 10);
        assert!(millionths(10 * HUMP).abs_diff(5_888) < 10);
    }

    #[test]
    fn logarithms_are_right() {
        for (number, expected) in [
            (u64::MAX, 0),
            (3 << 62, 27_200), // 0.41504
            (1 << 63, 1 << 16),
            (1 << 62, 2 << 16),
            (1, 64 << 16),
            (0, 64 << 16),
        ] {
            let found = minus_log2(number);
            assert!(found.abs_diff(expected) <= 1, "{number}: {found}");
        }
    }
}
