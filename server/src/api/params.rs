//! Request parameters: from the query string and from a form body, as received.

use std::borrow::Cow;
use std::str::FromStr;

use crate::error::ApiError;

/// The parameters of a request. Where query and body both have one, the query wins.
#[derive(Debug, Default, Clone)]
pub(crate) struct Params {
    pairs: Vec<(String, String)>,
}

impl Params {
    pub(crate) fn parse(query: &str, body: &[u8]) -> Self {
        let own =
            |(name, value): (Cow<'_, str>, Cow<'_, str>)| (name.into_owned(), value.into_owned());
        let query = form_urlencoded::parse(query.as_bytes()).map(own);
        let pairs = query.chain(form_urlencoded::parse(body).map(own)).collect();
        Self { pairs }
    }

    /// Parameters that have been read already.
    pub(crate) fn of(pairs: Vec<(String, String)>) -> Self {
        Self { pairs }
    }

    /// All of them, in the order in which they came.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.pairs.iter();
        pairs.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// A parameter that was sent and is not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.pairs
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// A parameter that must be there.
    pub(crate) fn require(&self, name: &str) -> Result<&str, ApiError> {
        self.get(name).ok_or_else(|| ApiError::mandatory(name))
    }

    /// A parameter of another form than text, where it was sent.
    pub(crate) fn parsed<T: FromStr>(&self, name: &str) -> Result<Option<T>, ApiError> {
        self.get(name)
            .map(|text| text.parse().map_err(|_| ApiError::mandatory(name)))
            .transpose()
    }

    /// How many entries are asked for, at most `most`.
    pub(crate) fn limit(&self, default: usize, most: usize) -> Result<usize, ApiError> {
        let limit = self.parsed::<usize>("limit")?.unwrap_or(default);
        if limit == 0 {
            return Err(ApiError::mandatory("limit"));
        }
        Ok(limit.min(most))
    }
}

/// What a signature signs: query and body as received, one after the other, without the
/// `signature` itself. Nothing is decoded, so nothing can be encoded in another way.
///
/// `None` where query and body meet within a pair: the same bytes, cut in another place, would be
/// another request under the same signature.
pub(crate) fn signed_payload(query: &str, body: &[u8]) -> Option<Vec<u8>> {
    let [query, body] = [query.as_bytes(), body].map(|part| {
        let pairs = part.split(|byte| *byte == b'&');
        let pairs = pairs.filter(|pair| !pair.starts_with(b"signature="));
        pairs.collect::<Vec<_>>()
    });
    let is_whole = |pair: Option<&&[u8]>| pair.is_none_or(|it| it.is_empty() || it.contains(&b'='));
    let [query_signed, body_signed] = [&query, &body].map(|pairs| pairs.join(&b'&'));
    let has_seam = !query_signed.is_empty() && !body_signed.is_empty();
    let is_clear = !has_seam || is_whole(query.last()) && is_whole(body.first());
    is_clear.then(|| [query_signed, body_signed].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_taken_out_wherever_it_is() {
        let cases = [
            ("a=1&b=2&signature=x", "", "a=1&b=2"),
            ("", "a=1&b=2&signature=x", "a=1&b=2"),
            ("a=1", "b=2&signature=x", "a=1b=2"),
            ("a=1", "signature=x&b=2", "a=1b=2"),
            ("signature=x&a=%20", "b=+", "a=%20b=+"),
            ("signature=x&a=1&signature=y", "signature=z", "a=1"),
            ("a=1&%73ignature=x", "", "a=1&%73ignature=x"),
            ("a=1", "", "a=1"),
        ];
        for (query, body, expected) in cases {
            let payload = signed_payload(query, body.as_bytes()).expect(expected);
            assert_eq!(String::from_utf8_lossy(&payload), expected);
        }
    }

    #[test]
    fn a_signed_query_cannot_be_cut_in_another_place() {
        let signed = "a=10&b=2";
        for at in 1..signed.len() {
            let (query, body) = signed.split_at(at);
            for query in [query.into(), format!("{query}&signature=x")] {
                let same = Params::parse(&query, body.as_bytes());
                let same = ["a", "b"].map(|name| same.get(name)) == [Some("10"), Some("2")];
                let payload = signed_payload(&query, body.as_bytes());
                assert_eq!(payload.is_some(), same, "{query} {body}");
            }
        }
    }

    #[test]
    fn the_query_wins() {
        let params = Params::parse("a=1&c=%20x", b"a=2&b=3&d=");
        assert_eq!(params.get("a"), Some("1"));
        assert_eq!(params.get("b"), Some("3"));
        assert_eq!(params.get("c"), Some(" x"));
        assert_eq!(params.get("d"), None);
        assert_eq!(params.require("d").expect_err("empty").code, -1102);
    }
}
