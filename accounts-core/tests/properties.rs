//! Random commands against a model so naive that it is obviously right: a table of numbers, and
//! units that are carried from one cell to another, one by one.

mod helpers;

use std::collections::{BTreeMap, BTreeSet};

use accounts_core::{
    AccountId, Amount, AssetId, Balance, Command, Delta, Event, Fee, Ledger, LedgerReject, Posting,
    Settlement,
};
use helpers::{ALL, assert_double_entry};
use proptest::prelude::*;

/// Available and held of every account and asset, without those that have neither.
type Balances = BTreeMap<(AccountId, AssetId), (u128, u128)>;

#[derive(Clone, Default, PartialEq, Debug)]
struct Model {
    assets: BTreeSet<AssetId>,
    open: BTreeSet<AccountId>,
    closed: BTreeSet<AccountId>,
    balances: Balances,
}

#[derive(Clone, Copy)]
enum Part {
    Available,
    Held,
}
use Part::{Available, Held};

impl Model {
    /// The events, or why there are none.
    fn apply(&mut self, command: &Command) -> Result<Vec<Event>, LedgerReject> {
        let before = self.clone();
        let mut events = Vec::new();
        let mut touched = Vec::new();
        match *command {
            Command::AddAsset { asset } => {
                if !self.assets.insert(asset) {
                    return Err(LedgerReject::DuplicateAsset);
                }
                events.push(Event::AssetAdded { asset });
            }
            Command::OpenAccount { account } => {
                if self.closed.contains(&account) || !self.open.insert(account) {
                    return Err(LedgerReject::DuplicateAccount);
                }
                events.push(Event::AccountOpened { account });
            }
            Command::CloseAccount { account } => {
                self.known(account)?;
                if self.balances.keys().any(|(owner, _)| *owner == account) {
                    return Err(LedgerReject::AccountNotEmpty);
                }
                self.open.remove(&account);
                self.closed.insert(account);
                events.push(Event::AccountClosed { account });
            }
            Command::Deposit {
                account,
                asset,
                amount,
            } => {
                self.moves(account, asset, amount)?;
                if amount.get() > ALL - self.sum(asset) {
                    return Err(LedgerReject::AmountOverflow);
                }
                self.add(account, asset, Available, amount.get());
                events.push(Event::Deposited {
                    account,
                    asset,
                    amount,
                });
                touched.push((account, asset));
            }
            Command::Withdraw {
                account,
                asset,
                amount,
            } => {
                self.moves(account, asset, amount)?;
                self.take(account, asset, Available, amount.get())
                    .ok_or(LedgerReject::InsufficientAvailable)?;
                events.push(Event::Withdrawn {
                    account,
                    asset,
                    amount,
                });
                touched.push((account, asset));
            }
            Command::Hold {
                account,
                asset,
                amount,
            } => {
                self.moves(account, asset, amount)?;
                self.take(account, asset, Available, amount.get())
                    .ok_or(LedgerReject::InsufficientAvailable)?;
                self.add(account, asset, Held, amount.get());
                touched.push((account, asset));
            }
            Command::Release {
                account,
                asset,
                amount,
            } => {
                self.moves(account, asset, amount)?;
                self.take(account, asset, Held, amount.get())
                    .ok_or(LedgerReject::InsufficientHeld)?;
                self.add(account, asset, Available, amount.get());
                touched.push((account, asset));
            }
            Command::Settle(settlement) => {
                self.refuses(&settlement)?;
                self.settle(&settlement);
                touched = order_of_postings(&settlement);
            }
        }
        // What is different now was posted, once, in the order of what was touched.
        for (account, asset) in touched {
            let (old, new) = (before.cell(account, asset), self.cell(account, asset));
            let told = |event: &Event| matches!(event, Event::Posted(p) if (p.account, p.asset) == (account, asset));
            if old == new || events.iter().any(told) {
                continue;
            }
            let change = |old: u128, new: u128| Delta::new(signed(new) - signed(old));
            events.push(Event::Posted(Posting {
                account,
                asset,
                available: change(old.0, new.0),
                held: change(old.1, new.1),
                balance: Balance {
                    available: Amount::new(new.0),
                    held: Amount::new(new.1),
                },
            }));
        }
        Ok(events)
    }

    fn known(&self, account: AccountId) -> Result<(), LedgerReject> {
        if self.closed.contains(&account) {
            return Err(LedgerReject::AccountClosed);
        }
        let open = self.open.contains(&account);
        open.then_some(()).ok_or(LedgerReject::UnknownAccount)
    }

    fn moves(
        &self,
        account: AccountId,
        asset: AssetId,
        amount: Amount,
    ) -> Result<(), LedgerReject> {
        if !self.assets.contains(&asset) {
            return Err(LedgerReject::UnknownAsset);
        }
        self.known(account)?;
        let some = amount.get() > 0;
        some.then_some(()).ok_or(LedgerReject::ZeroAmount)
    }

    /// Why a settlement is refused, by the words of the rules.
    fn refuses(&self, s: &Settlement) -> Result<(), LedgerReject> {
        let named = [s.base, s.quote, s.buyer_fee.asset, s.seller_fee.asset];
        if named.iter().any(|asset| !self.assets.contains(asset)) {
            return Err(LedgerReject::UnknownAsset);
        }
        for account in [s.buyer, s.seller, s.fee_account] {
            self.known(account)?;
        }
        if s.base_amount.is_zero() || s.quote_amount.is_zero() {
            return Err(LedgerReject::ZeroAmount);
        }
        let sides = [
            (
                s.buyer_fee,
                s.quote,
                s.quote_amount,
                s.buyer_frees,
                s.base,
                s.base_amount,
            ),
            (
                s.seller_fee,
                s.base,
                s.base_amount,
                s.seller_frees,
                s.quote,
                s.quote_amount,
            ),
        ];
        if s.base == s.quote {
            return Err(LedgerReject::InvalidSettlement);
        }
        for (fee, pays, amount, frees, receives, received) in sides {
            let positive = paid(fee);
            let over_received = fee.asset == receives && positive > received.get();
            let on_top = if fee.asset == pays { positive } else { 0 };
            let needed = amount.get().checked_add(on_top);
            if over_received || needed.is_none_or(|needed| frees.get() < needed) {
                return Err(LedgerReject::InvalidSettlement);
            }
        }
        for (rebate, fee) in [(s.buyer_fee, s.seller_fee), (s.seller_fee, s.buyer_fee)] {
            let covered = fee.asset == rebate.asset && paid(fee) >= rebated(rebate);
            if rebated(rebate) > 0 && !covered {
                return Err(LedgerReject::InvalidSettlement);
            }
        }
        if self.cell(s.buyer, s.quote).1 < s.buyer_frees.get()
            || self.cell(s.seller, s.base).1 < s.seller_frees.get()
        {
            return Err(LedgerReject::InsufficientHeld);
        }
        let fees = [(s.buyer, s.buyer_fee), (s.seller, s.seller_fee)];
        for (payer, fee) in fees {
            if fee.asset == s.base || fee.asset == s.quote {
                continue;
            }
            // All that this account has to pay in that asset.
            let same = fees
                .iter()
                .filter(|(other, of)| *other == payer && of.asset == fee.asset);
            let all = same
                .map(|(_, fee)| paid(*fee))
                .try_fold(0, u128::checked_add);
            if all.is_none_or(|all| self.cell(payer, fee.asset).0 < all) {
                return Err(LedgerReject::InsufficientAvailable);
            }
        }
        Ok(())
    }

    /// One movement after the other. None of them can fail any more.
    fn settle(&mut self, s: &Settlement) {
        for (account, asset, frees) in [
            (s.buyer, s.quote, s.buyer_frees),
            (s.seller, s.base, s.seller_frees),
        ] {
            self.carry((account, Held), (account, Available), asset, frees.get());
        }
        for (giver, receiver, asset, amount) in [
            (s.buyer, s.seller, s.quote, s.quote_amount),
            (s.seller, s.buyer, s.base, s.base_amount),
        ] {
            self.carry(
                (giver, Available),
                (receiver, Available),
                asset,
                amount.get(),
            );
        }
        let fees = [(s.buyer, s.buyer_fee), (s.seller, s.seller_fee)];
        let house = (s.fee_account, Available);
        for (party, fee) in fees {
            self.carry((party, Available), house, fee.asset, paid(fee));
        }
        for (party, fee) in fees {
            self.carry(house, (party, Available), fee.asset, rebated(fee));
        }
    }

    fn carry(
        &mut self,
        from: (AccountId, Part),
        to: (AccountId, Part),
        asset: AssetId,
        amount: u128,
    ) {
        let taken = self.take(from.0, asset, from.1, amount);
        taken.expect("there is enough");
        self.add(to.0, asset, to.1, amount);
    }

    fn add(&mut self, account: AccountId, asset: AssetId, part: Part, amount: u128) {
        let (available, held) = self.cell(account, asset);
        let cell = match part {
            Available => (available + amount, held),
            Held => (available, held + amount),
        };
        self.set(account, asset, cell);
    }

    fn take(&mut self, account: AccountId, asset: AssetId, part: Part, amount: u128) -> Option<()> {
        let (available, held) = self.cell(account, asset);
        let cell = match part {
            Available => (available.checked_sub(amount)?, held),
            Held => (available, held.checked_sub(amount)?),
        };
        self.set(account, asset, cell);
        Some(())
    }

    fn cell(&self, account: AccountId, asset: AssetId) -> (u128, u128) {
        let cell = self.balances.get(&(account, asset));
        cell.copied().unwrap_or_default()
    }

    fn set(&mut self, account: AccountId, asset: AssetId, cell: (u128, u128)) {
        if cell == (0, 0) {
            self.balances.remove(&(account, asset));
        } else {
            self.balances.insert((account, asset), cell);
        }
    }

    fn sum(&self, asset: AssetId) -> u128 {
        let of = self.balances.iter().filter(|((_, of), _)| *of == asset);
        of.map(|(_, (available, held))| available + held).sum()
    }
}

fn paid(fee: Fee) -> u128 {
    u128::try_from(fee.amount.get()).unwrap_or(0)
}

fn rebated(fee: Fee) -> u128 {
    if fee.amount.get() < 0 {
        fee.amount.get().unsigned_abs()
    } else {
        0
    }
}

fn signed(amount: u128) -> i128 {
    i128::try_from(amount).expect("nobody owns more")
}

fn order_of_postings(s: &Settlement) -> Vec<(AccountId, AssetId)> {
    vec![
        (s.buyer, s.quote),
        (s.seller, s.base),
        (s.buyer, s.base),
        (s.seller, s.quote),
        (s.buyer, s.buyer_fee.asset),
        (s.seller, s.seller_fee.asset),
        (s.fee_account, s.buyer_fee.asset),
        (s.fee_account, s.seller_fee.asset),
    ]
}

/// Everything that the ledger's queries say.
fn balances(ledger: &Ledger) -> Balances {
    let mut all = Balances::new();
    for account in ledger.accounts() {
        for (asset, balance) in ledger.balances(account).expect("listed") {
            assert_eq!(ledger.balance(account, asset), Some(balance));
            assert_eq!(ledger.available(account, asset), balance.available);
            let Balance { available, held } = balance;
            all.insert((account, asset), (available.get(), held.get()));
        }
    }
    all
}

/// Few of everything, so that commands meet; the last of each are rarely or never known.
fn account() -> impl Strategy<Value = AccountId> {
    prop_oneof![20 => 0..4_u64, 1 => Just(9), 1 => Just(100)].prop_map(AccountId::new)
}

fn asset() -> impl Strategy<Value = AssetId> {
    prop_oneof![24 => 0..3_u32, 1 => Just(9)].prop_map(AssetId::new)
}

/// So many times `unit`, or one more or less.
fn amount(unit: u128) -> impl Strategy<Value = Amount> {
    prop_oneof![
        1 => Just(0),
        20 => (1..60_u128).prop_map(move |times| times * unit),
        4 => (1..60_u128, 0..3_u128).prop_map(move |(times, add)| times * unit + add - 1),
        1 => (0..60_u128).prop_map(|below| ALL - below),
        1 => (0..60_u128).prop_map(|below| u128::MAX - below),
        1 => Just(ALL / 2),
    ]
    .prop_map(Amount::new)
}

fn fee(unit: u128) -> impl Strategy<Value = Fee> {
    let unit = signed(unit);
    let amount = prop_oneof![
        2 => Just(0),
        8 => (0..8_i128).prop_map(move |times| times * unit),
        2 => (-8..0_i128).prop_map(move |times| times * unit),
        1 => (-9..9_i128).prop_map(move |times| times * unit + 1),
    ];
    let extreme = prop_oneof![Just(i128::MAX), Just(i128::MIN), Just(-i128::MAX)];
    let amount = prop_oneof![30 => amount, 1 => extreme].prop_map(Delta::new);
    (asset(), amount).prop_map(|(asset, amount)| Fee { asset, amount })
}

/// How one side of a settlement frees what it pays.
#[derive(Debug, Clone, Copy)]
enum Frees {
    /// Exactly that and a fee on top of it.
    Needed,
    /// That and so much more.
    More(Amount),
    Any(Amount),
}

fn frees(unit: u128) -> impl Strategy<Value = Frees> {
    prop_oneof![
        4 => Just(Frees::Needed),
        3 => amount(unit).prop_map(Frees::More),
        1 => amount(unit).prop_map(Frees::Any),
    ]
}

/// How the fee of the seller has to do with that of the buyer.
#[derive(Debug, Clone, Copy)]
enum Kin {
    Stranger,
    SameAsset,
    /// A rebate of all of it, but so much.
    Rebate(i128),
}

fn kin() -> impl Strategy<Value = Kin> {
    prop_oneof![
        4 => Just(Kin::Stranger),
        2 => Just(Kin::SameAsset),
        3 => (-1..4_i128).prop_map(Kin::Rebate),
    ]
}

fn settlement(unit: u128) -> impl Strategy<Value = Settlement> {
    (
        (asset(), asset()),
        (account(), account(), account()),
        (amount(unit), amount(unit)),
        (fee(unit), fee(unit), kin(), any::<bool>()),
        (frees(unit), frees(unit)),
    )
        .prop_map(|(assets, accounts, amounts, fees, frees)| {
            let (mut buyer_fee, mut seller_fee, kin, swapped) = fees;
            match kin {
                Kin::Stranger => {}
                Kin::SameAsset => seller_fee.asset = buyer_fee.asset,
                Kin::Rebate(less) => {
                    let rebate = (-buyer_fee.amount).get().saturating_add(less);
                    seller_fee.asset = buyer_fee.asset;
                    seller_fee.amount = Delta::new(rebate);
                }
            }
            if swapped {
                (buyer_fee, seller_fee) = (seller_fee, buyer_fee);
            }
            let freed = |frees, amount: Amount, pays, fee: Fee| {
                let on_top = if fee.asset == pays { paid(fee) } else { 0 };
                let needed = amount.get().saturating_add(on_top);
                Amount::new(match frees {
                    Frees::Needed => needed,
                    Frees::More(more) => needed.saturating_add(more.get()),
                    Frees::Any(amount) => amount.get(),
                })
            };
            Settlement {
                base: assets.0,
                quote: assets.1,
                buyer: accounts.0,
                seller: accounts.1,
                base_amount: amounts.0,
                quote_amount: amounts.1,
                buyer_frees: freed(frees.0, amounts.1, assets.1, buyer_fee),
                seller_frees: freed(frees.1, amounts.0, assets.0, seller_fee),
                buyer_fee,
                seller_fee,
                fee_account: accounts.2,
            }
        })
}

fn command(unit: u128) -> impl Strategy<Value = Command> {
    prop_oneof![
        1 => asset().prop_map(|asset| Command::AddAsset { asset }),
        1 => account().prop_map(|account| Command::OpenAccount { account }),
        1 => account().prop_map(|account| Command::CloseAccount { account }),
        20 => (0..20_u8, account(), asset(), amount(unit)).prop_map(
            |(kind, account, asset, amount)| match kind {
                0..6 => Command::Deposit { account, asset, amount },
                6..9 => Command::Withdraw { account, asset, amount },
                9..17 => Command::Hold { account, asset, amount },
                _ => Command::Release { account, asset, amount },
            }
        ),
        12 => settlement(unit).prop_map(Command::Settle),
    ]
}

/// Everybody has and holds so much of everything that with the larger unit it is nearly all there can
/// be.
fn opening(unit: u128) -> Vec<Command> {
    let assets = || (0..3).map(AssetId::new);
    let accounts = || (0..4).map(AccountId::new);
    let mut commands: Vec<_> = assets().map(|asset| Command::AddAsset { asset }).collect();
    commands.extend(accounts().map(|account| Command::OpenAccount { account }));
    for account in accounts() {
        for asset in assets() {
            for amount in [Amount::new(10 * unit), Amount::new(90 * unit)] {
                commands.push(Command::Deposit {
                    account,
                    asset,
                    amount,
                });
            }
            commands.push(Command::Hold {
                account,
                asset,
                amount: Amount::new(90 * unit),
            });
        }
    }
    commands
}

const LARGE: u128 = ALL / 400;

/// Commands of one unit, and how many come before the random ones.
fn commands() -> impl Strategy<Value = Vec<Command>> {
    (prop_oneof![Just(1), Just(LARGE)], any::<bool>()).prop_flat_map(|(unit, opened)| {
        let random = prop::collection::vec(command(unit), 1..120);
        random.prop_map(move |random| {
            let mut commands = if opened { opening(unit) } else { Vec::new() };
            commands.extend(random);
            commands
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_ledger_does_what_the_model_does(commands in commands()) {
        let mut ledger = Ledger::new();
        let mut model = Model::default();
        let mut folded = Balances::new();
        for command in &commands {
            let before = ledger.clone();
            // An event of somebody else, which is left alone.
            let other = Event::AccountOpened { account: AccountId::new(7) };
            let mut events = vec![other];
            let foretold = ledger.validate(command);
            let result = ledger.apply(command, &mut events);
            prop_assert_eq!(result, foretold);
            prop_assert_eq!(events.remove(0), other);
            match model.apply(command) {
                Ok(expected) => {
                    prop_assert_eq!(result, Ok(()), "{:?}", command);
                    prop_assert_eq!(&events, &expected, "{:?}", command);
                }
                Err(reject) => {
                    prop_assert_eq!(result, Err(reject), "{:?}", command);
                    prop_assert_eq!(ledger.snapshot(), before.snapshot());
                    prop_assert_eq!(&ledger, &before);
                    prop_assert!(events.is_empty());
                    continue;
                }
            }
            assert_double_entry(&events);

            // I4, by the ledger's own account and by ours.
            prop_assert_eq!(ledger.check(), Ok(()));
            prop_assert!(ledger.assets().eq(model.assets.iter().copied()));
            for asset in ledger.assets() {
                prop_assert_eq!(ledger.total(asset), Some(Amount::new(model.sum(asset))));
            }
            let accounts: BTreeSet<_> = model.open.union(&model.closed).copied().collect();
            prop_assert!(ledger.accounts().eq(accounts));
            for account in ledger.accounts() {
                prop_assert_eq!(ledger.has_account(account), model.open.contains(&account));
                prop_assert_eq!(ledger.is_closed(account), model.closed.contains(&account));
            }
            prop_assert_eq!(&balances(&ledger), &model.balances);

            // Keeping the last balance that was posted is enough.
            for event in &events {
                if let Event::Posted(Posting { account, asset, balance, .. }) = *event {
                    folded.insert((account, asset), (balance.available.get(), balance.held.get()));
                }
            }
            folded.retain(|_, both| *both != (0, 0));
            prop_assert_eq!(&folded, &model.balances);
        }

        let restored = Ledger::restore(&ledger.snapshot());
        prop_assert_eq!(restored.as_ref(), Ok(&ledger));
        // And the restored one goes on like the original.
        let mut restored = restored.expect("just compared");
        for command in &commands {
            let (mut left, mut right): (Vec<Event>, Vec<Event>) = (Vec::new(), Vec::new());
            let result = ledger.apply(command, &mut left);
            prop_assert_eq!(restored.apply(command, &mut right), result);
            prop_assert_eq!(left, right);
        }
    }
}

/// The model is worth something only where commands of all kinds are taken and refused.
#[test]
fn the_random_commands_reach_everything() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let mut settled = [0; 6];
    let mut rejects: BTreeMap<String, u32> = BTreeMap::new();
    for _ in 0..300 {
        let commands = commands()
            .new_tree(&mut runner)
            .expect("no filter")
            .current();
        let mut ledger = Ledger::new();
        for command in &commands {
            let mut events: Vec<Event> = Vec::new();
            let result = ledger.apply(command, &mut events);
            if let (Ok(()), Command::Settle(s)) = (&result, command) {
                let third = |fee: Fee| fee.asset != s.base && fee.asset != s.quote;
                let kinds = [
                    s.buyer == s.seller,
                    s.fee_account == s.buyer || s.fee_account == s.seller,
                    rebated(s.buyer_fee) > 0 || rebated(s.seller_fee) > 0,
                    third(s.buyer_fee) && paid(s.buyer_fee) > 0,
                    paid(s.seller_fee) > 0 && s.seller_fee.asset == s.base,
                    s.base_amount.get() > 1 << 100,
                ];
                for (count, is) in settled.iter_mut().zip(kinds) {
                    *count += u32::from(is);
                }
            }
            if let (Err(reject), Command::Settle(_)) = (result, command) {
                *rejects.entry(format!("{reject:?}")).or_default() += 1;
            }
        }
    }
    assert!(settled.iter().all(|count| *count >= 10), "{settled:?}");
    assert_eq!(rejects.len(), 7, "{rejects:?}");
    assert!(rejects.values().all(|count| *count >= 10), "{rejects:?}");
}
