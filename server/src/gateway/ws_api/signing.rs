//! What a signature of the WebSocket API signs: all parameters but itself, sorted by name.
//!
//! The rule is to join them as they are. Some libraries encode them first, as in a query; for values
//! without reserved characters that is the same, so either form is good.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::api::params::Params;

/// What stays as it is in a query, by RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Writes a name or a value.
type Encode = fn(&mut String, &str);

const AS_IT_IS: Encode = |written, text| written.push_str(text);
const AS_IN_A_QUERY: Encode = |written, text| written.extend(utf8_percent_encode(text, RESERVED));
const AS_IN_A_FORM: Encode =
    |written, text| written.extend(form_urlencoded::byte_serialize(text.as_bytes()));

/// The forms in which parameters may have been signed, the usual one first. As they are, only where it
/// is clear from the text which they were: a value with an `&` could be two parameters as well.
pub(super) fn payloads(params: &Params) -> impl Iterator<Item = Vec<u8>> {
    let mut pairs: Vec<_> = params
        .iter()
        .filter(|(name, _)| *name != "signature")
        .collect();
    pairs.sort_unstable();
    let is_clear =
        |(name, value): &(&str, &str)| !name.contains(['&', '=']) && !value.contains('&');
    let as_it_is = pairs.iter().all(is_clear).then_some(AS_IT_IS);
    let forms = as_it_is.into_iter().chain([AS_IN_A_QUERY, AS_IN_A_FORM]);
    let mut before = None;
    forms.filter_map(move |encode| {
        let form = joined(&pairs, encode).into_bytes();
        // Mostly all are the same, and the same is not worth looking at again.
        let is_new = before.as_ref() != Some(&form);
        before = Some(form.clone());
        is_new.then_some(form)
    })
}

fn joined(pairs: &[(&str, &str)], encode: Encode) -> String {
    let mut joined = String::with_capacity(256);
    for (index, (name, value)) in pairs.iter().enumerate() {
        joined.push_str(if index > 0 { "&" } else { "" });
        encode(&mut joined, name);
        joined.push('=');
        encode(&mut joined, value);
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_signed_in_order_of_their_names() {
        let params = |query| Params::parse(query, b"");
        let forms = |query| {
            let params = params(query);
            let text = payloads(&params).map(|form| String::from_utf8(form).expect("text"));
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
