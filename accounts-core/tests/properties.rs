//! Random commands against a model so naive that it is obviously right.

use std::collections::{BTreeMap, BTreeSet};

use accounts_core::{
    AccountId, Amount, AssetId, Balance, Command, Event, Ledger, LedgerReject, Settlement,
};
use proptest::prelude::*;

/// Available and held of every account and asset, zero ones included.
type Balances = BTreeMap<(AccountId, AssetId), (u128, u128)>;

#[derive(Clone, Default, PartialEq, Debug)]
struct Model {
    assets: BTreeSet<AssetId>,
    accounts: BTreeSet<AccountId>,
    balances: Balances,
}

impl Model {
    /// Works on a copy and throws it away where anything goes wrong.
    fn apply(&mut self, command: &Command) -> Option<()> {
        let mut next = self.clone();
        match *command {
            Command::AddAsset { asset } => next.assets.insert(asset).then_some(())?,
            Command::OpenAccount { account } => next.accounts.insert(account).then_some(())?,
            Command::Deposit {
                account,
                asset,
                amount,
            } => {
                self.sum(asset).checked_add(amount.get())?;
                next.available(account, asset, amount.get(), true)?;
            }
            Command::Withdraw {
                account,
                asset,
                amount,
            } => next.available(account, asset, amount.get(), false)?,
            Command::Hold {
                account,
                asset,
                amount,
            } => {
                next.available(account, asset, amount.get(), false)?;
                next.held(account, asset, amount.get(), true)?;
            }
            Command::Release {
                account,
                asset,
                amount,
            } => {
                next.held(account, asset, amount.get(), false)?;
                next.available(account, asset, amount.get(), true)?;
            }
            Command::Settle(s) => {
                if s.base == s.quote || !next.accounts.contains(&s.fee_account) {
                    return None;
                }
                next.held(s.buyer, s.quote, s.quote_amount.get(), false)?;
                next.held(s.seller, s.base, s.base_amount.get(), false)?;
                for (receiver, asset, amount, fee) in [
                    (s.buyer, s.base, s.base_amount.get(), s.buyer_fee.get()),
                    (s.seller, s.quote, s.quote_amount.get(), s.seller_fee.get()),
                ] {
                    let rest = amount.checked_sub(fee)?;
                    // Unlike a deposit, a fee of nothing is fine.
                    for (account, part) in [(receiver, rest), (s.fee_account, fee)] {
                        if part > 0 {
                            next.available(account, asset, part, true)?;
                        }
                    }
                }
            }
        }
        *self = next;
        Some(())
    }

    fn sum(&self, asset: AssetId) -> u128 {
        self.balances
            .iter()
            .filter(|((_, of), _)| *of == asset)
            .map(|(_, (available, held))| available + held)
            .sum()
    }

    fn entry(&mut self, account: AccountId, asset: AssetId) -> Option<&mut (u128, u128)> {
        let known = self.accounts.contains(&account) && self.assets.contains(&asset);
        known.then(|| self.balances.entry((account, asset)).or_default())
    }

    fn available(
        &mut self,
        account: AccountId,
        asset: AssetId,
        amount: u128,
        up: bool,
    ) -> Option<()> {
        let (available, _) = self.entry(account, asset)?;
        *available = moved(*available, amount, up)?;
        Some(())
    }

    fn held(&mut self, account: AccountId, asset: AssetId, amount: u128, up: bool) -> Option<()> {
        let (_, held) = self.entry(account, asset)?;
        *held = moved(*held, amount, up)?;
        Some(())
    }

    fn nonzero(&self) -> Balances {
        let owned = self.balances.iter().filter(|(_, both)| **both != (0, 0));
        owned.map(|(key, both)| (*key, *both)).collect()
    }
}

fn moved(part: u128, amount: u128, up: bool) -> Option<u128> {
    match (amount, up) {
        (0, _) => None,
        (_, true) => part.checked_add(amount),
        (_, false) => part.checked_sub(amount),
    }
}

/// Everything that the ledger's queries say.
fn balances(ledger: &Ledger) -> Balances {
    let mut all = Balances::new();
    for account in ledger.accounts() {
        for (asset, balance) in ledger.balances(account).expect("listed") {
            assert_eq!(ledger.balance(account, asset), Some(balance));
            let Balance { available, held } = balance;
            all.insert((account, asset), (available.get(), held.get()));
        }
    }
    all
}

/// Folds one event; returns the balance that it is about.
fn fold(folded: &mut Balances, event: &Event) -> Option<(AccountId, AssetId)> {
    let Event::BalanceChanged {
        account,
        asset,
        available,
        held,
    } = *event
    else {
        return None;
    };
    let both = (available.get(), held.get());
    if both == (0, 0) {
        folded.remove(&(account, asset));
    } else {
        folded.insert((account, asset), both);
    }
    Some((account, asset))
}

/// The keys under which the two differ.
fn difference(before: &Balances, after: &Balances) -> BTreeSet<(AccountId, AssetId)> {
    let keys = before.keys().chain(after.keys());
    keys.filter(|key| before.get(key) != after.get(key))
        .copied()
        .collect()
}

/// Few of everything, so that commands meet; the last of each is rarely or never known.
fn account() -> impl Strategy<Value = AccountId> {
    prop_oneof![9 => 0..4_u64, 1 => Just(9)].prop_map(AccountId::new)
}

fn asset() -> impl Strategy<Value = AssetId> {
    prop_oneof![12 => 0..3_u32, 1 => Just(9)].prop_map(AssetId::new)
}

fn amount() -> impl Strategy<Value = Amount> {
    prop_oneof![
        1 => Just(0),
        16 => 1..60_u128,
        1 => (0..60_u128).prop_map(|below| u128::MAX - below),
        1 => Just(u128::MAX / 2),
    ]
    .prop_map(Amount::new)
}

fn fee() -> impl Strategy<Value = Amount> {
    (0..8_u128).prop_map(Amount::new)
}

fn settlement() -> impl Strategy<Value = Settlement> {
    (
        (asset(), asset()),
        (account(), account(), account()),
        (amount(), amount()),
        (fee(), fee()),
    )
        .prop_map(
            |(
                (base, quote),
                (buyer, seller, fee_account),
                (base_amount, quote_amount),
                (buyer_fee, seller_fee),
            )| Settlement {
                base,
                quote,
                buyer,
                seller,
                base_amount,
                quote_amount,
                buyer_fee,
                seller_fee,
                fee_account,
            },
        )
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        1 => asset().prop_map(|asset| Command::AddAsset { asset }),
        1 => account().prop_map(|account| Command::OpenAccount { account }),
        20 => (0..20_u8, account(), asset(), amount()).prop_map(
            |(kind, account, asset, amount)| match kind {
                0..6 => Command::Deposit { account, asset, amount },
                6..9 => Command::Withdraw { account, asset, amount },
                9..17 => Command::Hold { account, asset, amount },
                _ => Command::Release { account, asset, amount },
            }
        ),
        8 => settlement().prop_map(Command::Settle),
    ]
}

/// All but the rare ids are known, and everybody holds a little of everything.
fn opening() -> Vec<Command> {
    let assets = || (0..3).map(AssetId::new);
    let accounts = || (0..4).map(AccountId::new);
    let mut commands: Vec<_> = assets().map(|asset| Command::AddAsset { asset }).collect();
    commands.extend(accounts().map(|account| Command::OpenAccount { account }));
    for account in accounts() {
        for asset in assets() {
            let amount = Amount::new(100);
            commands.push(Command::Deposit {
                account,
                asset,
                amount,
            });
            commands.push(Command::Hold {
                account,
                asset,
                amount,
            });
        }
    }
    commands
}

proptest! {
    #[test]
    fn the_ledger_does_what_the_model_does(
        opened in any::<bool>(),
        random in prop::collection::vec(command(), 1..120),
    ) {
        let mut commands = if opened { opening() } else { Vec::new() };
        commands.extend(random);

        let mut ledger = Ledger::new();
        let mut model = Model::default();
        let mut folded = Balances::new();
        let mut totals: BTreeMap<AssetId, u128> = BTreeMap::new();
        for command in &commands {
            let before = ledger.clone();
            let mut events = Vec::new();
            let foretold = ledger.validate(command);
            let result = ledger.apply(command, &mut events);
            prop_assert_eq!(result, foretold);
            prop_assert_eq!(
                result.is_ok(),
                model.apply(command).is_some(),
                "{:?}: {:?}", command, result
            );
            if result.is_err() {
                prop_assert_eq!(ledger.snapshot(), before.snapshot());
                prop_assert!(events.is_empty());
                continue;
            }

            // I4, by the ledger's own account and by ours.
            prop_assert_eq!(ledger.check(), Ok(()));
            match *command {
                Command::AddAsset { asset } => {
                    totals.insert(asset, 0);
                }
                Command::Deposit { asset, amount, .. } => {
                    *totals.get_mut(&asset).expect("known") += amount.get();
                }
                Command::Withdraw { asset, amount, .. } => {
                    *totals.get_mut(&asset).expect("known") -= amount.get();
                }
                _ => {}
            }
            prop_assert!(ledger.assets().eq(totals.keys().copied()));
            for (asset, total) in &totals {
                prop_assert_eq!(ledger.total(*asset), Some(Amount::new(*total)));
                prop_assert_eq!(model.sum(*asset), *total);
            }

            let now = balances(&ledger);
            prop_assert_eq!(&now, &model.nonzero());
            let told: Vec<_> = events
                .iter()
                .filter_map(|event| fold(&mut folded, event))
                .collect();
            prop_assert_eq!(&folded, &now);
            // Exactly one event per changed balance: none missing, none twice, none idle.
            let told_once: BTreeSet<_> = told.iter().copied().collect();
            prop_assert_eq!(told.len(), told_once.len());
            prop_assert_eq!(told_once, difference(&balances(&before), &now));
        }

        let restored = Ledger::restore(&ledger.snapshot());
        prop_assert_eq!(restored.as_ref(), Ok(&ledger));
        // And the restored one goes on like the original.
        let mut restored = restored.expect("just compared");
        for command in &commands {
            let (mut left, mut right) = (Vec::new(), Vec::new());
            let result: Result<(), LedgerReject> = ledger.apply(command, &mut left);
            prop_assert_eq!(restored.apply(command, &mut right), result);
            prop_assert_eq!(left, right);
        }
    }
}
