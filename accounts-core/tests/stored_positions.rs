//! Positions go on from what was stored, and what no events lead to is refused.

use accounts_core::{
    AccountId, Amount, AssetId, CostMethod, Delta, Fee, ImpossiblePositions, InstrumentId, Mark,
    PositionEvent, PositionTrade, Positions, StoredPositions,
};

const BTC: AssetId = AssetId::new(1);
const USD: AssetId = AssetId::new(2);
const TOK: AssetId = AssetId::new(3);
const BTCUSD: InstrumentId = InstrumentId::new(7);
const TOKUSD: InstrumentId = InstrumentId::new(8);
const ANN: AccountId = AccountId::new(1);
const BOB: AccountId = AccountId::new(2);

/// What is wrong, and how it comes about.
type Spoiler = (&'static str, fn(&mut StoredPositions));

fn trade(base: u128, quote: u128) -> PositionEvent {
    let fee = |asset, amount| Fee {
        asset,
        amount: Delta::new(amount),
    };
    PositionEvent::Traded(PositionTrade {
        instrument: BTCUSD,
        buyer: ANN,
        seller: BOB,
        base_amount: Amount::new(base),
        quote_amount: Amount::new(quote),
        buyer_fee: fee(TOK, 1),
        seller_fee: fee(USD, 2),
        fee_account: None,
    })
}

/// Ann has two lots of BTC and has paid fees in tokens; Bob's costs are averaged.
fn positions() -> Positions {
    let listed = |instrument, base| PositionEvent::Listed {
        instrument,
        base,
        quote: USD,
        mark: Mark::new(Amount::new(3), Amount::new(1)),
    };
    let deposited = |account, asset, amount| PositionEvent::Deposited {
        account,
        asset,
        amount: Amount::new(amount),
    };
    let mut positions = Positions::new(CostMethod::AverageCost);
    for event in [
        listed(BTCUSD, BTC),
        listed(TOKUSD, TOK),
        PositionEvent::MethodChosen {
            account: ANN,
            method: CostMethod::Fifo,
        },
        deposited(BOB, BTC, 50),
        deposited(ANN, TOK, 9),
        deposited(ANN, USD, 1_000),
        trade(10, 200),
        trade(10, 300),
    ] {
        positions.apply(&event).expect("it can happen");
    }
    positions
}

#[test]
fn what_was_stored_goes_on_as_if_nothing_had_been() {
    let mut never_stored = positions();
    let mut restored = Positions::restore(&never_stored.stored()).expect("what was stored");
    assert_eq!(restored, never_stored);
    let lots = |it: &Positions| it.get(ANN, BTCUSD).map(|position| position.lots().count());
    assert_eq!(lots(&restored), Some(2));
    for positions in [&mut restored, &mut never_stored] {
        positions.apply(&trade(5, 90)).expect("it can happen");
    }
    assert_eq!(restored, never_stored);
    assert_eq!(restored.pair(BTCUSD), Some((BTC, USD)));
}

#[test]
fn what_no_events_lead_to_is_refused() {
    // By account and then instrument: Ann's BTC, Ann's tokens, Bob's BTC.
    let spoilers: [Spoiler; 14] = [
        ("a position in what was never listed", |it| {
            it.listings.remove(0);
        }),
        ("an instrument of one asset", |it| {
            it.listings[0].quote = BTC;
        }),
        ("listings out of order", |it| it.listings.swap(0, 1)),
        ("more than is owned", |it| it.owned[0].2 = Delta::new(7)),
        ("nothing is owned", |it| {
            it.owned.push((TOK, BOB, Delta::ZERO));
        }),
        ("what is owned twice", |it| {
            let first = it.owned[0];
            it.owned.insert(0, first);
        }),
        ("no position in what is owned", |it| {
            it.positions.remove(2);
        }),
        ("positions out of order", |it| it.positions.swap(0, 2)),
        ("another method than was chosen", |it| it.chosen.clear()),
        ("lots that are not what is open", |it| {
            it.positions[0].2.lots.pop();
        }),
        ("lots where costs are averaged", |it| {
            it.positions[2].2.lots.push((Delta::ZERO, Delta::ZERO));
        }),
        ("a cost of the other sign", |it| {
            it.positions[2].2.cost = Delta::new(-1);
        }),
        ("a profit without a size", |it| {
            it.positions[2].2.realised = Delta::new(i128::MIN);
        }),
        ("a fee of nothing", |it| {
            it.positions[0].2.other_fees[0].amount = Delta::ZERO;
        }),
    ];
    for (what, spoil) in spoilers {
        let mut stored = positions().stored();
        spoil(&mut stored);
        assert_eq!(
            Positions::restore(&stored),
            Err(ImpossiblePositions),
            "{what}"
        );
    }
}
