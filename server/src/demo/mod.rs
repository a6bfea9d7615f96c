//! `--demo`: two funded accounts for the visitor, and bots that keep two markets moving.
//!
//! The bots are clients like any other: they come in through the public API, with keys of
//! accounts of their own. Only their accounts and play money are arranged here directly.

mod bots;
mod client;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use accounts_core::Amount;
use anyhow::Context;
use exchange_engine::Command;
use orderbook_core::AccountId;
use serde::{Deserialize, Serialize};

use crate::accounts::{self, NewKey};
use crate::api::hex::hex;
use crate::gateway::App;
use client::Client;

/// What all of the names below begin with. Nobody else may register such a name.
pub(crate) const RESERVED: &str = "demo-";
/// The visitor's accounts.
const VISITORS: [&str; 2] = ["demo-alice", "demo-bob"];
/// The bots' accounts: one quotes, the other takes.
const MAKER: &str = "demo-maker";
const TAKER: &str = "demo-taker";
/// The file that tells the visitor's keys.
const FILE: &str = "demo-credentials.json";

/// An account that the visitor may use.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Visitor {
    name: String,
    api_key: String,
    secret_key: String,
}

/// Creates and funds what is missing, tells the visitor's keys and starts the bots.
pub(crate) async fn prepare(
    app: &Arc<App>,
    data_dir: &Path,
    address: SocketAddr,
) -> anyhow::Result<()> {
    let mut accounts = Vec::new();
    for name in VISITORS {
        accounts.push(account(app, name, 1).await?);
    }
    let visitors = visitors(app, data_dir, &accounts).await?;
    tell(&visitors, &data_dir.join(FILE));

    let address = match address.ip() {
        // What listens everywhere is reached on loopback.
        ip if ip.is_unspecified() => {
            SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), address.port())
        }
        _ => address,
    };
    let maker = bot(app, MAKER, address).await?;
    let taker = bot(app, TAKER, address).await?;
    bots::start(app, &maker, &taker);
    Ok(())
}

/// The account of a user, created and funded where it is new.
async fn account(app: &App, name: &str, wealth: u128) -> anyhow::Result<AccountId> {
    let users = app.credentials.users().await?;
    let known = users
        .into_iter()
        .find(|(_, user)| user.eq_ignore_ascii_case(name));
    let account = if let Some((account, _)) = known {
        account
    } else {
        // Nobody logs in as a demo user; its keys are made here.
        let password: [u8; 32] = rand::random();
        let account = app
            .credentials
            .register(name, &hex(&password), &accounts::Client::LOCAL)
            .await?;
        app.entry
            .submit(Command::OpenAccount { account })
            .await?
            .outcome()
            .result?;
        account
    };
    // A balance that was ever touched is listed, even where it is zero now: each asset is given
    // once, also where an earlier start was interrupted.
    let known = {
        let balances = app.balances.at(app.entry.published()).await;
        balances.account(account).cloned().unwrap_or_default()
    };
    for asset in app.symbols().assets() {
        if !known.balances.contains_key(&asset.id) {
            let whole = match asset.code.as_str() {
                "BTC" => 10,
                "ETH" => 100,
                _ => 1_000_000,
            };
            let amount = whole * wealth * 10_u128.pow(asset.decimals.into());
            let deposit = Command::Deposit {
                account,
                asset: asset.id,
                amount: Amount::new(amount),
            };
            app.entry.submit(deposit).await?.outcome().result?;
        }
    }
    Ok(account)
}

/// The visitor's keys: those of the last start where they are still good, new ones otherwise.
async fn visitors(
    app: &App,
    data_dir: &Path,
    accounts: &[AccountId],
) -> anyhow::Result<Vec<Visitor>> {
    let file = data_dir.join(FILE);
    let mut known: Vec<Visitor> = std::fs::read(&file)
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default();
    let mut visitors = Vec::new();
    for (name, account) in VISITORS.into_iter().zip(accounts) {
        let old = known
            .iter()
            .position(|visitor| visitor.name == name)
            .map(|old| known.swap_remove(old));
        let still_good = match &old {
            Some(old) => app
                .credentials
                .find_api_key(&old.api_key)
                .await?
                .is_some_and(|key| key.account == *account),
            None => false,
        };
        let visitor = if let Some(old) = old.filter(|_| still_good) {
            old
        } else {
            let (api_key, secret_key) = new_key(app, *account, "demo").await?;
            Visitor {
                name: name.into(),
                api_key,
                secret_key,
            }
        };
        visitors.push(visitor);
    }
    write_private(&file, &serde_json::to_vec_pretty(&visitors)?)
        .with_context(|| format!("{} cannot be written", file.display()))?;
    Ok(visitors)
}

/// Replaces a file that only its owner may read, whole or not at all.
fn write_private(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let draft = file.with_extension("json.new");
    let mut options = std::fs::OpenOptions::new();
    let mut written = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)?;
    written.write_all(bytes)?;
    written.write_all(b"\n")?;
    std::fs::rename(draft, file)
}

#[allow(clippy::print_stdout)] // The visitor asked for the keys by starting a demo.
fn tell(visitors: &[Visitor], file: &Path) {
    println!("Demo accounts (also in {}):", file.display());
    for visitor in visitors {
        println!("  {}", visitor.name);
        println!("    apiKey    {}", visitor.api_key);
        println!("    secretKey {}", visitor.secret_key);
    }
}

/// A client for a bot, with a key that only this process has ever seen.
async fn bot(app: &App, name: &str, address: SocketAddr) -> anyhow::Result<Client> {
    let account = account(app, name, 1_000).await?;
    for key in app.credentials.api_keys(account).await? {
        app.credentials
            .revoke_api_key(account, &key.api_key, &accounts::Client::LOCAL)
            .await?;
    }
    let (api_key, secret_key) = new_key(app, account, "bot").await?;
    Client::new(address, api_key, secret_key)
}

/// An API key of this process, and its secret.
async fn new_key(app: &App, account: AccountId, label: &str) -> anyhow::Result<(String, String)> {
    let new = NewKey {
        label,
        ..NewKey::default()
    };
    let client = accounts::Client::LOCAL;
    let key = app
        .credentials
        .create_api_key(account, new, &client)
        .await?;
    let secret = key.secret_key.context("a key without a secret")?;
    Ok((key.api_key, secret))
}
