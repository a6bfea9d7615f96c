//! Request parameters: from the query string and from a form body, as received.

use std::str::FromStr;

use crate::error::ApiError;

/// The parameters of a request. Where query and body both have one, the query wins.
#[derive(Debug, Default, Clone)]
pub(crate) struct Params {
    /// All names and values, one after the other.
    text: String,
    /// Where the name and the value of each end.
    ends: Vec<(usize, usize)>,
}

impl Params {
    pub(crate) fn parse(query: &str, body: &[u8]) -> Self {
        let mut params = Self {
            text: String::with_capacity(query.len() + body.len()),
            ends: Vec::with_capacity(16),
        };
        params.read(query.as_bytes());
        params.read(body);
        params
    }

    /// Those of one part of a request, behind what is there already.
    pub(crate) fn read(&mut self, form: &[u8]) {
        match std::str::from_utf8(form) {
            // Mostly nothing is encoded.
            Ok(plain) if !plain.contains(['%', '+']) => {
                for pair in plain.split('&').filter(|pair| !pair.is_empty()) {
                    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                    self.push(name, value);
                }
            }
            _ => {
                for (name, value) in form_urlencoded::parse(form) {
                    self.push(&name, &value);
                }
            }
        }
    }

    /// One that has been decoded already.
    pub(crate) fn push(&mut self, name: &str, value: &str) {
        self.text.push_str(name);
        let middle = self.text.len();
        self.text.push_str(value);
        self.ends.push((middle, self.text.len()));
    }

    /// All of them, in the order in which they came.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.ends.iter().scan(0, |start, &(middle, end)| {
            let name = &self.text[*start..middle];
            *start = end;
            Some((name, &self.text[middle..end]))
        })
    }

    /// A parameter that was sent and is not empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
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
    let signed = |part| {
        let pairs = <[u8]>::split(part, |byte| *byte == b'&');
        pairs.filter(|pair| !pair.starts_with(b"signature="))
    };
    let mut payload = Vec::with_capacity(query.len() + body.len());
    let mut append = |part| {
        let start = payload.len();
        for (index, pair) in signed(part).enumerate() {
            payload.extend_from_slice(if index > 0 { b"&" } else { b"" });
            payload.extend_from_slice(pair);
        }
        payload.len() > start
    };
    let (query, has_query) = (query.as_bytes(), append(query.as_bytes()));
    let has_seam = append(body) && has_query;
    let is_whole = |pair: Option<&[u8]>| pair.is_none_or(|it| it.is_empty() || it.contains(&b'='));
    let is_clear =
        !has_seam || is_whole(signed(query).next_back()) && is_whole(signed(body).next());
    is_clear.then_some(payload)
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
    fn what_is_not_encoded_is_read_as_if_it_were() {
        for form in [
            "",
            "&",
            "=",
            "a",
            "a&b",
            "a=",
            "=b",
            "a=b=c",
            "&a=1&&b=\u{e9}&",
            "a=%31+2",
        ] {
            let read = Params::parse(form, b"");
            let read: Vec<_> = read.iter().collect();
            let decoded: Vec<_> = form_urlencoded::parse(form.as_bytes()).collect();
            let decoded: Vec<_> = decoded
                .iter()
                .map(|(name, value)| (&**name, &**value))
                .collect();
            assert_eq!(read, decoded, "{form}");
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
