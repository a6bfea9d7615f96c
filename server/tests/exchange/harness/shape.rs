//! Names and types of the fields of an answer.

use std::collections::BTreeSet;

use rust_decimal::Decimal;
use serde_json::Value;

/// What kind of JSON a field holds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// A number in a string, with at least three decimal places.
    Decimal,
    Text,
    Integer,
    Flag,
    List,
    /// Another object, checked by itself.
    Object,
}

pub(crate) use Kind::{Decimal as D, Flag as F, Integer as I, List as L, Object as O, Text as T};

impl Kind {
    fn fits(self, value: &Value) -> bool {
        match self {
            Self::Decimal => value.as_str().is_some_and(|text| {
                let places = text.split_once('.').map_or(0, |(_, places)| places.len());
                text.parse::<Decimal>().is_ok() && places >= 3
            }),
            Self::Text => value.is_string(),
            Self::Integer => value.is_i64() || value.is_u64(),
            Self::Flag => value.is_boolean(),
            Self::List => value.is_array(),
            Self::Object => value.is_object(),
        }
    }
}

/// Asserts that an object has these fields and no others, each of its kind.
pub(crate) fn assert_shape(what: &str, value: &Value, fields: &[(&str, Kind)]) {
    let object = value
        .as_object()
        .unwrap_or_else(|| panic!("{what} is no object: {value}"));
    let found: BTreeSet<&str> = object.keys().map(String::as_str).collect();
    let expected: BTreeSet<&str> = fields.iter().map(|(name, _)| *name).collect();
    assert_eq!(found, expected, "the fields of {what}");
    for (name, kind) in fields {
        let field = &object[*name];
        assert!(kind.fits(field), "{what}: {name} is no {kind:?}: {field}");
    }
}

/// What exchangeInfo says of an instrument.
pub(crate) const INSTRUMENT: &[(&str, Kind)] = &[
    ("symbol", T),
    ("status", T),
    ("baseAsset", T),
    ("baseAssetPrecision", I),
    ("quoteAsset", T),
    ("quotePrecision", I),
    ("quoteAssetPrecision", I),
    ("baseCommissionPrecision", I),
    ("quoteCommissionPrecision", I),
    ("orderTypes", L),
    ("icebergAllowed", F),
    ("ocoAllowed", F),
    ("otoAllowed", F),
    ("quoteOrderQtyMarketAllowed", F),
    ("allowTrailingStop", F),
    ("cancelReplaceAllowed", F),
    ("amendAllowed", F),
    ("isSpotTradingAllowed", F),
    ("isMarginTradingAllowed", F),
    ("filters", L),
    ("permissions", L),
    ("permissionSets", L),
    ("defaultSelfTradePreventionMode", T),
    ("allowedSelfTradePreventionModes", L),
];

/// A public trade.
pub(crate) const PUBLIC_TRADE: &[(&str, Kind)] = &[
    ("id", I),
    ("price", D),
    ("qty", D),
    ("quoteQty", D),
    ("time", I),
    ("isBuyerMaker", F),
    ("isBestMatch", F),
];
