//! What a signature of the WebSocket API signs: all parameters but itself, sorted by name.
//!
//! The rule is to join them as they are. Some libraries encode them first, as in a query; for values
//! without reserved characters that is the same, so either form is good.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::api::params::Params;

/// What stays as it is in a query, by RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The forms in which parameters may have been signed. As they are, only where it is clear from the
/// text which they were: a value with an `&` could be two parameters as well.
pub(super) fn payloads(params: &Params) -> Vec<Vec<u8>> {
    let mut pairs: Vec<_> = params
        .iter()
        .filter(|(name, _)| *name != "signature")
        .collect();
    pairs.sort_unstable();
    let join = |encode: &dyn Fn(&str) -> String| {
        let pairs = pairs
            .iter()
            .map(|(name, value)| format!("{}={}", encode(name), encode(value)));
        pairs.collect::<Vec<_>>().join("&").into_bytes()
    };
    let plain = join(&|text| text.into());
    let encoded = join(&|text| Cow::from(utf8_percent_encode(text, RESERVED)).into_owned());
    let form = join(&|text| form_urlencoded::byte_serialize(text.as_bytes()).collect());
    let is_clear =
        |(name, value): &(&str, &str)| !name.contains(['&', '=']) && !value.contains('&');
    let mut forms = vec![encoded, form];
    if pairs.iter().all(is_clear) {
        forms.insert(0, plain);
    }
    forms.dedup();
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_signed_in_order_of_their_names() {
        let params = |query| Params::parse(query, b"");
        let forms = |query| {
            let forms = payloads(&params(query)).into_iter();
            let text = forms.map(|form| String::from_utf8(form).expect("text"));
            text.collect::<Vec<_>>()
        };
        assert_eq!(forms("b=2&signature=x&a=1"), ["a=1&b=2"]);
        assert_eq!(
            forms("b=%20%40&a=~"),
            ["a=~&b= @", "a=~&b=%20%40", "a=%7E&b=+%40"]
        );
        // What was signed for `a=1&b=2` is not good for one parameter with all of it, nor for two others.
        for query in ["a=1%26b%3D2", "a=1&b=2%26", "a%3D1%26b=2"] {
            let signed = forms(query);
            assert!(!signed.contains(&"a=1&b=2".into()), "{signed:?}");
            assert!(signed.iter().all(|form| form.contains("%26")), "{signed:?}");
        }
    }
}
