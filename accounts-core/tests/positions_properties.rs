//! Random positions against models so naive that they are obviously right: single units in a queue,
//! and fractions that are never rounded.

use std::collections::{BTreeMap, VecDeque};
use std::ops::{Add, Mul, Sub};

use accounts_core::{
    AccountId, Amount, AssetId, CostMethod, Delta, Fee, Fees, InstrumentId, Mark, Position,
    PositionChange, PositionEvent, PositionFee, PositionReject, PositionTrade, Positions,
};
use proptest::prelude::*;

fn methods() -> impl Strategy<Value = CostMethod> {
    prop_oneof![Just(CostMethod::AverageCost), Just(CostMethod::Fifo)]
}

/// What really moved: base and quote in less base and quote out, modulo 2^128.
#[derive(Debug, Clone, Copy, Default)]
struct Moved {
    base: i128,
    quote: i128,
}

impl Moved {
    fn count(&mut self, change: &PositionChange) {
        let (sign, base, quote, fee) = match *change {
            PositionChange::Bought { base, quote, fee } => (1, base, quote, fee),
            PositionChange::Sold { base, quote, fee } => (-1, base, quote, fee),
            PositionChange::Deposited { base, value } => {
                (1, base, value.unwrap_or_default(), PositionFee::NONE)
            }
            PositionChange::Withdrawn { base, value } => {
                (-1, base, value.unwrap_or_default(), PositionFee::NONE)
            }
            PositionChange::MethodChosen(_) => return,
        };
        let signed = |amount: Amount| amount.get().cast_signed().wrapping_mul(sign);
        self.base = self.base.wrapping_add(signed(base));
        self.quote = self.quote.wrapping_sub(signed(quote));
        match fee {
            PositionFee::Quote(fee) => self.quote = self.quote.wrapping_sub(fee.get()),
            PositionFee::Base(fee) => self.base = self.base.wrapping_sub(fee.get()),
            PositionFee::Other(_) => {}
        }
    }
}

/// The quantity is what came in, and all money that moved is a cost, a profit or a fee.
fn check_identity(position: &Position, moved: Moved) -> Result<(), TestCaseError> {
    prop_assert_eq!(position.quantity().get(), moved.base);
    let realised = position.realised(Fees::Included).get();
    let money = realised.wrapping_sub(position.cost().get());
    prop_assert_eq!(money, moved.quote);
    let gross = position.realised(Fees::Excluded).get();
    prop_assert_eq!(gross.wrapping_sub(position.fees().get()), realised);

    // The cost is of the sign of the quantity, and the lots are what is open.
    let (quantity, cost) = (position.quantity().get(), position.cost().get());
    prop_assert!(cost == 0 || cost.signum() == quantity.signum());
    if position.method() == CostMethod::Fifo {
        let (mut in_lots, mut cost_of_lots) = (0, 0);
        for (lot, lot_cost) in position.lots() {
            prop_assert_eq!(lot.get().signum(), quantity.signum());
            in_lots += lot.get();
            cost_of_lots += lot_cost.get();
        }
        prop_assert_eq!((in_lots, cost_of_lots), (quantity, cost));
    }

    let restored = Position::restore(&position.stored());
    prop_assert_eq!(restored.as_ref(), Some(position));

    // What it would earn at a mark is what the quantity would bring, and the money that moved.
    let mark = Mark::new(Amount::new(7), Amount::new(3)).expect("not zero");
    if let (Some(profit), Some(worth)) = (
        position.profit(mark, Fees::Included),
        mark.worth(position.quantity()),
    ) {
        prop_assert_eq!(profit.get(), worth.get().wrapping_add(moved.quote));
    }
    Ok(())
}

/// Units in the order in which they were opened, each with its price; all long or all short.
#[derive(Default)]
struct Units {
    short: bool,
    prices: VecDeque<i128>,
    realised: i128,
}

impl Units {
    fn trade(&mut self, quantity: i128, price: i128) {
        for _ in 0..quantity.abs() {
            let sells = quantity < 0;
            if !self.prices.is_empty() && sells != self.short {
                let entry = self.prices.pop_front().expect("not empty");
                self.realised += if self.short {
                    entry - price
                } else {
                    price - entry
                };
            } else {
                self.short = sells;
                self.prices.push_back(price);
            }
        }
    }

    fn sign(&self) -> i128 {
        if self.short { -1 } else { 1 }
    }

    fn quantity(&self) -> i128 {
        self.prices.len().cast_signed() as i128 * self.sign()
    }

    fn cost(&self) -> i128 {
        self.prices.iter().sum::<i128>() * self.sign()
    }
}

/// A number that is never rounded.
#[derive(Debug, Clone, Copy)]
struct Fraction(i128, i128);

impl Fraction {
    fn new(numerator: i128, denominator: i128) -> Self {
        let (mut a, mut b) = (numerator.abs(), denominator.abs());
        while b != 0 {
            (a, b) = (b, a % b);
        }
        let sign = denominator.signum();
        Self(numerator / a.max(1) * sign, denominator / a.max(1) * sign)
    }

    fn whole(number: i128) -> Self {
        Self(number, 1)
    }

    fn is_within(self, other: i128, distance: i128) -> bool {
        (self - Self::whole(other)).0.abs() <= distance * self.1
    }
}

impl Add for Fraction {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self::new(self.0 * other.1 + other.0 * self.1, self.1 * other.1)
    }
}

impl Sub for Fraction {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + Self(-other.0, other.1)
    }
}

impl Mul for Fraction {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        Self::new(self.0 * other.0, self.1 * other.1)
    }
}

/// Lots without rounding; of average cost there is only one.
struct Exact {
    method: CostMethod,
    /// Signed quantity and price of one.
    lots: VecDeque<(i128, Fraction)>,
    realised: Fraction,
}

impl Exact {
    fn trade(&mut self, mut quantity: i128, price: Fraction) {
        while quantity != 0 {
            match self.lots.front_mut() {
                Some((open, entry)) if open.signum() != quantity.signum() => {
                    let closed = open.abs().min(quantity.abs()) * open.signum();
                    self.realised = self.realised + (price - *entry) * Fraction::whole(closed);
                    *open -= closed;
                    quantity += closed;
                    if *open == 0 {
                        self.lots.pop_front();
                    }
                }
                Some((open, entry)) if self.method == CostMethod::AverageCost => {
                    let cost = *entry * Fraction::whole(*open) + price * Fraction::whole(quantity);
                    *open += quantity;
                    *entry = cost * Fraction::new(1, *open);
                    return;
                }
                _ => {
                    self.lots.push_back((quantity, price));
                    return;
                }
            }
        }
    }

    fn quantity(&self) -> i128 {
        self.lots.iter().map(|(quantity, _)| quantity).sum()
    }

    fn cost(&self) -> Fraction {
        let costs = self
            .lots
            .iter()
            .map(|(quantity, price)| *price * Fraction::whole(*quantity));
        costs.fold(Fraction::whole(0), Add::add)
    }
}

/// Which asset the fee is in, and how much it is.
fn small_fees() -> impl Strategy<Value = PositionFee> {
    let third = |amount| Fee {
        asset: AssetId::new(9),
        amount: Delta::new(amount),
    };
    prop_oneof![
        3 => Just(PositionFee::NONE),
        1 => (-3..=3_i128).prop_map(|fee| PositionFee::Quote(Delta::new(fee))),
        2 => (-2..=2_i128).prop_map(|fee| PositionFee::Base(Delta::new(fee))),
        1 => (-3..=3_i128).prop_map(move |fee| PositionFee::Other(third(fee))),
    ]
}

/// The trade that brings so much, or a transfer.
fn change(quantity: i128, quote: u128, fee: PositionFee, trades: bool) -> PositionChange {
    let (base, quote) = (Amount::new(quantity.unsigned_abs()), Amount::new(quote));
    match (quantity > 0, trades) {
        (true, true) => PositionChange::Bought { base, quote, fee },
        (false, true) => PositionChange::Sold { base, quote, fee },
        (true, false) => PositionChange::Deposited {
            base,
            value: Some(quote),
        },
        (false, false) => PositionChange::Withdrawn {
            base,
            value: Some(quote),
        },
    }
}

fn fee_in_base(change: &PositionChange) -> i128 {
    match change {
        PositionChange::Bought {
            fee: PositionFee::Base(fee),
            ..
        }
        | PositionChange::Sold {
            fee: PositionFee::Base(fee),
            ..
        } => fee.get(),
        _ => 0,
    }
}

proptest! {
    /// At whole prices nothing is rounded, so everything is what single units in a queue give.
    #[test]
    fn first_in_first_out_is_a_queue_of_units(
        steps in prop::collection::vec(
            (-20..=20_i128, 0..=9_u128, small_fees(), prop::bool::weighted(0.8)),
            1..60,
        ),
    ) {
        let mut position = Position::new(CostMethod::Fifo);
        let (mut units, mut moved) = (Units::default(), Moved::default());
        for (quantity, price, fee, trades) in steps {
            let quote = quantity.unsigned_abs() * price;
            let change = change(quantity, quote, fee, trades);
            if quantity == 0 {
                prop_assert_eq!(position.apply(&change), Err(PositionReject::ZeroAmount));
                continue;
            }
            position.apply(&change).expect("small numbers fit");
            units.trade(quantity - fee_in_base(&change), price.cast_signed());
            moved.count(&change);
            prop_assert_eq!(position.quantity().get(), units.quantity());
            prop_assert_eq!(position.cost().get(), units.cost());
            prop_assert_eq!(position.realised(Fees::Excluded).get(), units.realised);
            check_identity(&position, moved)?;
        }
    }

    /// At any prices no number is further from the exact one than one unit for each rounding.
    #[test]
    fn rounding_is_all_that_differs_from_fractions(
        method in methods(),
        steps in prop::collection::vec(
            (-6..=6_i128, 0..=100_u128, small_fees(), prop::bool::weighted(0.8)),
            1..12,
        ),
    ) {
        let mut position = Position::new(method);
        let mut exact = Exact { method, lots: VecDeque::new(), realised: Fraction::whole(0) };
        let mut moved = Moved::default();
        let mut roundings = 0;
        for (target, quote, fee, trades) in steps {
            // Towards small positions, so that denominators stay small.
            let quantity = target - position.quantity().get();
            if quantity == 0 {
                continue;
            }
            let change = change(quantity, quote, fee, trades);
            position.apply(&change).expect("small numbers fit");
            moved.count(&change);
            let price = Fraction::new(quote.cast_signed(), quantity.abs());
            exact.trade(quantity - fee_in_base(&change), price);
            // The fee's share, the closing part of the trade, and the closed part of one lot.
            roundings += 3;
            prop_assert_eq!(position.quantity().get(), exact.quantity());
            prop_assert!(exact.cost().is_within(position.cost().get(), roundings));
            let realised = position.realised(Fees::Excluded).get();
            prop_assert!(exact.realised.is_within(realised, roundings));
            check_identity(&position, moved)?;
            if let Some(entry) = position.average_entry() {
                prop_assert_eq!(entry.quote(), position.cost().magnitude());
                prop_assert_eq!(entry.base(), position.quantity().magnitude());
            }
        }
    }

    /// Nothing panics at the ends of the numbers, what is refused has changed nothing, and what is
    /// not still adds up.
    #[test]
    fn the_ends_of_the_numbers_are_refused_or_exact(
        method in methods(),
        steps in prop::collection::vec(any_change(), 1..40),
        mark in (amounts(), amounts()),
    ) {
        let mut position = Position::new(method);
        let mut moved = Moved::default();
        for change in &steps {
            let before = position.clone();
            if position.apply(change).is_ok() {
                moved.count(change);
            } else {
                prop_assert_eq!(&position, &before);
            }
            check_identity(&position, moved)?;
            if let Some(mark) = Mark::new(mark.0, mark.1) {
                let profit = position.profit(mark, Fees::Included);
                prop_assert!(profit.is_none() || position.unrealised(mark).is_some());
            }
        }
    }
}

fn amounts() -> impl Strategy<Value = Amount> {
    const MAX: u128 = i128::MAX.cast_unsigned();
    prop_oneof![
        0..=3_u128,
        (0..=3_u128).prop_map(|less| MAX - less),
        (0..=3_u128).prop_map(|less| MAX / 2 - less),
        0..=MAX,
        any::<u128>(),
        (0..127_u32).prop_map(|bits| 1 << bits),
    ]
    .prop_map(Amount::new)
}

fn any_fee() -> impl Strategy<Value = PositionFee> {
    let deltas = prop_oneof![
        -3..=3_i128,
        any::<i128>(),
        (0..=2_i128).prop_map(|more| i128::MIN + more),
        (0..=2_i128).prop_map(|less| i128::MAX - less),
    ];
    (0..4, deltas).prop_map(|(kind, amount)| {
        let amount = Delta::new(amount);
        match kind {
            0 => PositionFee::NONE,
            1 => PositionFee::Quote(amount),
            2 => PositionFee::Base(amount),
            _ => PositionFee::Other(Fee {
                asset: AssetId::new(4),
                amount,
            }),
        }
    })
}

fn any_change() -> impl Strategy<Value = PositionChange> {
    let values = || prop::option::of(amounts());
    prop_oneof![
        4 => (amounts(), amounts(), any_fee())
            .prop_map(|(base, quote, fee)| PositionChange::Bought { base, quote, fee }),
        4 => (amounts(), amounts(), any_fee())
            .prop_map(|(base, quote, fee)| PositionChange::Sold { base, quote, fee }),
        1 => (amounts(), values())
            .prop_map(|(base, value)| PositionChange::Deposited { base, value }),
        1 => (amounts(), values())
            .prop_map(|(base, value)| PositionChange::Withdrawn { base, value }),
        1 => methods().prop_map(PositionChange::MethodChosen),
    ]
}

// The collection.

/// Base and quote of each instrument; the third joins the bases of the others.
const PAIRS: [(u32, u32); 4] = [(0, 2), (1, 2), (0, 1), (3, 0)];

type Balances = BTreeMap<(u64, u32), i128>;

fn events() -> impl Strategy<Value = PositionEvent> {
    let fee = || (0..5_u32, -3..=3_i128);
    let fees = |(asset, amount)| Fee {
        asset: AssetId::new(asset),
        amount: Delta::new(amount),
    };
    let accounts = || (0..4_u64).prop_map(AccountId::new);
    let instruments = || (0..4_u32).prop_map(InstrumentId::new);
    let assets = || (0..5_u32).prop_map(AssetId::new);
    let some = || (0..=1_000_u128).prop_map(Amount::new);
    let marks = || prop::option::of((some(), some())).prop_map(|mark| Mark::new(mark?.0, mark?.1));
    let listed = (instruments(), marks()).prop_map(|(instrument, mark)| {
        let (base, quote) = PAIRS[instrument.get() as usize];
        PositionEvent::Listed {
            instrument,
            base: AssetId::new(base),
            quote: AssetId::new(quote),
            mark,
        }
    });
    let parties = (accounts(), accounts(), prop::option::of(accounts()));
    let traded = (instruments(), parties, some(), some(), (fee(), fee()));
    let traded = traded.prop_map(move |(instrument, parties, base, quote, both)| {
        PositionEvent::Traded(PositionTrade {
            instrument,
            buyer: parties.0,
            seller: parties.1,
            base_amount: base,
            quote_amount: quote,
            buyer_fee: fees(both.0),
            seller_fee: fees(both.1),
            fee_account: parties.2,
        })
    });
    let deposited = (accounts(), assets(), some()).prop_map(|(account, asset, amount)| {
        PositionEvent::Deposited {
            account,
            asset,
            amount,
        }
    });
    let withdrawn = (accounts(), assets(), some()).prop_map(|(account, asset, amount)| {
        PositionEvent::Withdrawn {
            account,
            asset,
            amount,
        }
    });
    let marked = (instruments(), marks())
        .prop_map(|(instrument, mark)| PositionEvent::Marked { instrument, mark });
    let chosen = (accounts(), methods())
        .prop_map(|(account, method)| PositionEvent::MethodChosen { account, method });
    prop_oneof![
        2 => listed,
        8 => traded,
        3 => deposited,
        2 => withdrawn,
        1 => marked,
        1 => chosen,
    ]
}

/// What an event does to balances, by simple bookkeeping.
fn book(balances: &mut Balances, event: &PositionEvent) {
    let mut add = |account: AccountId, asset: u32, amount: i128| {
        *balances.entry((account.get(), asset)).or_default() += amount;
    };
    match *event {
        PositionEvent::Deposited {
            account,
            asset,
            amount,
        } => add(account, asset.get(), amount.get().cast_signed()),
        PositionEvent::Withdrawn {
            account,
            asset,
            amount,
        } => add(account, asset.get(), -amount.get().cast_signed()),
        PositionEvent::Traded(trade) => {
            let (base, quote) = PAIRS[trade.instrument.get() as usize];
            let base_amount = trade.base_amount.get().cast_signed();
            let quote_amount = trade.quote_amount.get().cast_signed();
            add(trade.buyer, base, base_amount);
            add(trade.seller, base, -base_amount);
            add(trade.seller, quote, quote_amount);
            add(trade.buyer, quote, -quote_amount);
            for (payer, fee) in [
                (trade.buyer, trade.buyer_fee),
                (trade.seller, trade.seller_fee),
            ] {
                add(payer, fee.asset.get(), -fee.amount.get());
                if let Some(house) = trade.fee_account {
                    add(house, fee.asset.get(), fee.amount.get());
                }
            }
        }
        _ => {}
    }
}

proptest! {
    /// Whatever happens, in whatever order instruments are listed: a position is what is owned.
    #[test]
    fn a_position_is_what_the_account_owns_of_the_base(
        method in methods(),
        events in prop::collection::vec(events(), 1..80),
    ) {
        let mut positions = Positions::new(method);
        let mut balances = Balances::new();
        let mut listed = Vec::new();
        for event in &events {
            let before = positions.clone();
            if positions.apply(event).is_err() {
                prop_assert_eq!(&positions, &before);
                continue;
            }
            book(&mut balances, event);
            if let PositionEvent::Listed { instrument, .. } = event {
                listed.push(*instrument);
            }
            prop_assert_eq!(Positions::restore(&positions.stored()), Ok(positions.clone()));
            for account in (0..4).map(AccountId::new) {
                for asset in 0..5 {
                    let owned = balances.get(&(account.get(), asset)).copied().unwrap_or_default();
                    prop_assert_eq!(positions.owned(account, AssetId::new(asset)).get(), owned);
                    let bases = listed.iter().filter(|id| PAIRS[id.get() as usize].0 == asset);
                    for instrument in bases {
                        let position = positions.get(account, *instrument);
                        let quantity = position.map_or(0, |position| position.quantity().get());
                        prop_assert_eq!(quantity, owned, "{:?}", event);
                    }
                }
            }
        }
        let accounts = (0..4).map(AccountId::new);
        let by_account = accounts.flat_map(|account| {
            let of = positions.of(account);
            of.map(move |(instrument, position)| (account, instrument, position))
        });
        prop_assert!(positions.iter().eq(by_account));
    }

    /// Where nothing but trades of one instrument happens, each account has the position that it
    /// would have by itself.
    #[test]
    fn accounts_do_not_touch_each_other(
        method in methods(),
        trades in prop::collection::vec(
            (0..3_u64, 1..3_u64, 1..50_u128, 0..50_u128, small_fees()),
            1..40,
        ),
    ) {
        let (base, quote, instrument) = (AssetId::new(0), AssetId::new(1), InstrumentId::new(0));
        let mut positions = Positions::new(method);
        let mark = None;
        positions.apply(&PositionEvent::Listed { instrument, base, quote, mark }).expect("new");
        let mut alone: Vec<_> = (0..3).map(|_| Position::new(method)).collect();
        for (buyer, further, amount, price, fee) in trades {
            let seller = (buyer + further) % 3;
            let buyer_fee = match fee {
                PositionFee::Base(amount) => Fee { asset: base, amount },
                PositionFee::Quote(amount) => Fee { asset: quote, amount },
                PositionFee::Other(fee) => fee,
            };
            let one = Delta::new(1);
            let trade = PositionTrade {
                instrument,
                buyer: AccountId::new(buyer),
                seller: AccountId::new(seller),
                base_amount: Amount::new(amount),
                quote_amount: Amount::new(amount * price),
                buyer_fee,
                seller_fee: Fee { asset: quote, amount: one },
                fee_account: None,
            };
            positions.apply(&PositionEvent::Traded(trade)).expect("small numbers fit");
            let (signed, quote) = (amount.cast_signed(), amount * price);
            for (account, change) in [
                (buyer, change(signed, quote, fee, true)),
                (seller, change(-signed, quote, PositionFee::Quote(one), true)),
            ] {
                let alone = &mut alone[usize::try_from(account).expect("small")];
                alone.apply(&change).expect("small numbers fit");
            }
            for (account, alone) in (0..).map(AccountId::new).zip(&alone) {
                if let Some(position) = positions.get(account, instrument) {
                    prop_assert_eq!(position, alone);
                }
            }
        }
    }
}
