//! What restores, and what is refused as garbage.

use accounts_core::{
    AccountId, AccountSnapshot, Amount, AssetId, Balance, Command, Ledger, LedgerSnapshot,
    RestoreError, SNAPSHOT_VERSION,
};

const ANN: AccountId = AccountId::new(1);
const BOB: AccountId = AccountId::new(2);
const BTC: AssetId = AssetId::new(1);
const USD: AssetId = AssetId::new(2);

/// What is wrong, and how it comes about.
type Spoiler = (&'static str, fn(&mut LedgerSnapshot));

fn balance(available: u128, held: u128) -> Balance {
    Balance {
        available: Amount::new(available),
        held: Amount::new(held),
    }
}

/// Ann owns 1 BTC and 2 + 3 USD, Bob 4 USD.
fn snapshot() -> LedgerSnapshot {
    LedgerSnapshot {
        version: SNAPSHOT_VERSION,
        assets: vec![(BTC, Amount::new(1)), (USD, Amount::new(9))],
        accounts: vec![
            AccountSnapshot {
                account: ANN,
                balances: vec![(BTC, balance(1, 0)), (USD, balance(2, 3))],
            },
            AccountSnapshot {
                account: BOB,
                balances: vec![(USD, balance(4, 0))],
            },
        ],
    }
}

#[test]
fn a_snapshot_is_what_the_commands_led_to() {
    let mut ledger = Ledger::new();
    let mut events = Vec::new();
    let amount = Amount::new;
    for command in [
        Command::AddAsset { asset: USD },
        Command::OpenAccount { account: BOB },
        Command::AddAsset { asset: BTC },
        Command::OpenAccount { account: ANN },
        Command::Deposit {
            account: ANN,
            asset: USD,
            amount: amount(5),
        },
        Command::Hold {
            account: ANN,
            asset: USD,
            amount: amount(3),
        },
        Command::Deposit {
            account: ANN,
            asset: BTC,
            amount: amount(1),
        },
        Command::Deposit {
            account: BOB,
            asset: USD,
            amount: amount(4),
        },
    ] {
        ledger.apply(&command, &mut events).expect("taken");
    }
    assert_eq!(ledger.snapshot(), snapshot());
    assert_eq!(Ledger::restore(&snapshot()), Ok(ledger));
}

#[test]
fn an_empty_ledger_restores() {
    let empty = Ledger::new();
    assert_eq!(Ledger::restore(&empty.snapshot()), Ok(empty));
}

#[test]
fn another_version_is_refused() {
    let mut other = snapshot();
    other.version += 1;
    assert_eq!(
        Ledger::restore(&other),
        Err(RestoreError::UnknownVersion(SNAPSHOT_VERSION + 1))
    );
}

#[test]
fn lists_that_no_ledger_writes_are_refused() {
    let spoilers: [Spoiler; 7] = [
        ("assets unsorted", |s| s.assets.reverse()),
        ("asset twice", |s| s.assets.insert(0, s.assets[0])),
        ("accounts unsorted", |s| s.accounts.reverse()),
        ("account twice", |s| s.accounts.push(s.accounts[1].clone())),
        ("balances unsorted", |s| s.accounts[0].balances.reverse()),
        ("balance twice", |s| {
            let first = s.accounts[0].balances[0];
            s.accounts[0].balances.insert(0, first);
        }),
        ("zero balance", |s| {
            s.accounts[1].balances.insert(0, (BTC, balance(0, 0)));
        }),
    ];
    for (what, spoil) in spoilers {
        let mut spoilt = snapshot();
        spoil(&mut spoilt);
        assert_eq!(
            Ledger::restore(&spoilt),
            Err(RestoreError::Garbage),
            "{what}"
        );
    }
}

#[test]
fn balances_that_do_not_add_up_are_refused() {
    let spoilers: [Spoiler; 5] = [
        ("total too large", |s| s.assets[1].1 = Amount::new(10)),
        ("total too small", |s| s.assets[1].1 = Amount::new(8)),
        ("unknown asset", |s| {
            let stray = (AssetId::new(3), balance(1, 0));
            s.accounts[1].balances.push(stray);
        }),
        // Both wrap around to the right total.
        ("balance overflows", |s| {
            s.accounts[1].balances[0].1 = balance(u128::MAX, 5);
        }),
        ("sum overflows", |s| {
            s.accounts[0].balances[1].1 = balance(u128::MAX, 0);
            s.accounts[1].balances[0].1 = balance(10, 0);
        }),
    ];
    for (what, spoil) in spoilers {
        let mut spoilt = snapshot();
        spoil(&mut spoilt);
        let refused = Ledger::restore(&spoilt);
        assert!(
            matches!(&refused, Err(RestoreError::Violation(violation)) if violation.id == "I4"),
            "{what}: {refused:?}"
        );
    }
}
