//! Arbitrary bytes as commands for a ledger.
//!
//! The first byte tells whether the ledger is opened with some accounts and money. After that each
//! eight bytes are a command, and an incomplete command at the end is dropped.
//!
//! | byte | means |
//! |---|---|
//! | 0 | what to do, modulo 16: 0 add asset, 1 open account, 2-4 deposit, 5-6 withdraw, 7-9 hold, 10-11 release, 12-15 settle |
//! | 1 | the account; of a settlement the buyer and the seller, a nibble each |
//! | 2 | the asset; of a settlement base and quote, a nibble each |
//! | 3 | the amount, of a settlement that of base: below 224 small, else an extreme |
//! | 4 | the quote amount of a settlement, likewise |
//! | 5, 6 | the fees of a settlement: below 224 none to a few, else an extreme |
//! | 7 | the fee account |

use accounts_core::{AccountId, Amount, AssetId, Command, Settlement};

use crate::commands::random_bytes;

/// The length of the part before the commands.
pub const HEADER: usize = 1;

/// The length of a command.
pub const COMMAND: usize = 8;

/// Random bytes for so many commands; see [`commands::seeded`](crate::commands::seeded).
pub fn seeded(seed: u64, block: u64, commands: usize) -> Vec<u8> {
    random_bytes(seed, block, HEADER + COMMAND * commands)
}

/// The commands that some bytes ask for.
pub fn commands(bytes: &[u8]) -> impl Iterator<Item = Command> + Clone + '_ {
    let opened = bytes.first().is_some_and(|byte| byte.is_multiple_of(2));
    let rest = bytes.get(HEADER..).unwrap_or(&[]);
    let (random, _) = rest.as_chunks::<COMMAND>();
    opening()
        .filter(move |_| opened)
        .chain(random.iter().copied().map(decode))
}

/// Three assets, four accounts, and a hundred of everything for everybody.
fn opening() -> impl Iterator<Item = Command> + Clone {
    let deposits = (1..=3).flat_map(|asset| {
        (0..4).map(move |account| Command::Deposit {
            account: AccountId::new(account),
            asset: AssetId::new(asset),
            amount: Amount::new(100),
        })
    });
    let assets = (1..=3).map(|asset| Command::AddAsset {
        asset: AssetId::new(asset),
    });
    let accounts = (0..4).map(|account| Command::OpenAccount {
        account: AccountId::new(account),
    });
    assets.chain(accounts).chain(deposits)
}

fn decode(bytes: [u8; COMMAND]) -> Command {
    let [what, who, of, one, two, fee, other_fee, fee_account] = bytes;
    let (account, asset, amount) = (account(who), asset(of), amount(one));
    match what % 16 {
        0 => Command::AddAsset { asset },
        1 => Command::OpenAccount { account },
        2..=4 => Command::Deposit {
            account,
            asset,
            amount,
        },
        5..=6 => Command::Withdraw {
            account,
            asset,
            amount,
        },
        7..=9 => Command::Hold {
            account,
            asset,
            amount,
        },
        10..=11 => Command::Release {
            account,
            asset,
            amount,
        },
        _ => Command::Settle(settlement([who, of, one, two, fee, other_fee, fee_account])),
    }
}

fn settlement([who, of, one, two, fee, other_fee, fee_account]: [u8; 7]) -> Settlement {
    Settlement {
        base: asset(of),
        quote: asset(of >> 4),
        buyer: account(who),
        seller: account(who >> 4),
        base_amount: amount(one),
        quote_amount: amount(two),
        buyer_fee: self::fee(fee),
        seller_fee: self::fee(other_fee),
        fee_account: account(fee_account),
    }
}

/// One of four that are likely to be known, or now and then another.
fn account(byte: u8) -> AccountId {
    AccountId::new(match byte % 16 {
        15 => u64::MAX,
        small => u64::from(small % 4),
    })
}

/// One of three that are likely to be known, or now and then another.
fn asset(byte: u8) -> AssetId {
    AssetId::new(match byte % 16 {
        15 => u32::MAX,
        small => u32::from(small % 3) + 1,
    })
}

fn amount(byte: u8) -> Amount {
    Amount::new(match byte {
        0..224 => u128::from(byte % 32) + 1,
        224..232 => 0,
        232..237 => u128::MAX,
        237..242 => u128::MAX - 1,
        242..247 => u128::MAX / 2,
        247..252 => u128::MAX / 2 + 1,
        252..=255 => 1 << 64,
    })
}

fn fee(byte: u8) -> Amount {
    match byte {
        0..224 => Amount::new(u128::from(byte % 4)),
        _ => amount(byte),
    }
}
