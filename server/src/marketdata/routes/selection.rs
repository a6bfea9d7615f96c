//! Which instruments a request is about.

use std::collections::BTreeSet;

use marketdata_core::MarketData;

use super::market;
use crate::api::market::OneOrMany;
use crate::api::params::Params;
use crate::api::symbols::{Symbol, Symbols};
use crate::error::ApiError;
use crate::marketdata::MarketModel;

/// Which instruments a request is about; about one, the answer is no list.
pub(super) enum Selection<'a> {
    One(&'a Symbol),
    Named(Vec<&'a Symbol>),
    All(&'a Symbols),
}

/// What a list of symbols looks like.
const LIST: &str = "^\\[\"[A-Z0-9]{1,20}\"(,\"[A-Z0-9]{1,20}\"){0,}\\]$";

impl<'a> Selection<'a> {
    /// `symbol` is one, `symbols` (a JSON array) is a list, neither is a list of all.
    pub(super) fn parse(params: &Params, symbols: &'a Symbols) -> Result<Self, ApiError> {
        match (params.get("symbol"), params.get("symbols")) {
            (Some(_), Some(_)) => Err(ApiError::SYMBOL_OR_SYMBOLS),
            (Some(name), None) => Ok(Self::One(symbols.named(name)?)),
            (None, Some(names)) => {
                let names: Vec<String> = serde_json::from_str(names)
                    .ok()
                    .filter(|names: &Vec<_>| !names.is_empty())
                    .ok_or_else(|| ApiError::illegal("symbols", LIST))?;
                if names.iter().collect::<BTreeSet<_>>().len() < names.len() {
                    return Err(ApiError::SYMBOL_TWICE);
                }
                let named = names.iter().map(|name| symbols.named(name));
                Ok(Self::Named(named.collect::<Result<_, _>>()?))
            }
            (None, None) => Ok(Self::All(symbols)),
        }
    }

    /// As [`parse`](Self::parse), where it has to be said which.
    pub(super) fn parse_named(params: &Params, symbols: &'a Symbols) -> Result<Self, ApiError> {
        match Self::parse(params, symbols)? {
            Self::All(_) => Err(ApiError::one_of("symbol", "symbols")),
            named => Ok(named),
        }
    }

    /// The instruments.
    pub(super) fn symbols(&self) -> Vec<&'a Symbol> {
        match self {
            Self::One(symbol) => vec![symbol],
            Self::Named(symbols) => symbols.clone(),
            Self::All(symbols) => symbols.iter().collect(),
        }
    }

    /// What there is to say of each.
    pub(super) fn answer<T>(
        &self,
        model: &MarketModel,
        say: impl Fn(&Symbol, &MarketData) -> T,
    ) -> Result<OneOrMany<T>, ApiError> {
        let say = |symbol: &Symbol| Ok(say(symbol, market(model, symbol)?));
        match self {
            Self::One(symbol) => Ok(OneOrMany::One(say(symbol)?)),
            Self::Named(symbols) => {
                let all: Result<_, ApiError> = symbols.iter().map(|symbol| say(symbol)).collect();
                Ok(OneOrMany::Many(all?))
            }
            // Some may not be listed any more.
            Self::All(symbols) => {
                let all = symbols.iter().filter_map(|it| say(it).ok());
                Ok(OneOrMany::Many(all.collect()))
            }
        }
    }

    /// One thing for each of the instruments, as an answer.
    pub(super) fn shaped<T>(&self, mut each: Vec<T>) -> OneOrMany<T> {
        match (self, each.pop()) {
            (Self::One(_), Some(one)) => OneOrMany::One(one),
            (_, last) => {
                each.extend(last);
                OneOrMany::Many(each)
            }
        }
    }
}
