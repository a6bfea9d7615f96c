//! The exchange itself: whether it is there, what time it is, what it trades.

use super::market;
use super::selection::Selection;
use crate::api::market::{ExchangeInfo, Pong, ServerTime, SymbolInfo};
use crate::api::params::Params;
use crate::error::ApiError;
use crate::gateway::operation::Call;
use crate::orders::now;

/// `GET /api/v3/ping`
pub(crate) async fn ping(_: Call) -> Result<Pong, ApiError> {
    Ok(Pong {})
}

/// `GET /api/v3/time`
pub(crate) async fn time(_: Call) -> Result<ServerTime, ApiError> {
    Ok(ServerTime {
        server_time: now().millis(),
    })
}

/// `GET /api/v3/exchangeInfo`
pub(crate) async fn exchange_info(call: Call) -> Result<ExchangeInfo, ApiError> {
    let (app, params) = call.of_anybody();
    let listed = app.symbols();
    let selection = Selection::parse(params, &listed)?;
    let wanted = Wanted::parse(params)?;
    let show_permission_sets = flag(params, "showPermissionSets")?.unwrap_or(true);
    let model = app.markets.at(app.entry.published()).await;
    let mut symbols = Vec::new();
    for symbol in selection.symbols() {
        match (&selection, market(&model, symbol)) {
            (_, Ok(_)) => {}
            // Some may not be listed any more.
            (Selection::All(_), Err(_)) => continue,
            (_, Err(error)) => return Err(error),
        }
        let is_halted = model.is_halted(symbol.id);
        if wanted.holds(is_halted) {
            symbols.push(SymbolInfo::new(symbol, is_halted, show_permission_sets));
        }
    }
    let limits = &app.config.limits;
    Ok(ExchangeInfo::new(symbols, limits, now().millis()))
}

/// Which instruments are wanted by what is so of them, rather than by name.
struct Wanted {
    /// Whether those that may be traded at the spot are.
    spot: bool,
    trading: bool,
    halted: bool,
}

/// What those who trade may be permitted.
const PERMISSIONS: [&str; 3] = ["SPOT", "MARGIN", "LEVERAGED"];

impl Wanted {
    fn parse(params: &Params) -> Result<Self, ApiError> {
        let (permissions, status) = (params.get("permissions"), params.get("symbolStatus"));
        let is_named = params.get("symbol").or(params.get("symbols")).is_some();
        if is_named && permissions.or(status).is_some() {
            return Err(ApiError::COMBINATION);
        }
        let spot = match permissions {
            None => true,
            Some(permissions) => is_spot_among(permissions)?,
        };
        let (trading, halted) = match status {
            None => (true, true),
            Some("TRADING") => (true, false),
            Some("HALT") => (false, true),
            Some("BREAK") => (false, false),
            Some(_) => return Err(ApiError::INVALID_SYMBOL_STATUS),
        };
        Ok(Self {
            spot,
            trading,
            halted,
        })
    }

    fn holds(&self, is_halted: bool) -> bool {
        self.spot && if is_halted { self.halted } else { self.trading }
    }
}

/// Reads one permission, or a JSON array of them.
fn is_spot_among(permissions: &str) -> Result<bool, ApiError> {
    let several: Vec<String> = if permissions.starts_with('[') {
        serde_json::from_str(permissions).map_err(|_| ApiError::invalid_value("permissions"))?
    } else {
        vec![permissions.into()]
    };
    let is_known =
        |name: &String| PERMISSIONS.contains(&name.as_str()) || name.starts_with("TRD_GRP_");
    if !several.iter().all(is_known) {
        return Err(ApiError::invalid_value("permissions"));
    }
    Ok(several.iter().any(|name| name == "SPOT"))
}

fn flag(params: &Params, name: &str) -> Result<Option<bool>, ApiError> {
    match params.get(name) {
        None => Ok(None),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(_) => Err(ApiError::illegal(name, "^true$|^false$")),
    }
}
