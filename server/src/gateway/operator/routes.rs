//! The actions of operators.

use accounts_core::{Amount, AssetId};
use exchange_engine::{Command, FEE_ACCOUNT, Scope};
use orderbook_core::AccountId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::accounts::routes::{ListedEntry, client};
use crate::accounts::{Event, MOST_ENTRIES};
use crate::error::ApiError;
use crate::gateway::operation::Call;

/// The most characters of a reason.
const LONGEST_REASON: usize = 200;

/// How much of the exchange an action is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Extent {
    /// All of it.
    Venue,
    /// The instrument in `symbol`.
    Symbol,
    /// The account in `accountId`.
    Account,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Halt {
    scope: Extent,
    symbol: Option<String>,
    account_id: Option<u64>,
    /// Whether open orders are cancelled, too.
    #[serde(default)]
    cancel_orders: bool,
    /// For the trail.
    reason: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Resume {
    scope: Extent,
    symbol: Option<String>,
    account_id: Option<u64>,
    /// For the trail.
    reason: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct KillSwitch {
    /// For the trail.
    reason: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Transfer {
    account_id: u64,
    asset: String,
    /// A decimal, as text.
    amount: String,
    /// For the trail.
    reason: String,
}

/// The input that carried an action out.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Done {
    /// Its number in the command log.
    pub(super) sequence: u64,
    /// When, in milliseconds since the Unix epoch.
    time: u64,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Status {
    /// The newest input that anybody was told of.
    sequence: u64,
    /// Why no commands are taken for now.
    suspended: bool,
    instruments: Vec<InstrumentStatus>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct InstrumentStatus {
    symbol: String,
    halted: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Account {
    account_id: u64,
    username: String,
}

/// `GET /v1/operator/status`
pub(super) async fn status(call: Call) -> Result<Status, ApiError> {
    let (app, _) = call.of_anybody();
    let sequence = app.entry.published();
    let markets = app.markets.at(sequence).await;
    let symbols = app.symbols();
    let instruments = symbols.iter().map(|symbol| InstrumentStatus {
        symbol: symbol.name().into(),
        halted: markets.is_halted(symbol.id),
    });
    Ok(Status {
        sequence,
        suspended: app.entry.suspension().is_some(),
        instruments: instruments.collect(),
    })
}

/// `GET /v1/operator/accounts`
pub(super) async fn find_account(call: Call) -> Result<Account, ApiError> {
    let (app, params) = call.of_anybody();
    let wanted = params.require("username")?;
    let users = app.credentials.users().await?;
    let found = users
        .into_iter()
        .find(|(_, name)| name.eq_ignore_ascii_case(wanted));
    let (account, username) = found.ok_or(ApiError::NO_SUCH_USER)?;
    Ok(Account {
        account_id: account.get(),
        username,
    })
}

/// `GET /v1/operator/audit`
pub(super) async fn trail(call: Call) -> Result<Vec<ListedEntry>, ApiError> {
    let (app, params) = call.of_anybody();
    let account = params.parsed("accountId")?.map(AccountId::new);
    let account = account.unwrap_or(FEE_ACCOUNT);
    let before = params.parsed("before")?;
    let limit = params.limit(100, MOST_ENTRIES)?;
    let entries = app.credentials.audit(account, before, limit).await?;
    Ok(entries.into_iter().map(ListedEntry::from).collect())
}

/// `POST /v1/operator/halt`
pub(super) async fn halt(call: Call) -> Result<Done, ApiError> {
    let Halt {
        scope,
        symbol,
        account_id,
        cancel_orders,
        reason,
    } = call.json()?;
    let scope = target(&call, scope, symbol.as_deref(), account_id)?;
    let command = Command::Halt {
        scope,
        cancel_orders,
    };
    carry_out(
        &call,
        command,
        of(scope),
        Event::OperatorHalted,
        &name(&call, scope),
        &reason,
    )
    .await
}

/// `POST /v1/operator/resume`
pub(super) async fn resume(call: Call) -> Result<Done, ApiError> {
    let Resume {
        scope,
        symbol,
        account_id,
        reason,
    } = call.json()?;
    let scope = target(&call, scope, symbol.as_deref(), account_id)?;
    carry_out(
        &call,
        Command::Resume { scope },
        of(scope),
        Event::OperatorResumed,
        &name(&call, scope),
        &reason,
    )
    .await
}

/// `POST /v1/operator/kill-switch`
pub(super) async fn kill_switch(call: Call) -> Result<Done, ApiError> {
    let KillSwitch { reason } = call.json()?;
    let command = Command::Halt {
        scope: Scope::Venue,
        cancel_orders: true,
    };
    carry_out(&call, command, None, Event::OperatorKilled, "", &reason).await
}

/// `POST /v1/operator/credit`
pub(super) async fn credit(call: Call) -> Result<Done, ApiError> {
    transfer(&call, Event::OperatorCredited, |account, asset, amount| {
        Command::Deposit {
            account,
            asset,
            amount,
        }
    })
    .await
}

/// `POST /v1/operator/debit`
pub(super) async fn debit(call: Call) -> Result<Done, ApiError> {
    transfer(&call, Event::OperatorDebited, |account, asset, amount| {
        Command::Withdraw {
            account,
            asset,
            amount,
        }
    })
    .await
}

/// What a halt is of.
fn target(
    call: &Call,
    extent: Extent,
    symbol: Option<&str>,
    account: Option<u64>,
) -> Result<Scope, ApiError> {
    match (extent, symbol, account) {
        (Extent::Venue, None, None) => Ok(Scope::Venue),
        (Extent::Symbol, Some(name), None) => {
            Ok(Scope::Instrument(call.app.symbols().named(name)?.id))
        }
        (Extent::Account, None, Some(id)) => Ok(Scope::Account(AccountId::new(id))),
        _ => Err(ApiError::bad_request(
            "A scope of SYMBOL goes with a symbol, one of ACCOUNT with an accountId, and one of \
             VENUE with neither.",
        )),
    }
}

/// How a scope stands in the trail.
fn name(call: &Call, scope: Scope) -> String {
    match scope {
        Scope::Venue => "all instruments".into(),
        Scope::Instrument(id) => {
            let symbols = call.app.symbols();
            let symbol = symbols.get(id);
            symbol.map_or_else(String::new, |symbol| symbol.name().into())
        }
        Scope::Account(_) => String::new(),
    }
}

/// The account that an action is about, where it is about one.
fn of(scope: Scope) -> Option<AccountId> {
    match scope {
        Scope::Account(account) => Some(account),
        Scope::Venue | Scope::Instrument(_) => None,
    }
}

async fn transfer(
    call: &Call,
    event: Event,
    command: impl FnOnce(AccountId, AssetId, Amount) -> Command,
) -> Result<Done, ApiError> {
    let Transfer {
        account_id,
        asset,
        amount,
        reason,
    } = call.json()?;
    let symbols = call.app.symbols();
    let asset = symbols.asset_by_code(&asset);
    let asset = asset.ok_or(ApiError::UNKNOWN_ASSET)?;
    let amount = asset.parse_amount("amount", &amount)?;
    if amount.is_zero() {
        return Err(ApiError::invalid_value("amount"));
    }
    let account = AccountId::new(account_id);
    let what = format!("{} {}", asset.amount(amount), asset.code);
    let command = command(account, asset.id, amount);
    carry_out(call, command, Some(account), event, &what, &reason).await
}

/// Carries an action out. It is in the trail before anything happens, so that nothing happens that is
/// not there; what became of it is in the command log.
pub(super) async fn carry_out(
    call: &Call,
    command: Command,
    about: Option<AccountId>,
    event: Event,
    what: &str,
    reason: &str,
) -> Result<Done, ApiError> {
    let is_legal = !reason.trim().is_empty()
        && reason.chars().count() <= LONGEST_REASON
        && !reason.contains(char::is_control);
    if !is_legal {
        return Err(ApiError::invalid_value("reason"));
    }
    let operator = client(call);
    let credentials = &call.app.credentials;
    let note = async |outcome: &str| {
        let subject = match what {
            "" => outcome.into(),
            what => format!("{what}: {outcome}"),
        };
        let about = about.unwrap_or(FEE_ACCOUNT);
        credentials.record(about, event, &subject, &operator).await
    };
    note(reason).await?;
    match call.app.submit(command).await {
        Ok(receipt) => Ok(Done {
            sequence: receipt.seq(),
            time: receipt.outcome().time.millis(),
        }),
        Err(error) => {
            let became = if error == ApiError::UNKNOWN_OUTCOME {
                "outcome unknown"
            } else {
                "not done"
            };
            note(&format!("{became}: {}", error.msg)).await?;
            Err(error)
        }
    }
}
