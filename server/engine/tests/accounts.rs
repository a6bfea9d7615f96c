//! Accounts that come and go. The notation is explained in `desk`.

mod desk;

use accounts_core::{AccountLimits, Event as LedgerEvent, LedgerReject, OrderLimits};
use desk::*;
use exchange_engine::{Command, Event, Reject, Scope};
use orderbook_core::Quantity;

const CLOSED: LedgerReject = LedgerReject::AccountClosed;

fn close(account: accounts_core::AccountId) -> Command {
    Command::CloseAccount { account }
}

#[test]
fn who_owns_something_is_not_closed() {
    let mut desk = Desk::new();
    desk.deposit(ANN, USD, 500);
    desk.refuse(close(ANN), LedgerReject::AccountNotEmpty);
    // Nor is who has it all held.
    desk.place(ANN, "buy 5 @ 100");
    desk.refuse(close(ANN), LedgerReject::AccountNotEmpty);
    desk.accept(cancel_all(ANN));
    desk.accept(withdraw(ANN, USD, 499));
    desk.refuse(close(ANN), LedgerReject::AccountNotEmpty);
    desk.accept(withdraw(ANN, USD, 1));
    let events = desk.accept(close(ANN));
    let closed = Event::Ledger(LedgerEvent::AccountClosed { account: ANN });
    assert_eq!(events, [closed]);
}

#[test]
fn a_closed_account_does_nothing_any_more() {
    let mut desk = Desk::new();
    desk.list(ETHUSD);
    desk.accept(close(ANN));
    for again in 0..2 {
        desk.refuse(close(ANN), CLOSED);
        desk.refuse(deposit(ANN, USD, 1), CLOSED);
        desk.refuse(withdraw(ANN, USD, 1), CLOSED);
        for order in ["buy 1 @ 1", "sell 1 market", "buy 1 @ 1 as x", "buy 0 @ 0"] {
            desk.refuse(place(ANN, order), CLOSED);
        }
        desk.refuse(choose(ANN, None), CLOSED);
        for cancel_orders in [true, false] {
            let scope = Scope::Account(ANN);
            desk.refuse(
                Command::Halt {
                    scope,
                    cancel_orders,
                },
                CLOSED,
            );
        }
        let scope = Scope::Account(ANN);
        desk.refuse(Command::Resume { scope }, CLOSED);
        desk.refuse(
            Command::LimitAccount {
                account: ANN,
                limits: AccountLimits::default(),
            },
            CLOSED,
        );
        desk.refuse(
            Command::LimitAccountIn {
                account: ANN,
                instrument: BTCUSD,
                limits: OrderLimits::default(),
            },
            CLOSED,
        );
        // It has no orders, of which it could speak.
        for order in [by_id(1), by_name("x")] {
            desk.refuse(cancel(ANN, order), Reject::UnknownOrder);
            desk.refuse(reduce(ANN, order, 1), Reject::UnknownOrder);
            desk.refuse(amend(ANN, order, 1, 1), Reject::UnknownOrder);
            desk.refuse(replace_as(ANN, order, 1, 1, "x"), Reject::UnknownOrder);
        }
        desk.refuse(cancel_all(ANN), Reject::UnknownOrder);
        if again == 0 {
            desk.restart();
        }
    }
    assert!(desk.exchange.ledger().is_closed(ANN));
    assert_eq!(desk.exchange.is_halted(Scope::Account(ANN)), None);
}

#[test]
fn its_id_is_never_free_again() {
    let mut desk = Desk::new();
    desk.accept(close(ANN));
    let open = Command::OpenAccount { account: ANN };
    desk.refuse(open.clone(), LedgerReject::DuplicateAccount);
    desk.restart();
    desk.refuse(open, LedgerReject::DuplicateAccount);
}

#[test]
fn all_that_was_set_for_it_is_forgotten() {
    let mut plain = Desk::new();
    let mut busy = plain.clone();
    busy.deposit(ANN, BTC, 5);
    busy.pays_fees_in(ANN, USD);
    for name in ["x", "y"] {
        busy.place(ANN, &format!("sell 1 market as {name}"));
    }
    busy.accept(withdraw(ANN, BTC, 5));
    busy.accept(Command::LimitAccount {
        account: ANN,
        limits: AccountLimits {
            max_open_orders: Some(5),
            order_rate: None,
        },
    });
    busy.accept(Command::LimitAccountIn {
        account: ANN,
        instrument: BTCUSD,
        limits: OrderLimits {
            max_quantity: Some(Quantity::new(5)),
            ..OrderLimits::default()
        },
    });
    busy.accept(Command::Halt {
        scope: Scope::Account(ANN),
        cancel_orders: false,
    });
    busy.accept(close(ANN));
    plain.accept(close(ANN));
    // But for the two orders, as if nothing had been.
    plain.deposit(BOB, BTC, 1);
    for _ in 0..2 {
        plain.place(BOB, "sell 1 market");
    }
    plain.accept(withdraw(BOB, BTC, 1));
    assert_eq!(busy.exchange.snapshot(), plain.exchange.snapshot());
}

#[test]
fn the_fee_account_is_not_closed() {
    let mut desk = Desk::new();
    desk.refuse(close(HOUSE), Reject::FeeAccount);
    desk.deposit(HOUSE, USD, 1);
    desk.refuse(close(HOUSE), Reject::FeeAccount);
}

#[test]
fn who_was_never_opened_is_not_closed() {
    let mut desk = Desk::new();
    let stranger = accounts_core::AccountId::new(99);
    desk.refuse(close(stranger), LedgerReject::UnknownAccount);
}

#[test]
fn others_go_on() {
    let mut desk = Desk::new();
    desk.deposit(ANN, USD, 500);
    desk.deposit(BOB, BTC, 5);
    desk.accept(close(CAT));
    desk.place(ANN, "buy 5 @ 100");
    desk.place(BOB, "sell 5 @ 100");
    desk.accept(withdraw(BOB, USD, 500));
    desk.accept(close(BOB));
    desk.owns(ANN, "btc 5 usd 0");
    assert_eq!(desk.exchange.proof().assets().len(), 2);
    assert!(desk.exchange.proof().adds_up());
}
