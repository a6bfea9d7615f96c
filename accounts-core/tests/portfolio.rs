//! Portfolios as tables, and against a search of all paths.

use accounts_core::{
    Amount, AssetId, Balance, Direction, InstrumentId, Mark, MarkSource, Marks, Pair, Path,
    Unpriced,
};
use proptest::prelude::*;

use Direction::{Direct, Inverse};

const BTC: u32 = 0;
const ETH: u32 = 1;
const USD: u32 = 2;
const EUR: u32 = 3;
const GOLD: u32 = 4;

fn asset(number: u32) -> AssetId {
    AssetId::new(number)
}

fn pair(instrument: u32, base: u32, quote: u32, price: (u128, u128)) -> Pair {
    Pair {
        instrument: InstrumentId::new(instrument),
        base: asset(base),
        quote: asset(quote),
        mark: Mark::new(Amount::new(price.0), Amount::new(price.1)).expect("base is not zero"),
        source: MarkSource::LastTrade,
    }
}

fn balance(available: u128, held: u128) -> Balance {
    Balance {
        available: Amount::new(available),
        held: Amount::new(held),
    }
}

/// The instruments of a path and which way they are used.
fn ways(path: &Path) -> Vec<(u32, Direction)> {
    let hops = path.hops().iter();
    hops.map(|hop| (hop.pair.instrument.get(), hop.direction))
        .collect()
}

#[test]
fn everything_is_valued_by_its_best_path() {
    let marks: Marks = [
        pair(1, BTC, USD, (100, 1)),
        pair(2, ETH, BTC, (1, 10)),
        pair(3, EUR, USD, (6, 5)),
    ]
    .into_iter()
    .collect();
    for (from, to, amount, value, path) in [
        (USD, USD, 7, 7, vec![]),
        (BTC, USD, 3, 300, vec![(1, Direct)]),
        (USD, BTC, 399, 3, vec![(1, Inverse)]),
        (ETH, USD, 25, 250, vec![(2, Direct), (1, Direct)]), // 2.5 BTC, not 2
        (USD, ETH, 250, 25, vec![(1, Inverse), (2, Inverse)]),
        (BTC, EUR, 3, 250, vec![(1, Direct), (3, Inverse)]),
        (EUR, BTC, 250, 3, vec![(3, Direct), (1, Inverse)]),
    ] {
        let valuation = marks.value(asset(from), Amount::new(amount), asset(to));
        let valuation = valuation.expect("there is a path");
        assert_eq!(
            valuation.value,
            Amount::new(value),
            "{amount} of {from} in {to}"
        );
        assert_eq!(ways(&valuation.path), path, "{from} to {to}");
    }
    // Three hops are one too many, and nothing leads to gold.
    for to in [EUR, GOLD] {
        let value = marks.value(asset(ETH), Amount::new(1), asset(to));
        assert_eq!(value, Err(Unpriced::NoPath));
    }
}

#[test]
fn a_portfolio_says_what_it_is_worth_why_and_what_is_missing() {
    let mid = Pair {
        source: MarkSource::MidPrice,
        ..pair(1, BTC, USD, (100, 1))
    };
    let marks: Marks = [mid, pair(2, ETH, BTC, (u128::MAX, 1))]
        .into_iter()
        .collect();
    let portfolio = marks.portfolio(
        asset(USD),
        [
            (asset(GOLD), balance(5, 0)),
            (asset(BTC), balance(2, 3)),
            (asset(USD), balance(0, 11)),
            (asset(ETH), balance(2, 0)),
        ],
    );
    assert_eq!(portfolio.target, asset(USD));
    assert_eq!(portfolio.total, Amount::new(511));
    assert_eq!(portfolio.items.len(), 4);
    let btc = portfolio.items[1].valuation.expect("it has a price");
    assert_eq!(btc.value, Amount::new(500));
    assert_eq!(btc.path.hops()[0].pair, mid);
    let unpriced = portfolio
        .unpriced()
        .map(|(item, why)| (item.asset, item.balance, why));
    assert!(unpriced.eq([
        (asset(GOLD), balance(5, 0), Unpriced::NoPath),
        (asset(ETH), balance(2, 0), Unpriced::Overflow),
    ]));
    // Nothing at all is worth nothing, and that is no reason to be listed.
    assert_eq!(marks.portfolio(asset(USD), []).total, Amount::ZERO);
}

#[test]
fn the_best_path_is_short_then_direct_then_of_low_ids() {
    let same = (1, 1);
    for (pairs, path) in [
        // Shorter before direct.
        (
            vec![(1, BTC, ETH), (2, ETH, USD), (3, USD, BTC)],
            vec![(3, Inverse)],
        ),
        // Direct before low.
        (vec![(1, USD, BTC), (2, BTC, USD)], vec![(2, Direct)]),
        (vec![(2, BTC, USD), (1, BTC, USD)], vec![(1, Direct)]),
        (vec![(2, USD, BTC), (1, USD, BTC)], vec![(1, Inverse)]),
        // The first hop decides first: direct and inverse before inverse and direct.
        (
            vec![(1, ETH, BTC), (2, ETH, USD), (3, BTC, EUR), (4, USD, EUR)],
            vec![(3, Direct), (4, Inverse)],
        ),
        // Both direct, by gold: lower at the second hop does not matter.
        (
            vec![
                (2, BTC, ETH),
                (1, ETH, USD),
                (1_000, GOLD, USD),
                (0, BTC, GOLD),
            ],
            vec![(0, Direct), (1_000, Direct)],
        ),
        // The lowest of the instruments at each hop.
        (
            vec![(9, BTC, ETH), (8, BTC, ETH), (7, ETH, USD), (6, ETH, USD)],
            vec![(8, Direct), (6, Direct)],
        ),
    ] {
        let pairs = pairs.into_iter();
        let pairs = pairs.map(|(id, base, quote)| pair(id, base, quote, same));
        let forwards: Marks = pairs.clone().collect();
        let backwards: Marks = pairs.rev().collect();
        let found = forwards.path(asset(BTC), asset(USD)).expect("there is one");
        assert_eq!(ways(&found), path);
        assert_eq!(forwards, backwards);
    }
}

#[test]
fn marks_change_and_go() {
    let mut marks = Marks::new();
    let (btc, usd) = (asset(BTC), asset(USD));
    let value = |marks: &Marks, from, to| marks.value(from, Amount::new(10), to).map(|v| v.value);
    marks.set(pair(1, BTC, USD, (3, 1)));
    assert_eq!(value(&marks, btc, usd), Ok(Amount::new(30)));
    assert_eq!(value(&marks, usd, btc), Ok(Amount::new(3)));
    // What is worth nothing is worth nothing; how much of it one gets nobody can tell.
    marks.set(pair(1, BTC, USD, (0, 1)));
    assert_eq!(value(&marks, btc, usd), Ok(Amount::ZERO));
    assert_eq!(value(&marks, usd, btc), Err(Unpriced::NoPath));
    // The id is somebody else's now.
    marks.set(pair(1, ETH, USD, (2, 1)));
    assert_eq!(value(&marks, btc, usd), Err(Unpriced::NoPath));
    assert_eq!(value(&marks, asset(ETH), usd), Ok(Amount::new(20)));
    assert_eq!(
        marks.remove(InstrumentId::new(1)),
        Some(pair(1, ETH, USD, (2, 1)))
    );
    assert_eq!(marks.remove(InstrumentId::new(1)), None);
    assert_eq!(marks, Marks::new());
    // An asset in itself leads nowhere.
    marks.set(pair(2, BTC, BTC, (2, 1)));
    assert_eq!(marks.path(btc, usd), None);
    assert_eq!(value(&marks, btc, btc), Ok(Amount::new(10)));
}

#[test]
fn what_does_not_fit_is_listed() {
    const MAX: u128 = i128::MAX.cast_unsigned();
    let marks: Marks = [
        pair(1, BTC, USD, (2, 1)),
        pair(2, ETH, BTC, (MAX, 1)),
        pair(3, BTC, EUR, (1, MAX)),
    ]
    .into_iter()
    .collect();
    for (from, amount, to, expected) in [
        (BTC, MAX / 2, USD, Ok(MAX - 1)),
        (BTC, MAX / 2 + 1, USD, Err(Unpriced::Overflow)),
        (BTC, u128::MAX, USD, Err(Unpriced::Overflow)),
        (USD, MAX, USD, Ok(MAX)),
        (USD, MAX + 1, USD, Err(Unpriced::Overflow)),
        // In between there would be MAX BTC, and three times that is too much even there.
        (ETH, 1, EUR, Ok(1)),
        (ETH, 3, EUR, Err(Unpriced::Overflow)),
    ] {
        let value = marks.value(asset(from), Amount::new(amount), asset(to));
        let value = value.map(|valuation| valuation.value.get());
        assert_eq!(value, expected, "{amount} of {from} in {to}");
    }
    // The total has an end, too, and what no longer fits is told.
    let all = [
        (asset(USD), balance(MAX, 0)),
        (asset(BTC), balance(1, 0)),
        (asset(GOLD), balance(0, 0)),
        (asset(BTC), balance(u128::MAX, 1)),
        (asset(BTC), balance(0, 0)),
    ];
    let portfolio = marks.portfolio(asset(USD), all);
    assert_eq!(portfolio.total, Amount::new(MAX));
    let unpriced: Vec<_> = portfolio.unpriced().map(|(_, why)| why).collect();
    assert_eq!(
        unpriced,
        [Unpriced::Overflow, Unpriced::NoPath, Unpriced::Overflow]
    );
    assert_eq!(
        portfolio.items[4]
            .valuation
            .map(|valuation| valuation.value),
        Ok(Amount::ZERO)
    );
}

/// From where to where, which way and by which instrument, and at which price.
type NaiveHop = (AssetId, AssetId, (Direction, u32), (u128, u128));

/// Every hop there is.
fn all_hops(pairs: &[Pair]) -> Vec<NaiveHop> {
    let mut hops = Vec::new();
    for pair in pairs {
        let (quote, base) = (pair.mark.quote().get(), pair.mark.base().get());
        let id = pair.instrument.get();
        hops.push((pair.base, pair.quote, (Direct, id), (quote, base)));
        if quote > 0 {
            hops.push((pair.quote, pair.base, (Inverse, id), (base, quote)));
        }
    }
    hops
}

proptest! {
    #[test]
    fn a_value_is_that_of_the_best_of_all_paths(
        pairs in prop::collection::vec((0..5_u32, 0..5_u32, 0..=1_000_u128, 1..=1_000_u128), 0..12),
        (from, to) in (0..5_u32, 0..5_u32),
        amount in 0..=1_u128 << 64,
    ) {
        let pairs = (0..).zip(pairs).filter(|(_, (base, quote, ..))| base != quote);
        let pairs = pairs.map(|(id, (base, quote, price, per))| pair(id, base, quote, (price, per)));
        let pairs: Vec<_> = pairs.collect();
        let (from, to) = (asset(from), asset(to));

        // Length, ways, ids; then the price, which decides nothing since ids differ.
        let mut paths = Vec::new();
        if from == to {
            paths.push((0, vec![], vec![], (1, 1)));
        }
        for one in all_hops(&pairs).into_iter().filter(|hop| hop.0 == from) {
            if one.1 == to {
                paths.push((1, vec![one.2.0], vec![one.2.1], one.3));
            }
            let onwards = all_hops(&pairs).into_iter();
            for two in onwards.filter(|hop| hop.0 == one.1 && hop.1 == to) {
                let price = (one.3.0 * two.3.0, one.3.1 * two.3.1);
                paths.push((2, vec![one.2.0, two.2.0], vec![one.2.1, two.2.1], price));
            }
        }
        let best = paths.into_iter().min();

        let marks: Marks = pairs.into_iter().collect();
        let value = marks.value(from, Amount::new(amount), to);
        let Some((_, directions, ids, (quote, base))) = best else {
            prop_assert_eq!(value, Err(Unpriced::NoPath));
            return Ok(());
        };
        let value = value.expect("small numbers fit");
        let expected: Vec<_> = ids.into_iter().zip(directions).collect();
        prop_assert_eq!(ways(&value.path), expected);
        // At most 2^64 × 10^6, so this is exact: rounded once, at the end.
        prop_assert_eq!(value.value.get(), amount * quote / base);
    }

    #[test]
    fn nothing_panics(
        prices in prop::collection::vec((any::<u128>(), any::<u128>()), 4),
        amounts in prop::collection::vec((any::<u128>(), any::<u128>()), 5),
        target in 0..5_u32,
    ) {
        let joined = [(BTC, USD), (ETH, BTC), (EUR, USD), (GOLD, EUR)];
        let pairs = (0..).zip(joined).zip(prices);
        let pairs = pairs.map(|((id, (base, quote)), (price, per))| {
            pair(id, base, quote, (price, per.max(1)))
        });
        let marks: Marks = pairs.collect();
        let balances = (0..).map(asset).zip(amounts.iter().map(|both| balance(both.0, both.1)));
        let portfolio = marks.portfolio(asset(target), balances);
        let values = portfolio.items.iter().filter_map(|item| item.valuation.ok());
        let total: u128 = values.map(|valuation| valuation.value.get()).sum();
        prop_assert_eq!(portfolio.total.get(), total);
        prop_assert!(portfolio.total <= Amount::MAX);
    }
}
