//! Whatever is sent to an exchange in whatever order: the desk looks at everything after each command
//! (books and balances agree, the money adds up, positions are balances, nothing is held without
//! orders, a snapshot is all of it, and what is refused does not show), and so does this.

mod desk;

use accounts_core::{
    AccountId, AccountLimits, Amount, AssetId, OrderLimits, OrderRate, PriceCollar,
};
use desk::*;
use exchange_engine::{
    ClientOrderId, Command, Event, FEE_ACCOUNT, Input, InstrumentId, OrderRef, Reject, Scope,
};
use orderbook_core::{
    Notional, OrderKind, PostOnly, Price, Quantity, Resting, SelfTradePrevention, Side,
    TimeInForce, Timestamp,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

type Outcome = Result<Vec<Event>, Reject>;

/// Three pairs, and money for everybody.
fn desk() -> Desk {
    let mut desk = Desk::new();
    for id in [ETHUSD, ETHBTC, TOKUSD] {
        desk.list(id);
    }
    for account in [HOUSE, ANN, BOB, CAT] {
        for asset in [BTC, USD, ETH, TOK] {
            desk.deposit(account, asset, 5_003);
        }
    }
    desk.trades_at(TOKUSD, 3);
    for instrument in [BTCUSD, ETHUSD, ETHBTC] {
        desk.accept(Command::SetFees {
            instrument,
            fees: tiers([(0, 77_777, 333_333), (400, -100_000, 200_000)]),
        });
    }
    for (account, asset) in [(ANN, USD), (BOB, TOK), (CAT, BTC)] {
        desk.pays_fees_in(account, asset);
    }
    desk
}

fn accounts() -> impl Strategy<Value = AccountId> {
    prop_oneof![
        1 => Just(HOUSE),
        8 => Just(ANN),
        8 => Just(BOB),
        4 => Just(CAT),
        1 => Just(AccountId::new(9)),
    ]
}

fn assets() -> impl Strategy<Value = AssetId> {
    (1..=4_u32).prop_map(AssetId::new)
}

fn instruments() -> impl Strategy<Value = InstrumentId> {
    prop_oneof![
        12 => Just(BTCUSD),
        3 => Just(ETHUSD),
        2 => Just(ETHBTC),
        2 => Just(TOKUSD),
    ]
}

fn scopes() -> impl Strategy<Value = Scope> {
    prop_oneof![
        Just(Scope::Venue),
        instruments().prop_map(Scope::Instrument),
        accounts().prop_map(Scope::Account),
    ]
}

fn names() -> impl Strategy<Value = Option<ClientOrderId>> {
    option::of((0..12_u8).prop_map(|number| named(&format!("n{number}"))))
}

fn orders() -> impl Strategy<Value = OrderRef> {
    prop_oneof![
        (1..40_u64).prop_map(by_id),
        (0..12_u8).prop_map(|number| by_name(&format!("n{number}"))),
    ]
}

fn prices() -> impl Strategy<Value = Price> {
    (8..14_i64).prop_map(Price::new)
}

fn quantities() -> impl Strategy<Value = Quantity> {
    (1..60_u64).prop_map(Quantity::new)
}

fn times_in_force() -> impl Strategy<Value = TimeInForce> {
    let resting = (
        option::of((1..20_u64).prop_map(|days| Timestamp::new(days * DAY))),
        option::of(prop_oneof![Just(PostOnly::Reject), Just(PostOnly::Slide)]),
        option::of((1..9_u64).prop_map(Quantity::new)),
    )
        .prop_map(|(until, post_only, display)| {
            TimeInForce::Rest(Resting {
                until,
                post_only,
                display,
            })
        });
    prop_oneof![
        6 => Just(TimeInForce::GTC),
        1 => Just(TimeInForce::IOC),
        1 => Just(TimeInForce::FOK),
        3 => resting,
    ]
}

fn kinds() -> impl Strategy<Value = OrderKind> {
    let limit = (prices(), times_in_force()).prop_map(|(price, time_in_force)| OrderKind::Limit {
        price,
        time_in_force,
    });
    let budgets = option::of((1..900_i128).prop_map(Notional::new));
    let market = (option::of(prices()), budgets)
        .prop_map(|(protection, budget)| OrderKind::Market { protection, budget });
    prop_oneof![5 => limit, 1 => market]
}

fn preventions() -> impl Strategy<Value = Option<SelfTradePrevention>> {
    option::of(prop_oneof![
        Just(SelfTradePrevention::Allow),
        Just(SelfTradePrevention::ExpireMaker),
        Just(SelfTradePrevention::ExpireTaker),
        Just(SelfTradePrevention::ExpireBoth),
        Just(SelfTradePrevention::Decrement),
    ])
}

fn limits() -> impl Strategy<Value = OrderLimits> {
    (
        option::of(quantities()),
        option::of((50..800_u128).prop_map(Amount::new)),
        option::of(0..6_u32),
        option::of((5_000..5_300_u128).prop_map(Amount::new)),
    )
        .prop_map(
            |(max_quantity, max_notional, max_open_orders, max_position)| OrderLimits {
                max_quantity,
                max_notional,
                max_open_orders,
                max_position,
            },
        )
}

/// What orders are about.
fn trading() -> impl Strategy<Value = Command> {
    let sides = prop_oneof![Just(Side::Buy), Just(Side::Sell)];
    let place = (
        accounts(),
        instruments(),
        names(),
        sides,
        quantities(),
        kinds(),
        preventions(),
    )
        .prop_map(
            |(account, instrument, client_order_id, side, quantity, kind, self_trade)| {
                Command::Place {
                    account,
                    instrument,
                    client_order_id,
                    side,
                    quantity,
                    kind,
                    self_trade,
                }
            },
        );
    let replace = (
        accounts(),
        instruments(),
        orders(),
        names(),
        quantities(),
        prices(),
        times_in_force(),
    )
        .prop_map(
            |(account, instrument, order, client_order_id, quantity, price, time_in_force)| {
                Command::Replace {
                    account,
                    instrument,
                    order,
                    client_order_id,
                    quantity,
                    price,
                    time_in_force,
                }
            },
        );
    let amend = (accounts(), instruments(), orders(), quantities(), prices()).prop_map(
        |(account, instrument, order, quantity, price)| Command::Amend {
            account,
            instrument,
            order,
            quantity,
            price,
        },
    );
    let cancel = (accounts(), instruments(), orders(), names()).prop_map(
        |(account, instrument, order, name)| match name {
            None => on(instrument, cancel(account, order)),
            Some(name) => Command::CancelAs {
                account,
                instrument,
                order,
                name,
            },
        },
    );
    let cancel_all =
        (accounts(), instruments(), names()).prop_map(|(account, instrument, name)| match name {
            None => on(instrument, cancel_all(account)),
            Some(name) => Command::CancelAllAs {
                account,
                instrument,
                name,
            },
        });
    let reduce = (accounts(), instruments(), orders(), 1..9_u64)
        .prop_map(|(account, instrument, order, by)| on(instrument, reduce(account, order, by)));
    // In boxes: what generates any of them would lie on the stack as a whole, several times over.
    prop_oneof![
        12 => place.boxed(),
        3 => replace.boxed(),
        4 => amend.boxed(),
        1 => cancel.boxed(),
        1 => cancel_all.boxed(),
        1 => reduce.boxed(),
    ]
}

/// What others decide.
fn deciding() -> impl Strategy<Value = Command> {
    let halt = (scopes(), any::<bool>()).prop_map(|(scope, cancel_orders)| Command::Halt {
        scope,
        cancel_orders,
    });
    let set_fees = (
        instruments(),
        -90_000..300_000_i32,
        90_000..300_000_i32,
        1..2_000_u128,
    )
        .prop_map(|(instrument, maker, taker, volume)| Command::SetFees {
            instrument,
            fees: tiers([(0, 77_777, 333_333), (volume, maker, taker)]),
        });
    let limit = (instruments(), limits(), option::of(0..400_000_u32)).prop_map(
        |(instrument, limits, collar)| Command::LimitInstrument {
            instrument,
            limits,
            collar: collar.map(PriceCollar::new),
        },
    );
    let rates =
        option::of((0..5_u32, 0..DAY).prop_map(|(orders, micros)| OrderRate { orders, micros }));
    let limit_account = (accounts(), option::of(0..9_u32), rates).prop_map(
        |(account, max_open_orders, order_rate)| Command::LimitAccount {
            account,
            limits: AccountLimits {
                max_open_orders,
                order_rate,
            },
        },
    );
    let limit_in =
        (accounts(), instruments(), limits()).prop_map(|(account, instrument, limits)| {
            Command::LimitAccountIn {
                account,
                instrument,
                limits,
            }
        });
    prop_oneof![
        1 => halt.boxed(),
        12 => scopes().prop_map(|scope| Command::Resume { scope }),
        8 => (accounts(), option::of(assets())).prop_map(|(account, asset)| choose(account, asset)),
        5 => set_fees.boxed(),
        1 => limit.boxed(),
        1 => limit_account.boxed(),
        1 => limit_in.boxed(),
        2 => Just(Command::AdvanceTime),
        1 => accounts().prop_map(|account| Command::CloseAccount { account }),
        1 => prop_oneof![4 => Just(ETHUSD), 4 => Just(TOKUSD), 1 => Just(BTCUSD)]
            .prop_map(|instrument| Command::DelistInstrument { instrument }),
        2 => (accounts(), assets(), 1..900_u128).prop_map(|(who, what, much)| deposit(who, what, much)),
        2 => (accounts(), assets(), 1..900_u128).prop_map(|(who, what, much)| withdraw(who, what, much)),
    ]
}

fn commands() -> impl Strategy<Value = Command> {
    prop_oneof![4 => trading().boxed(), 1 => deciding().boxed()]
}

/// Mostly, what is about an order is about one that is open.
fn aim(desk: &Desk, mut command: Command, pick: usize) -> Command {
    let open: Vec<_> = desk
        .exchange
        .markets()
        .flat_map(|market| {
            let sides = [Side::Buy, Side::Sell].into_iter();
            let orders = sides.flat_map(|side| market.book().orders(side));
            orders.map(|order| (order.account, market.id(), order.id))
        })
        .collect();
    let Some(&(owner, place, id)) = open.get(pick % (open.len() + open.len() / 8 + 1)) else {
        return command;
    };
    match &mut command {
        Command::Cancel {
            account,
            instrument,
            order,
        }
        | Command::CancelAs {
            account,
            instrument,
            order,
            ..
        }
        | Command::Reduce {
            account,
            instrument,
            order,
            ..
        }
        | Command::Amend {
            account,
            instrument,
            order,
            ..
        }
        | Command::Replace {
            account,
            instrument,
            order,
            ..
        } => (*account, *instrument, *order) = (owner, place, OrderRef::Id(id)),
        _ => {}
    }
    command
}

/// The same command without a name, where it is a cancellation that has one.
fn without_a_name(command: &Command) -> Option<(AccountId, ClientOrderId, Command)> {
    match *command {
        Command::CancelAs {
            account,
            instrument,
            order,
            name,
        } => Some((account, name, on(instrument, cancel(account, order)))),
        Command::CancelAllAs {
            account,
            instrument,
            name,
        } => Some((account, name, on(instrument, cancel_all(account)))),
        _ => None,
    }
}

/// A name of a cancellation is told, and changes nothing else.
fn nothing_but_a_name(before: &mut Desk, input: &Input, after: &Desk, result: &Outcome) {
    let Some((account, name, command)) = without_a_name(&input.command) else {
        return;
    };
    let plain = before.attempt(&before.input(command));
    let named = plain.map(|events| {
        let told = Event::CancellationNamed { account, name };
        [vec![told], events].concat()
    });
    assert_eq!(*result, named);
    let (plain, named) = (before.exchange.state_hash(), after.exchange.state_hash());
    assert_eq!(plain, named);
}

/// How much time passes: mostly none, now and then a good part of a day.
fn pauses() -> impl Strategy<Value = u64> {
    prop_oneof![5 => Just(0), 2 => 1..1_000_u64, 2 => DAY / 3..DAY]
}

/// What one command may do to money, seen by itself.
fn look_at(desk: &Desk, events: &[Event]) {
    for event in events {
        let Event::Traded {
            instrument,
            trade,
            base_amount,
            quote_amount,
            maker_fee,
            taker_fee,
        } = event
        else {
            continue;
        };
        let market = desk.exchange.market(*instrument).expect("listed");
        assert_eq!(*base_amount, market.base_amount(trade.quantity));
        let notional = trade.price.notional(trade.quantity);
        assert_eq!(*quote_amount, market.quote_amount(notional));
        let (maker, taker) = (maker_fee.amount.get(), taker_fee.amount.get());
        assert!(taker >= 0, "{event:?}");
        // A rebate comes out of the fee of the taker.
        assert!(
            maker >= 0 || maker_fee.asset == taker_fee.asset,
            "{event:?}"
        );
        assert!(maker + taker >= 0 || maker >= 0, "{event:?}");
        for fee in [maker_fee, taker_fee] {
            let most = match fee.asset {
                asset if asset == market.base() => *base_amount,
                asset if asset == market.quote() => *quote_amount,
                _ => continue,
            };
            assert!(fee.amount.magnitude() <= most, "{event:?}");
        }
    }
    for market in desk.exchange.markets() {
        let orders = [Side::Buy, Side::Sell].into_iter();
        let mut on_book: Vec<_> = orders
            .flat_map(|side| market.book().orders(side))
            .map(|order| (order.account, order.id))
            .collect();
        on_book.sort_unstable();
        let listed: Vec<_> = [HOUSE, ANN, BOB, CAT]
            .into_iter()
            .flat_map(|account| {
                let orders = desk.exchange.orders_of(account, market.id());
                orders.map(move |id| (account, id))
            })
            .collect();
        assert_eq!(listed, on_book);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 48 } else { 256 }))]

    #[test]
    fn whatever_is_sent_everything_adds_up(
        commands in vec((pauses(), commands(), any::<u16>()), 1..120),
        restart in any::<prop::sample::Index>(),
    ) {
        let mut desk = desk();
        let restart = restart.index(commands.len());
        let mut other = None;
        for (number, (pause, command, pick)) in commands.into_iter().enumerate() {
            desk.time += pause;
            let input = desk.input(aim(&desk, command, pick.into()));
            let mut before = desk.clone();
            let result = desk.attempt(&input);
            nothing_but_a_name(&mut before, &input, &desk, &result);
            look_at(&desk, result.as_deref().unwrap_or_default());
            // One that was restored on the way says and does the same.
            if number == restart {
                let mut copy = desk.clone();
                copy.restart();
                other = Some(copy);
            } else if let Some(other) = &mut other {
                prop_assert_eq!(other.attempt(&input), result);
            }
        }
        for account in [HOUSE, ANN, BOB, CAT] {
            let scope = Scope::Account(account);
            let halt = Command::Halt { scope, cancel_orders: true };
            if desk.exchange.ledger().has_account(account) {
                desk.accept(halt);
            }
        }
        let proof = desk.exchange.proof();
        prop_assert!(proof.assets().iter().all(|asset| asset.held.is_zero()));
        prop_assert_eq!(HOUSE, FEE_ACCOUNT);
    }
}
