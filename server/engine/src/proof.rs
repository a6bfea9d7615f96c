//! Proof that the money adds up.

use alloc::vec::Vec;
use core::fmt;

use accounts_core::{Amount, AssetId, IdMap};

use crate::{Exchange, FEE_ACCOUNT};

/// What an exchange owes, and what it was given: per asset these must be equal.
///
/// ```
/// use accounts_core::{Amount, AssetId};
/// use exchange_engine::{Command, Exchange, Input};
/// use orderbook_core::{AccountId, Timestamp};
///
/// let (usd, ann) = (AssetId::new(0), AccountId::new(1));
/// let mut exchange = Exchange::new();
/// for command in [
///     Command::AddAsset { asset: usd, code: "USD".into(), decimals: 2 },
///     Command::OpenAccount { account: ann },
///     Command::Deposit { account: ann, asset: usd, amount: Amount::new(100) },
/// ] {
///     let time = Timestamp::from_millis(1);
///     exchange.apply(&Input { time, command }, &mut Vec::new())?;
/// }
/// let proof = exchange.proof();
/// assert!(proof.adds_up());
/// assert_eq!(proof.assets()[0].liabilities(), Some(Amount::new(100)));
/// # Ok::<(), exchange_engine::Reject>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof(Vec<AssetProof>);

/// One asset of a [`Proof`], in its smallest units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AssetProof {
    /// Which one.
    pub asset: AssetId,
    /// What all accounts but the fee account have available.
    pub available: Amount,
    /// What is held for their open orders.
    pub held: Amount,
    /// What the fee account owns, available or held.
    pub fees: Amount,
    /// What came from outside and has not gone back: deposits minus withdrawals.
    pub external: Amount,
}

impl AssetProof {
    /// What is owed to customers: available and held. `None` where it does not fit.
    pub const fn liabilities(&self) -> Option<Amount> {
        self.available.checked_add(self.held)
    }

    /// Whether liabilities and fees are what came from outside.
    pub fn adds_up(&self) -> bool {
        let liabilities = self.liabilities();
        liabilities.and_then(|owed| owed.checked_add(self.fees)) == Some(self.external)
    }
}

impl Proof {
    /// By ascending asset.
    pub fn assets(&self) -> &[AssetProof] {
        &self.0
    }

    /// Whether every asset adds up. Anything else is a bug in this software.
    pub fn adds_up(&self) -> bool {
        self.0.iter().all(AssetProof::adds_up)
    }
}

/// One line for each asset, in smallest units.
impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for asset in &self.0 {
            writeln!(
                f,
                "asset {}: available {} + held {} + fees {} = deposits - withdrawals {}",
                asset.asset, asset.available, asset.held, asset.fees, asset.external
            )?;
        }
        Ok(())
    }
}

impl Exchange {
    /// What is owed and what was given, added up anew. O(balances).
    ///
    /// # Panics
    ///
    /// Where balances do not fit 128 bits together, which is a bug that
    /// [`check`](Self::check) reports.
    pub fn proof(&self) -> Proof {
        let ledger = self.ledger();
        let mut proofs: IdMap<AssetId, AssetProof> = IdMap::new();
        for asset in ledger.assets() {
            let proof = AssetProof {
                asset,
                available: Amount::ZERO,
                held: Amount::ZERO,
                fees: Amount::ZERO,
                external: ledger.total(asset).unwrap_or_default(),
            };
            proofs.insert(asset, proof);
        }
        let add = |sum: &mut Amount, amount| {
            *sum = sum.checked_add(amount).expect("the total of an asset fits");
        };
        for account in ledger.accounts() {
            for (asset, balance) in ledger.balances(account).into_iter().flatten() {
                let Some(proof) = proofs.get_mut(asset) else {
                    continue;
                };
                if account == FEE_ACCOUNT {
                    add(&mut proof.fees, balance.available);
                    add(&mut proof.fees, balance.held);
                } else {
                    add(&mut proof.available, balance.available);
                    add(&mut proof.held, balance.held);
                }
            }
        }
        Proof(proofs.values().copied().collect())
    }
}
