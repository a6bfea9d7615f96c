//! Positions as tables that a trader can check by eye.
//!
//! Prices are quote for one unit of base, so that ten at 12 are ten for 120.

use accounts_core::{
    AccountId, Amount, AssetId, CostMethod, Delta, Fee, Fees, InstrumentId, Mark, Position,
    PositionChange, PositionEvent, PositionFee, PositionReject, PositionTrade, Positions,
};

const AVERAGE: CostMethod = CostMethod::AverageCost;
const FIFO: CostMethod = CostMethod::Fifo;
const NONE: PositionFee = PositionFee::NONE;

fn mark(quote: u128, base: u128) -> Mark {
    Mark::new(Amount::new(quote), Amount::new(base)).expect("base is not zero")
}

fn buy(base: u128, quote: u128, fee: PositionFee) -> PositionChange {
    PositionChange::Bought {
        base: Amount::new(base),
        quote: Amount::new(quote),
        fee,
    }
}

fn sell(base: u128, quote: u128, fee: PositionFee) -> PositionChange {
    PositionChange::Sold {
        base: Amount::new(base),
        quote: Amount::new(quote),
        fee,
    }
}

fn deposit(base: u128, value: Option<u128>) -> PositionChange {
    PositionChange::Deposited {
        base: Amount::new(base),
        value: value.map(Amount::new),
    }
}

fn withdraw(base: u128, value: Option<u128>) -> PositionChange {
    PositionChange::Withdrawn {
        base: Amount::new(base),
        value: value.map(Amount::new),
    }
}

fn in_quote(fee: i128) -> PositionFee {
    PositionFee::Quote(Delta::new(fee))
}

fn in_base(fee: i128) -> PositionFee {
    PositionFee::Base(Delta::new(fee))
}

/// Each line: what happens, and quantity, cost, realised without fees and fees after it.
fn check(method: CostMethod, table: &[(PositionChange, [i128; 4])]) -> Position {
    let mut position = Position::new(method);
    for (line, (change, expected)) in table.iter().enumerate() {
        position.apply(change).expect("nothing here is refused");
        let realised = position.realised(Fees::Excluded).get();
        let after = [
            position.quantity().get(),
            position.cost().get(),
            realised,
            position.fees().get(),
        ];
        assert_eq!(after, *expected, "{method:?}, line {line}: {change:?}");
        let with_fees = position.realised(Fees::Included).get();
        assert_eq!(with_fees, realised - position.fees().get());
        if method == FIFO {
            let lots = position.lots();
            let sums = lots.fold([0, 0], |[quantity, cost], lot| {
                [quantity + lot.0.get(), cost + lot.1.get()]
            });
            assert_eq!(sums, after[..2], "lots, line {line}");
        } else {
            assert_eq!(position.lots().len(), 0);
        }
    }
    position
}

#[test]
fn average_cost_and_first_in_first_out_differ_in_what_is_realised_when() {
    let average = check(
        AVERAGE,
        &[
            //                     quantity, cost, realised, fees
            (buy(10, 100, NONE), [10, 100, 0, 0]),
            (buy(10, 140, NONE), [20, 240, 0, 0]),
            (sell(5, 75, NONE), [15, 180, 15, 0]), // cost 12 each
            (sell(10, 150, NONE), [5, 60, 45, 0]),
            (sell(5, 50, NONE), [0, 0, 35, 0]),
        ],
    );
    let fifo = check(
        FIFO,
        &[
            (buy(10, 100, NONE), [10, 100, 0, 0]),
            (buy(10, 140, NONE), [20, 240, 0, 0]),
            (sell(5, 75, NONE), [15, 190, 25, 0]), // cost 10 each
            (sell(10, 150, NONE), [5, 70, 55, 0]), // five at 10, five at 14
            (sell(5, 50, NONE), [0, 0, 35, 0]),
        ],
    );
    for flat in [average, fifo] {
        assert_eq!(flat.average_entry(), None);
        assert_eq!(flat.unrealised(mark(99, 1)), Some(Delta::ZERO));
        assert_eq!(
            flat.profit(mark(99, 1), Fees::Excluded),
            Some(Delta::new(35))
        );
    }
}

#[test]
fn a_short_position_is_a_long_one_the_other_way_round() {
    for (method, half_way) in [(AVERAGE, [-5, -55, 15, 0]), (FIFO, [-5, -60, 10, 0])] {
        let position = check(
            method,
            &[
                (sell(5, 50, NONE), [-5, -50, 0, 0]),
                (sell(5, 60, NONE), [-10, -110, 0, 0]),
                (buy(5, 40, NONE), half_way),
            ],
        );
        // At 9 the other five cost 45 to buy back.
        let unrealised = -half_way[1] - 45;
        assert_eq!(
            position.unrealised(mark(9, 1)),
            Some(Delta::new(unrealised))
        );
        assert_eq!(
            position.profit(mark(9, 1), Fees::Excluded),
            Some(Delta::new(25))
        );
        let entry = position.average_entry().expect("it is open");
        assert_eq!(
            entry.value(Amount::new(100)),
            Some(Amount::new(half_way[1].unsigned_abs() * 20))
        );
    }
}

#[test]
fn a_trade_through_zero_closes_and_opens_at_one_price() {
    for method in [AVERAGE, FIFO] {
        check(
            method,
            &[
                (buy(10, 100, NONE), [10, 100, 0, 0]),
                // Ten of the thirty close: a third of 361 is 120, and the other 241 are the short's.
                (sell(30, 361, NONE), [-20, -241, 20, 0]),
                // Twenty of the 25: four fifths of 301 are 240.
                (buy(25, 301, NONE), [5, 61, 21, 0]),
                (sell(5, 61, NONE), [0, 0, 21, 0]),
            ],
        );
    }
}

#[test]
fn a_part_is_rounded_down_and_the_rest_stays_with_the_rest() {
    check(
        AVERAGE,
        &[
            (buy(3, 100, NONE), [3, 100, 0, 0]),
            (sell(1, 33, NONE), [2, 67, 0, 0]),
            (sell(1, 33, NONE), [1, 34, 0, 0]),
            (sell(1, 33, NONE), [0, 0, -1, 0]),
        ],
    );
    check(
        FIFO,
        &[
            (sell(3, 100, NONE), [-3, -100, 0, 0]),
            (sell(1, 7, NONE), [-4, -107, 0, 0]),
            (buy(1, 33, NONE), [-3, -74, 0, 0]),
            (buy(1, 33, NONE), [-2, -41, 0, 0]),
            (buy(1, 33, NONE), [-1, -7, 1, 0]),
            (buy(1, 7, NONE), [0, 0, 1, 0]),
        ],
    );
}

#[test]
fn values_are_never_rounded_in_favour_of_the_account() {
    let half = mark(1, 2);
    for (method, change, expected) in [
        (AVERAGE, buy(3, 1, NONE), 0), // 1.5 is 1
        (FIFO, sell(3, 1, NONE), -1),  // -1.5 is -2
        (AVERAGE, buy(4, 1, NONE), 1),
        (FIFO, sell(4, 1, NONE), -1),
    ] {
        let mut position = Position::new(method);
        position.apply(&change).expect("accepted");
        assert_eq!(
            position.unrealised(half),
            Some(Delta::new(expected)),
            "{change:?}"
        );
    }
}

#[test]
fn fees_in_quote_are_realised_at_once_where_they_count() {
    for method in [AVERAGE, FIFO] {
        let position = check(
            method,
            &[
                (buy(10, 100, in_quote(2)), [10, 100, 0, 2]),
                (sell(5, 60, in_quote(3)), [5, 50, 10, 5]),
                (sell(1, 12, in_quote(-1)), [4, 40, 12, 4]), // a rebate
            ],
        );
        assert_eq!(position.realised(Fees::Included), Delta::new(8));
        assert_eq!(
            position.profit(mark(11, 1), Fees::Excluded),
            Some(Delta::new(16))
        );
        assert_eq!(
            position.profit(mark(11, 1), Fees::Included),
            Some(Delta::new(12))
        );
    }
}

#[test]
fn fees_in_base_leave_at_the_price_of_the_trade() {
    for method in [AVERAGE, FIFO] {
        check(
            method,
            &[
                // One of the hundred is the fee: 99 for 990, and 10 of fees.
                (buy(100, 1_000, in_base(1)), [99, 990, 0, 10]),
                // 9 sold for 108 and 1 on top as the fee: 10 for 120.
                (sell(9, 108, in_base(1)), [89, 890, 20, 22]),
                // Rebates: 11 for 110, and 9 for 108.
                (buy(10, 100, in_base(-1)), [100, 1_000, 20, 12]),
                (sell(10, 120, in_base(-1)), [91, 910, 38, 0]),
                // All that was bought is the fee.
                (buy(2, 20, in_base(2)), [91, 910, 38, 20]),
                // A third of 10 is 3, rounded down: two for 7.
                (buy(3, 10, in_base(1)), [93, 917, 38, 23]),
            ],
        );
    }
}

#[test]
fn a_fee_in_base_may_turn_a_short_position_round() {
    for method in [AVERAGE, FIFO] {
        check(
            method,
            &[
                (sell(10, 100, NONE), [-10, -100, 0, 0]),
                (buy(10, 90, in_base(-2)), [2, 18, 10, -18]),
                // More than what is bought: the two that are missing are sold.
                (buy(1, 10, in_base(3)), [0, 0, 12, 12]),
            ],
        );
    }
}

#[test]
fn fees_in_other_assets_are_listed() {
    let fee = |asset, amount| {
        let (asset, amount) = (AssetId::new(asset), Delta::new(amount));
        Fee { asset, amount }
    };
    let other = |asset, amount| PositionFee::Other(fee(asset, amount));
    let mut position = check(
        AVERAGE,
        &[
            (buy(1, 10, other(7, 5)), [1, 10, 0, 0]),
            (buy(1, 10, other(3, 2)), [2, 20, 0, 0]),
            (buy(1, 10, other(7, 1)), [3, 30, 0, 0]),
            (buy(1, 10, other(9, -4)), [4, 40, 0, 0]),
        ],
    );
    assert_eq!(position.other_fees(), [fee(3, 2), fee(7, 6), fee(9, -4)]);
    // What was paid back is not listed any more.
    position
        .apply(&sell(1, 10, other(7, -6)))
        .expect("accepted");
    assert_eq!(position.other_fees(), [fee(3, 2), fee(9, -4)]);
}

#[test]
fn deposits_and_withdrawals_are_trades_at_the_value_stated() {
    for method in [AVERAGE, FIFO] {
        let position = check(
            method,
            &[
                (deposit(10, Some(100)), [10, 100, 0, 0]),
                (withdraw(4, Some(60)), [6, 60, 20, 0]),
                (sell(6, 72, NONE), [0, 0, 32, 0]),
            ],
        );
        assert_eq!(position.unvalued(), Amount::ZERO);
        let position = check(
            method,
            &[
                (deposit(10, None), [10, 0, 0, 0]),
                (sell(5, 60, NONE), [5, 0, 60, 0]),
                (buy(5, 60, NONE), [10, 60, 60, 0]),
                (deposit(1, Some(0)), [11, 60, 60, 0]),
            ],
        );
        assert_eq!(position.unvalued(), Amount::new(10));
    }
}

#[test]
fn a_method_chosen_later_takes_over_what_is_open() {
    let choose = PositionChange::MethodChosen;
    let mut position = check(
        FIFO,
        &[
            (buy(1, 10, NONE), [1, 10, 0, 0]),
            (buy(1, 20, NONE), [2, 30, 0, 0]),
        ],
    );
    position.apply(&choose(AVERAGE)).expect("accepted");
    assert_eq!(position.lots().len(), 0);
    position.apply(&sell(1, 20, NONE)).expect("accepted");
    assert_eq!(position.realised(Fees::Excluded), Delta::new(5));

    position.apply(&choose(FIFO)).expect("accepted");
    position.apply(&buy(1, 30, NONE)).expect("accepted");
    let lots: Vec<_> = position
        .lots()
        .map(|(quantity, cost)| (quantity.get(), cost.get()))
        .collect();
    assert_eq!(lots, [(1, 15), (1, 30)]);
    // The same again changes nothing.
    let before = position.clone();
    position.apply(&choose(FIFO)).expect("accepted");
    assert_eq!(position, before);
}

#[test]
fn what_cannot_be_counted_is_refused_and_changes_nothing() {
    const MAX: u128 = i128::MAX as u128;
    for method in [AVERAGE, FIFO] {
        for (before, change, reject) in [
            (None, buy(0, 1, NONE), PositionReject::ZeroAmount),
            (None, sell(0, 1, NONE), PositionReject::ZeroAmount),
            (None, sell(0, u128::MAX, NONE), PositionReject::ZeroAmount),
            (None, deposit(0, None), PositionReject::ZeroAmount),
            (None, withdraw(0, Some(1)), PositionReject::ZeroAmount),
            (None, buy(MAX + 1, 1, NONE), PositionReject::Overflow),
            (None, buy(1, u128::MAX, NONE), PositionReject::Overflow),
            (None, deposit(1, Some(MAX + 1)), PositionReject::Overflow),
            (
                None,
                buy(1, 1, in_quote(i128::MIN)),
                PositionReject::Overflow,
            ),
            (
                None,
                buy(1, MAX, in_base(i128::MIN)),
                PositionReject::Overflow,
            ),
            (
                None,
                buy(1, 1, in_base(i128::MIN)),
                PositionReject::Overflow,
            ),
            (
                Some(buy(MAX, 1, NONE)),
                buy(1, 1, NONE),
                PositionReject::Overflow,
            ),
            (
                Some(buy(1, MAX, NONE)),
                buy(1, 1, NONE),
                PositionReject::Overflow,
            ),
            (
                Some(sell(MAX, 1, NONE)),
                sell(1, 1, NONE),
                PositionReject::Overflow,
            ),
            // A loss of all there is, and a fee on it.
            (
                Some(buy(1, MAX, NONE)),
                sell(1, 0, in_quote(1)),
                PositionReject::Overflow,
            ),
            (
                Some(sell(1, MAX, NONE)),
                buy(1, 0, in_quote(-1)),
                PositionReject::Overflow,
            ),
        ] {
            let mut position = Position::new(method);
            if let Some(before) = before {
                position.apply(&before).expect("accepted");
            }
            let untouched = position.clone();
            assert_eq!(
                position.apply(&change),
                Err(reject),
                "{before:?} {change:?}"
            );
            assert_eq!(position, untouched);
        }
        // The ends themselves are numbers like any other.
        check(
            method,
            &[
                (buy(MAX, MAX, NONE), [i128::MAX, i128::MAX, 0, 0]),
                (sell(MAX, 0, NONE), [0, 0, -i128::MAX, 0]),
                (
                    sell(MAX, MAX, NONE),
                    [-i128::MAX, -i128::MAX, -i128::MAX, 0],
                ),
                (buy(MAX, 0, NONE), [0, 0, 0, 0]),
            ],
        );
    }
}

#[test]
fn marks_at_the_ends_value_what_fits() {
    const MAX: i128 = i128::MAX;
    let all = Amount::new(u128::MAX);
    let most = Mark::new(all, all).expect("not zero");
    assert_eq!(most.worth(Delta::new(MAX)), Some(Delta::new(MAX)));
    assert_eq!(most.worth(Delta::new(-MAX)), Some(Delta::new(-MAX)));
    assert_eq!(most.worth(Delta::new(i128::MIN)), None);
    assert_eq!(mark(2, 1).worth(Delta::new(MAX)), None);
    assert_eq!(
        mark(1, 2).worth(Delta::new(i128::MIN)),
        Some(Delta::new(-(1 << 126)))
    );
    assert_eq!(mark(0, 1).worth(Delta::new(-5)), Some(Delta::ZERO));
    assert_eq!(mark(0, 1).inverse(), None);
    assert_eq!(Mark::new(Amount::new(1), Amount::ZERO), None);
    // A hair less than all: what is owed is rounded up to all of it.
    let owed = Mark::new(Amount::new(u128::MAX - 1), all).expect("not zero");
    assert_eq!(owed.worth(Delta::new(-MAX)), Some(Delta::new(-MAX)));
    assert_eq!(owed.worth(Delta::new(MAX)), Some(Delta::new(MAX - 1)));
}

// The collection.

const BTC: AssetId = AssetId::new(0);
const ETH: AssetId = AssetId::new(1);
const USD: AssetId = AssetId::new(2);
const EUR: AssetId = AssetId::new(3);
const BTC_USD: InstrumentId = InstrumentId::new(10);
const BTC_EUR: InstrumentId = InstrumentId::new(11);
const ETH_BTC: InstrumentId = InstrumentId::new(12);
const ANN: AccountId = AccountId::new(1);
const BOB: AccountId = AccountId::new(2);
const HOUSE: AccountId = AccountId::new(9);

fn listed(instrument: InstrumentId, base: AssetId, quote: AssetId) -> PositionEvent {
    PositionEvent::Listed {
        instrument,
        base,
        quote,
        mark: None,
    }
}

fn deposited(account: AccountId, asset: AssetId, amount: u128) -> PositionEvent {
    let amount = Amount::new(amount);
    PositionEvent::Deposited {
        account,
        asset,
        amount,
    }
}

fn withdrawn(account: AccountId, asset: AssetId, amount: u128) -> PositionEvent {
    let amount = Amount::new(amount);
    PositionEvent::Withdrawn {
        account,
        asset,
        amount,
    }
}

fn fee(asset: AssetId, amount: i128) -> Fee {
    let amount = Delta::new(amount);
    Fee { asset, amount }
}

fn trade(instrument: InstrumentId, base: u128, quote: u128, fees: [Fee; 2]) -> PositionTrade {
    PositionTrade {
        instrument,
        buyer: ANN,
        seller: BOB,
        base_amount: Amount::new(base),
        quote_amount: Amount::new(quote),
        buyer_fee: fees[0],
        seller_fee: fees[1],
        fee_account: Some(HOUSE),
    }
}

fn folded(events: impl IntoIterator<Item = PositionEvent>) -> Positions {
    let mut positions = Positions::new(AVERAGE);
    for event in events {
        positions.apply(&event).expect("nothing here is refused");
        for (account, instrument, position) in positions.iter() {
            let base = if instrument == ETH_BTC { ETH } else { BTC };
            assert_eq!(
                position.quantity(),
                positions.owned(account, base),
                "{event:?}"
            );
        }
    }
    positions
}

/// Quantity, cost, realised without fees, fees.
fn row(positions: &Positions, account: AccountId, instrument: InstrumentId) -> [i128; 4] {
    let position = positions.get(account, instrument).expect("there is one");
    let realised = position.realised(Fees::Excluded);
    [
        position.quantity(),
        position.cost(),
        realised,
        position.fees(),
    ]
    .map(Delta::get)
}

#[test]
fn a_trade_changes_every_position_whose_base_it_moves() {
    let free = [fee(USD, 0), fee(USD, 0)];
    let positions = folded([
        listed(BTC_USD, BTC, USD),
        listed(BTC_EUR, BTC, EUR),
        PositionEvent::Marked {
            instrument: BTC_EUR,
            mark: Some(mark(9, 1)),
        },
        PositionEvent::Marked {
            instrument: BTC_USD,
            mark: Some(mark(8, 1)),
        },
        deposited(BOB, BTC, 100), // 800 USD or 900 EUR
        PositionEvent::Marked {
            instrument: BTC_EUR,
            mark: Some(mark(10, 1)),
        },
        PositionEvent::Traded(trade(BTC_USD, 40, 480, free)), // at 12 USD, which were 10 EUR
    ]);
    assert_eq!(row(&positions, BOB, BTC_USD), [60, 480, 160, 0]);
    assert_eq!(row(&positions, BOB, BTC_EUR), [60, 540, 40, 0]);
    assert_eq!(row(&positions, ANN, BTC_USD), [40, 480, 0, 0]);
    assert_eq!(row(&positions, ANN, BTC_EUR), [40, 400, 0, 0]);
    let of_bob: Vec<_> = positions
        .of(BOB)
        .map(|(instrument, _)| instrument)
        .collect();
    assert_eq!(of_bob, [BTC_USD, BTC_EUR]);
    assert_eq!(positions.get(HOUSE, BTC_USD), None);
}

#[test]
fn what_is_paid_with_is_a_position_too() {
    // ETH is bought with BTC; the BTC leave at the last price in USD.
    let free = [fee(BTC, 0), fee(BTC, 0)];
    let positions = folded([
        listed(BTC_USD, BTC, USD),
        listed(ETH_BTC, ETH, BTC),
        deposited(BOB, BTC, 50),
        deposited(BOB, ETH, 30),
        PositionEvent::Traded(trade(BTC_USD, 20, 200, free)), // Ann has 20 BTC for 10 each
        PositionEvent::Traded(PositionTrade {
            buyer: BOB,
            seller: ANN,
            ..trade(BTC_USD, 1, 15, free) // they are worth 15 each
        }),
        PositionEvent::Traded(trade(ETH_BTC, 6, 4, free)), // Ann pays 4 BTC for 6 ETH
    ]);
    assert_eq!(row(&positions, ANN, BTC_USD), [15, 150, 25, 0]); // 5 earned a piece
    assert_eq!(row(&positions, ANN, ETH_BTC), [6, 4, 0, 0]);
    assert_eq!(row(&positions, BOB, ETH_BTC), [24, 0, 4, 0]);
    // What came in before there was a price had none.
    let unvalued = |instrument| {
        positions
            .get(BOB, instrument)
            .expect("there is one")
            .unvalued()
    };
    assert_eq!(unvalued(BTC_USD), Amount::new(50));
    assert_eq!(unvalued(ETH_BTC), Amount::new(30));
}

#[test]
fn fees_move_positions_of_payers_and_of_the_house() {
    let positions = folded([
        listed(BTC_USD, BTC, USD),
        listed(ETH_BTC, ETH, BTC),
        PositionEvent::Marked {
            instrument: ETH_BTC,
            mark: Some(mark(1, 2)),
        },
        deposited(BOB, BTC, 100),
        deposited(BOB, ETH, 10),
        // Ann pays 2 of 50 BTC, Bob 4 ETH, which are worth 2 BTC.
        PositionEvent::Traded(trade(BTC_USD, 50, 500, [fee(BTC, 2), fee(ETH, 4)])),
    ]);
    assert_eq!(row(&positions, ANN, BTC_USD), [48, 480, 0, 20]);
    assert_eq!(row(&positions, BOB, BTC_USD), [50, 0, 500, 0]);
    let of_bob = positions.get(BOB, BTC_USD).expect("there is one");
    assert_eq!(of_bob.other_fees(), [fee(ETH, 4)]);
    assert_eq!(row(&positions, BOB, ETH_BTC), [6, 3, 0, 0]);
    // The house has what they paid, at what it was worth.
    assert_eq!(row(&positions, HOUSE, BTC_USD), [2, 20, 0, 0]);
    assert_eq!(row(&positions, HOUSE, ETH_BTC), [4, 2, 0, 0]);
    assert_eq!(positions.owned(BOB, USD), Delta::new(500));
    assert_eq!(positions.owned(ANN, USD), Delta::new(-500)); // never deposited here
}

#[test]
fn one_account_on_all_sides() {
    for method in [AVERAGE, FIFO] {
        let mut positions = folded([listed(BTC_USD, BTC, USD), listed(BTC_EUR, BTC, EUR)]);
        for event in [
            PositionEvent::MethodChosen {
                account: ANN,
                method,
            },
            PositionEvent::Marked {
                instrument: BTC_EUR,
                mark: Some(mark(5, 1)),
            },
            deposited(ANN, BTC, 10),
            PositionEvent::Traded(PositionTrade {
                seller: ANN,
                fee_account: Some(ANN),
                ..trade(BTC_USD, 10, 100, [fee(BTC, 1), fee(USD, 3)])
            }),
        ] {
            positions.apply(&event).expect("accepted");
        }
        assert_eq!(positions.method(ANN), method);
        // 10 for nothing, 9 bought for 90, 10 sold for 100, and the fee came back to the house at 10.
        let expected = match method {
            AVERAGE => [10, 53, 53, 13], // ten of 19 had cost 47 of 90
            FIFO => [10, 100, 100, 13],  // the first ten had cost nothing
        };
        assert_eq!(row(&positions, ANN, BTC_USD), expected);
        // Nothing moved in or out of what she has.
        assert_eq!(row(&positions, ANN, BTC_EUR), [10, 50, 0, 0]);
    }
}

#[test]
fn an_instrument_listed_later_begins_with_what_there_is() {
    let positions = folded([
        deposited(ANN, BTC, 10),
        deposited(BOB, BTC, 5),
        withdrawn(BOB, BTC, 5),
        PositionEvent::Listed {
            instrument: BTC_USD,
            base: BTC,
            quote: USD,
            mark: Some(mark(7, 1)),
        },
        listed(BTC_EUR, BTC, EUR),
    ]);
    assert_eq!(row(&positions, ANN, BTC_USD), [10, 70, 0, 0]);
    assert_eq!(row(&positions, ANN, BTC_EUR), [10, 0, 0, 0]);
    assert_eq!(positions.get(BOB, BTC_USD), None);
}

#[test]
fn the_mark_is_the_one_that_was_set_or_the_last_trade() {
    let free = [fee(USD, 0), fee(USD, 0)];
    let set = |mark| PositionEvent::Marked {
        instrument: BTC_USD,
        mark,
    };
    let traded = PositionEvent::Traded(trade(BTC_USD, 2, 25, free));
    let mut positions = folded([listed(BTC_USD, BTC, USD)]);
    for (event, expected) in [
        (deposited(BOB, BTC, 100), None),
        (traded, Some(mark(25, 2))),
        (set(Some(mark(13, 1))), Some(mark(13, 1))),
        (traded, Some(mark(13, 1))),
        (set(None), Some(mark(25, 2))),
    ] {
        positions.apply(&event).expect("accepted");
        assert_eq!(positions.mark(BTC_USD), expected, "{event:?}");
    }
    assert_eq!(positions.mark(BTC_EUR), None);
}

#[test]
fn a_mark_out_of_all_proportion_does_not_stop_anybody() {
    let most = Mark::new(Amount::MAX, Amount::new(1));
    let positions = folded([
        listed(BTC_USD, BTC, USD),
        PositionEvent::Marked {
            instrument: BTC_USD,
            mark: most,
        },
        deposited(ANN, BTC, 1),
        deposited(ANN, BTC, 1), // its value would not fit beside the other
        deposited(ANN, BTC, 2), // this one does not fit at all
    ]);
    assert_eq!(row(&positions, ANN, BTC_USD), [4, i128::MAX, 0, 0]);
    let position = positions.get(ANN, BTC_USD).expect("there is one");
    assert_eq!(position.unvalued(), Amount::new(3));
}

#[test]
fn what_is_refused_changes_no_position() {
    let free = [fee(USD, 0), fee(USD, 0)];
    let start = folded([
        listed(BTC_USD, BTC, USD),
        deposited(BOB, BTC, 100),
        deposited(ANN, BTC, i128::MAX.cast_unsigned()),
    ]);
    let traded = PositionEvent::Traded;
    for (event, reject) in [
        (
            listed(BTC_USD, BTC, EUR),
            PositionReject::DuplicateInstrument,
        ),
        (listed(BTC_EUR, BTC, BTC), PositionReject::SameAsset),
        (
            traded(trade(BTC_EUR, 1, 1, free)),
            PositionReject::UnknownInstrument,
        ),
        (
            PositionEvent::Marked {
                instrument: BTC_EUR,
                mark: None,
            },
            PositionReject::UnknownInstrument,
        ),
        (
            traded(trade(BTC_USD, 0, 1, free)),
            PositionReject::ZeroAmount,
        ),
        (deposited(ANN, EUR, 0), PositionReject::ZeroAmount),
        (withdrawn(ANN, EUR, 0), PositionReject::ZeroAmount),
        // Bob could sell, but Ann cannot own more.
        (traded(trade(BTC_USD, 1, 1, free)), PositionReject::Overflow),
        (deposited(ANN, BTC, 1), PositionReject::Overflow),
        (deposited(BOB, EUR, u128::MAX), PositionReject::Overflow),
        (
            traded(trade(BTC_USD, 1, 1, [fee(EUR, i128::MIN), fee(USD, 0)])),
            PositionReject::Overflow,
        ),
    ] {
        let mut positions = start.clone();
        assert_eq!(positions.apply(&event), Err(reject), "{event:?}");
        assert_eq!(positions, start, "{event:?}");
    }
}
