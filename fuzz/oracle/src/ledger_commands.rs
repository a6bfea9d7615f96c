//! Arbitrary bytes as commands for a ledger.
//!
//! The first byte tells whether the ledger is opened with some accounts and money. After that each
//! twelve bytes are a command, and an incomplete command at the end is dropped.
//!
//! | byte | of the header means |
//! |---|---|
//! | 0 | modulo 4: 0 a hundred of everything for everybody, 1 much of it held already, 2 almost as much as there may be, 3 nothing at all; divided by 4, modulo 32: 31 many accounts and assets besides, and two far from the others before all of them |
//!
//! | byte | means |
//! |---|---|
//! | 0 | what to do, modulo 32: 0 add asset, 1 open account, 2 close an account, mostly one that has little to do, 3-6 deposit, 7-9 withdraw, 10-14 hold, 15-17 release, 18-31 settle |
//! | 1 | the account; of a settlement the buyer and the seller, a nibble each |
//! | 2 | the asset; of a settlement base and quote, a nibble each |
//! | 3 | the amount, of a settlement that of base: below 224 small, else an extreme |
//! | 4 | the quote amount of a settlement, likewise |
//! | 5, 6 | how much the buyer and the seller free: below 192 what they pay and their fee, below 224 a little more, below 232 a unit less than they pay, else an extreme |
//! | 7, 8 | the amounts of the fees of buyer and seller: below 112 none to a few, below 196 some more, below 208 a rebate, else an extreme |
//! | 9 | their assets, a nibble each: 0-4 what is received, 5-9 what is paid, else any |
//! | 10 | the fee account |
//! | 11 | how much larger an extreme amount is made or a small one multiplied: bits 0 and 1 the amount, 2 and 3 the quote amount. Divided by 16: 0-2 the seller's fee is a rebate out of that of the buyer, 3-5 the other way round, 6 and 7 both fees are in a third asset |

use accounts_core::{AccountId, Amount, AssetId, Command, Delta, Fee, Settlement};

use crate::commands::random_bytes;

/// The length of the part before the commands.
pub const HEADER: usize = 1;

/// The number of an account and of an asset that come before others with smaller numbers.
const FAR: u32 = 80;

/// The length of a command.
pub const COMMAND: usize = 12;

/// Random bytes for so many commands; see [`commands::seeded`](crate::commands::seeded).
pub fn seeded(seed: u64, block: u64, commands: usize) -> Vec<u8> {
    random_bytes(seed, block, HEADER + COMMAND * commands)
}

/// The commands that some bytes ask for.
pub fn commands(bytes: &[u8]) -> impl Iterator<Item = Command> + Clone + '_ {
    let opening = opening(bytes.first().copied().unwrap_or(3));
    let rest = bytes.get(HEADER..).unwrap_or(&[]);
    let (random, _) = rest.as_chunks::<COMMAND>();
    opening
        .into_iter()
        .chain(random.iter().copied().map(decode))
}

/// Three assets, four accounts, and some of everything for everybody.
fn opening(byte: u8) -> Vec<Command> {
    let (available, held) = match byte % 4 {
        0 => (100, 0),
        1 => (60, 1_000),
        // Four of these and three units are all there may be.
        2 => ((1 << 125) - 1, (1 << 125) - 100),
        _ => return Vec::new(),
    };
    let mut commands = Vec::new();
    if byte / 4 % 32 == 31 {
        let (account, asset) = (AccountId::new(FAR.into()), AssetId::new(FAR));
        commands.push(Command::OpenAccount { account });
        commands.push(Command::AddAsset { asset });
        for number in 4..FAR - 10 {
            let (account, asset) = (AccountId::new(number.into()), AssetId::new(number));
            commands.push(Command::OpenAccount { account });
            commands.push(Command::AddAsset { asset });
        }
    }
    let assets = (1..=3).map(AssetId::new);
    let accounts = (0..4).map(AccountId::new);
    commands.extend(assets.clone().map(|asset| Command::AddAsset { asset }));
    commands.extend(
        accounts
            .clone()
            .map(|account| Command::OpenAccount { account }),
    );
    for asset in assets {
        for account in accounts.clone() {
            commands.push(Command::Deposit {
                account,
                asset,
                amount: Amount::new(available),
            });
        }
        for account in accounts.clone().filter(|_| held > 0) {
            let amount = Amount::new(held);
            if byte % 4 == 1 {
                commands.push(Command::Deposit {
                    account,
                    asset,
                    amount,
                });
            }
            commands.push(Command::Hold {
                account,
                asset,
                amount,
            });
        }
    }
    commands
}

fn decode(bytes: [u8; COMMAND]) -> Command {
    let [what, who, of, one, .., more] = bytes;
    let (account, asset, amount) = (account(who), asset(of), amount(one, more));
    match what % 32 {
        0 => Command::AddAsset { asset },
        1 => Command::OpenAccount { account },
        // Those of the opening are needed for longer.
        2 if what < 224 => Command::CloseAccount {
            account: AccountId::new(if what < 128 { 4 } else { FAR.into() }),
        },
        2 => Command::CloseAccount { account },
        3..=6 => Command::Deposit {
            account,
            asset,
            amount,
        },
        7..=9 => Command::Withdraw {
            account,
            asset,
            amount,
        },
        10..=14 => Command::Hold {
            account,
            asset,
            amount,
        },
        15..=17 => Command::Release {
            account,
            asset,
            amount,
        },
        _ => Command::Settle(settlement(bytes)),
    }
}

fn settlement(bytes: [u8; COMMAND]) -> Settlement {
    let [
        _,
        who,
        of,
        one,
        two,
        buyer_frees,
        seller_frees,
        buyer_fee,
        seller_fee,
        fee_assets,
        fee_account,
        more,
    ] = bytes;
    let base = asset(of);
    // Two different ones, mostly.
    let quote = match of >> 4 {
        other @ 0..14 => AssetId::new((base.get() % 3 + u32::from(other % 2)) % 3 + 1),
        other => asset(other),
    };
    let (base_amount, quote_amount) = (amount(one, more), amount(two, more >> 2));
    let buyer_fee = fee(buyer_fee, fee_assets, base, quote);
    let seller_fee = fee(seller_fee, fee_assets >> 4, quote, base);
    let (buyer_fee, seller_fee) = match more >> 4 {
        0..=2 => (buyer_fee, rebate(buyer_fee, more)),
        3..=5 => (rebate(seller_fee, more), seller_fee),
        6 | 7 => {
            let third = (1..=3)
                .map(AssetId::new)
                .find(|it| *it != base && *it != quote);
            let asset = third.unwrap_or(base);
            (
                Fee { asset, ..buyer_fee },
                Fee {
                    asset,
                    ..seller_fee
                },
            )
        }
        _ => (buyer_fee, seller_fee),
    };
    Settlement {
        base,
        quote,
        buyer: account(who),
        seller: account(who >> 4),
        base_amount,
        quote_amount,
        buyer_frees: frees(buyer_frees, quote, quote_amount, buyer_fee),
        seller_frees: frees(seller_frees, base, base_amount, seller_fee),
        buyer_fee,
        seller_fee,
        fee_account: account(fee_account),
    }
}

/// One of four that are likely to be known, or now and then another.
fn account(byte: u8) -> AccountId {
    AccountId::new(match byte % 16 {
        13 => FAR.into(),
        14 => 4,
        15 => u64::MAX,
        small => u64::from(small % 4),
    })
}

/// One of three that are likely to be known, or now and then another.
fn asset(byte: u8) -> AssetId {
    AssetId::new(match byte % 16 {
        14 => FAR,
        15 => u32::MAX,
        small => u32::from(small % 3) + 1,
    })
}

fn amount(byte: u8, more: u8) -> Amount {
    let more = u128::from(more % 4);
    Amount::new(match byte {
        0..160 => (u128::from(byte % 32) + 1) * (1 + more),
        160..216 => (u128::from(byte % 8) + 1) << (119 + 2 * more),
        216..224 => 0,
        224..229 => u128::MAX - more,
        229..239 => (u128::MAX >> 1) - more,
        239..244 => (u128::MAX >> 1) + 1 + more,
        244..250 => (u128::MAX >> 2) - more,
        250..=255 => (1 << 64) - 1 + more,
    })
}

fn frees(byte: u8, pays: AssetId, amount: Amount, fee: Fee) -> Amount {
    let on_top = if fee.asset == pays && fee.amount.get() > 0 {
        fee.amount.get().unsigned_abs()
    } else {
        0
    };
    Amount::new(match byte {
        0..192 => amount.get().saturating_add(on_top),
        192..224 => amount
            .get()
            .saturating_add(on_top)
            .saturating_add(u128::from(byte % 16)),
        224..232 => amount.get().saturating_sub(1),
        232..236 => 0,
        236..244 => u128::MAX,
        244..250 => u128::MAX >> 1,
        250..=255 => 1 << 125,
    })
}

/// All of a fee, or a unit more or less.
fn rebate(of: Fee, byte: u8) -> Fee {
    let all = of.amount.get().checked_neg().unwrap_or(0);
    let amount = match byte % 4 {
        0 => all.saturating_sub(1),
        1 => all.saturating_add(1),
        _ => all,
    };
    Fee {
        asset: of.asset,
        amount: Delta::new(amount),
    }
}

fn fee(byte: u8, of: u8, received: AssetId, paid: AssetId) -> Fee {
    let size = i128::from(byte % 4);
    Fee {
        asset: match of % 16 {
            0..5 => received,
            5..10 => paid,
            other => asset(other),
        },
        amount: Delta::new(match byte {
            0..112 => size,
            112..196 => i128::from(byte - 112),
            196..208 => -size,
            208..214 => i128::MAX - size,
            214..220 => i128::MIN + size,
            220..232 => (1 + size) << 122,
            232..244 => -((1 + size) << 122),
            244..250 => 1 << 64,
            250..=255 => -(1 << 64),
        }),
    }
}
