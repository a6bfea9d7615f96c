//! What restores, and what is refused as garbage.

use accounts_core::{
    AccountId, AccountSnapshot, Amount, AssetId, Balance, Command, Event, Ledger, LedgerReject,
    LedgerSnapshot, RestoreError, SNAPSHOT_VERSION,
};

const ANN: AccountId = AccountId::new(1);
const BOB: AccountId = AccountId::new(2);
const EVE: AccountId = AccountId::new(3);
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

/// Ann owns 1 BTC and 2 + 3 USD, Bob 4 USD, and Eve's account is closed.
fn snapshot() -> LedgerSnapshot {
    LedgerSnapshot {
        version: SNAPSHOT_VERSION,
        assets: vec![(BTC, Amount::new(1)), (USD, Amount::new(9))],
        accounts: vec![
            AccountSnapshot {
                account: ANN,
                closed: false,
                balances: vec![(BTC, balance(1, 0)), (USD, balance(2, 3))],
            },
            AccountSnapshot {
                account: BOB,
                closed: false,
                balances: vec![(USD, balance(4, 0))],
            },
            AccountSnapshot {
                account: EVE,
                closed: true,
                balances: vec![],
            },
        ],
    }
}

#[test]
fn a_snapshot_is_what_the_commands_led_to() {
    let mut ledger = Ledger::new();
    let mut events: Vec<Event> = Vec::new();
    let amount = Amount::new;
    for command in [
        Command::AddAsset { asset: USD },
        Command::OpenAccount { account: EVE },
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
        // A balance of zero leaves no trace.
        Command::Deposit {
            account: EVE,
            asset: BTC,
            amount: amount(1),
        },
        Command::Withdraw {
            account: EVE,
            asset: BTC,
            amount: amount(1),
        },
        Command::CloseAccount { account: EVE },
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
fn a_closed_account_stays_closed() {
    let mut restored = Ledger::restore(&snapshot()).expect("a ledger");
    assert!(restored.is_closed(EVE) && !restored.has_account(EVE));
    let mut events: Vec<Event> = Vec::new();
    let opened = restored.apply(&Command::OpenAccount { account: EVE }, &mut events);
    assert_eq!(opened, Err(LedgerReject::DuplicateAccount));

    let mut reopened = snapshot();
    reopened.accounts[2].closed = false;
    let reopened = Ledger::restore(&reopened).expect("another ledger");
    assert!(reopened.has_account(EVE));
    assert_ne!(reopened, restored);
}

#[test]
fn all_there_can_be_restores() {
    let mut full = snapshot();
    full.assets = vec![(BTC, Amount::MAX), (USD, Amount::MAX)];
    full.accounts[0].balances[0].1 = balance(1, Amount::MAX.get() - 1);
    full.accounts[0].balances[1].1 = balance(Amount::MAX.get() - 1, 0);
    full.accounts[1].balances[0].1 = balance(0, 1);
    let restored = Ledger::restore(&full).expect("a ledger");
    assert_eq!(restored.snapshot(), full);
}

#[test]
fn another_version_is_refused() {
    assert_eq!(SNAPSHOT_VERSION, 2);
    for version in [0, 1, 3, u16::MAX] {
        let mut other = snapshot();
        other.version = version;
        let refused = Err(RestoreError::UnknownVersion(version));
        assert_eq!(Ledger::restore(&other), refused);
    }
}

#[test]
fn lists_that_no_ledger_writes_are_refused() {
    let spoilers: [Spoiler; 10] = [
        ("assets unsorted", |s| s.assets.reverse()),
        ("asset twice", |s| s.assets.insert(0, s.assets[0])),
        ("accounts unsorted", |s| s.accounts.reverse()),
        ("account twice", |s| s.accounts.push(s.accounts[2].clone())),
        ("account twice, far away", |s| {
            // After so many others the same id is not far away any more.
            let empty = |id| AccountSnapshot {
                account: AccountId::new(id),
                closed: false,
                balances: vec![],
            };
            s.accounts.extend((4..62).map(empty));
            s.accounts.extend([empty(125), empty(125)]);
        }),
        ("account closed and open", |s| {
            let closed = AccountSnapshot {
                closed: true,
                ..s.accounts[1].clone()
            };
            s.accounts.insert(1, closed);
        }),
        ("balances unsorted", |s| s.accounts[0].balances.reverse()),
        ("balance twice", |s| {
            let first = s.accounts[0].balances[0];
            s.accounts[0].balances.insert(0, first);
        }),
        ("zero balance", |s| {
            s.accounts[1].balances.insert(0, (BTC, balance(0, 0)));
        }),
        ("zero balance of a closed account", |s| {
            s.accounts[2].balances.push((BTC, balance(0, 0)));
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
    let spoilers: [Spoiler; 8] = [
        ("total too large", |s| s.assets[1].1 = Amount::new(10)),
        ("total too small", |s| s.assets[1].1 = Amount::new(8)),
        ("unknown asset", |s| {
            let stray = (AssetId::new(3), balance(1, 0));
            s.accounts[1].balances.push(stray);
        }),
        ("a closed account owns something", |s| {
            s.accounts[2].balances.push((USD, balance(1, 0)));
            s.assets[1].1 = Amount::new(10);
        }),
        ("more than there can be", |s| {
            s.assets[0].1 = Amount::new(Amount::MAX.get() + 1);
            s.accounts[0].balances[0].1 = balance(Amount::MAX.get(), 1);
        }),
        ("more than there can be, of two", |s| {
            s.assets[1].1 = Amount::new(Amount::MAX.get() + 4);
            s.accounts[0].balances[1].1 = balance(Amount::MAX.get(), 0);
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
