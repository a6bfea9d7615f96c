//! An exchange with very many accounts works like one with few. What would take time in proportion to
//! all accounts, for each of them, would take hours here.

mod desk;

use accounts_core::{AccountId, Amount};
use desk::*;
use exchange_engine::{Command, Event, Exchange, Scope};

const ACCOUNTS: u64 = if cfg!(debug_assertions) {
    100_000
} else {
    1_000_000
};

/// Applies what the desk need not look at.
fn apply(desk: &mut Desk, command: Command) -> Vec<Event> {
    let input = desk.input(command);
    let mut events = Vec::new();
    let result = desk.exchange.apply(&input, &mut events);
    assert_eq!(result, Ok(()), "{input:?}");
    events
}

/// Opens accounts, and gives each some money.
fn open(desk: &mut Desk, accounts: impl Iterator<Item = AccountId>) {
    for account in accounts {
        apply(desk, Command::OpenAccount { account });
        apply(desk, deposit(account, USD, 500));
        apply(desk, deposit(account, BTC, 5));
    }
}

/// Some of them trade.
fn trade(desk: &mut Desk, of: impl Fn(u64) -> AccountId) {
    for number in (0..ACCOUNTS).step_by(1_000) {
        let (buyer, seller) = (of(number), of(number + 1));
        apply(desk, place(buyer, "buy 5 @ 100 as x"));
        apply(desk, place(seller, "sell 3 @ 100 as x"));
        desk.owns(buyer, "btc 8 usd 0+200");
        desk.owns(seller, "btc 2 usd 800");
        apply(desk, place(buyer, "buy 5 @ 100 as x"));
        apply(desk, cancel_all(buyer));
        apply(
            desk,
            Command::Halt {
                scope: Scope::Account(seller),
                cancel_orders: true,
            },
        );
    }
}

fn look_at_everything(desk: &Desk) {
    assert_eq!(desk.exchange.check(), Ok(()));
    let proof = desk.exchange.proof();
    assert!(proof.adds_up());
    let usd = proof.assets()[1];
    assert_eq!(usd.external, Amount::new(500 * u128::from(ACCOUNTS)));
    let snapshot = desk.exchange.snapshot();
    let restored = Exchange::restore(&snapshot).expect("a possible exchange");
    assert_eq!(restored.snapshot(), snapshot);
}

#[test]
fn a_million_accounts_with_consecutive_ids() {
    let mut desk = Desk::new();
    let of = |number| AccountId::new(10 + number);
    open(&mut desk, (0..ACCOUNTS).map(of));
    trade(&mut desk, of);
    look_at_everything(&desk);
}

#[test]
fn a_million_accounts_with_any_ids() {
    let mut desk = Desk::new();
    // Odd, so that no two numbers have one id; none of them is known already.
    let of = |number: u64| AccountId::new((10 + number).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    open(&mut desk, (0..ACCOUNTS).map(of));
    trade(&mut desk, of);
    look_at_everything(&desk);
}
