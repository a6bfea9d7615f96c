//! What browsers bring: the cookie of a session, and the site that a request was made from.

use axum::http::{HeaderMap, header};

/// The cookie that browsers keep the token of a session in.
const COOKIE: &str = "session";
/// How long a browser keeps the cookie, in seconds: no session lives longer than 30 days.
const COOKIE_MAX_AGE: u32 = 30 * 24 * 60 * 60;

/// The token in the cookie.
pub(super) fn session_cookie(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).into_iter();
    cookies
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .map(|(_, token)| token)
}

/// The `Set-Cookie` that keeps the token of a session, out of reach of scripts and other sites.
pub(crate) fn keep_session(token: &str, headers: &HeaderMap) -> String {
    set_cookie(token, COOKIE_MAX_AGE, headers)
}

/// The `Set-Cookie` that forgets it.
pub(crate) fn forget_session(headers: &HeaderMap) -> String {
    set_cookie("", 0, headers)
}

fn set_cookie(token: &str, max_age: u32, headers: &HeaderMap) -> String {
    // TLS ends in front of us: only the page's own address tells whether there is any.
    let secure = match scheme_and_host(headers) {
        Some((scheme, _)) if scheme.eq_ignore_ascii_case("https") => "; Secure",
        _ => "",
    };
    format!("{COOKIE}={token}; HttpOnly; SameSite=Strict; Path=/; Max-Age={max_age}{secure}")
}

/// Which site a request was made from, as far as browsers tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// None is told, as by everything that is no browser.
    Untold,
    /// The very host that the request is for.
    Same,
    /// Another one, or one that is kept secret.
    Foreign,
}

impl Origin {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        if !headers.contains_key(header::ORIGIN) {
            return Self::Untold;
        }
        let host = headers
            .get(header::HOST)
            .and_then(|host| host.to_str().ok());
        match (scheme_and_host(headers), host) {
            (Some((scheme, origin)), Some(host))
                if without_default_port(scheme, origin)
                    .eq_ignore_ascii_case(without_default_port(scheme, host)) =>
            {
                Self::Same
            }
            _ => Self::Foreign,
        }
    }
}

/// The two parts of the `Origin`.
fn scheme_and_host(headers: &HeaderMap) -> Option<(&str, &str)> {
    let origin = headers.get(header::ORIGIN)?.to_str().ok()?;
    origin.split_once("://")
}

/// Browsers leave out the port of a scheme, proxies may not.
fn without_default_port<'a>(scheme: &str, host: &'a str) -> &'a str {
    let port = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => return host,
    };
    host.strip_suffix(port).unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    type Pairs = &'static [(&'static str, &'static str)];

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = pairs.iter().map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        });
        // Appends, where `from_iter` would replace.
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name, value);
        }
        headers
    }

    #[test]
    fn the_token_is_found_among_other_cookies() {
        let cases: [(Pairs, Option<&str>); 7] = [
            (&[], None),
            (&[("cookie", "")], None),
            (&[("cookie", "session")], None),
            (&[("cookie", "sessions=a; xsession=b; Session=c")], None),
            (&[("cookie", "session=t")], Some("t")),
            (&[("cookie", "a=1;session=t; session=u")], Some("t")),
            (
                &[("cookie", "a=1"), ("cookie", "b=2; session=t")],
                Some("t"),
            ),
        ];
        for (pairs, token) in cases {
            assert_eq!(session_cookie(&headers(pairs)), token, "{pairs:?}");
        }
    }

    #[test]
    fn only_the_host_itself_is_the_same_origin() {
        let host = ("host", "exchange.example:8080");
        let cases = [
            ("http://exchange.example:8080", Origin::Same),
            ("https://EXCHANGE.example:8080", Origin::Same),
            ("http://exchange.example", Origin::Foreign),
            ("http://exchange.example:80", Origin::Foreign),
            ("http://exchange.example:8080.evil.example", Origin::Foreign),
            ("http://evil.example/exchange.example:8080", Origin::Foreign),
            ("http://a.exchange.example:8080", Origin::Foreign),
            ("exchange.example:8080", Origin::Foreign),
            ("null", Origin::Foreign),
            ("", Origin::Foreign),
        ];
        for (origin, expected) in cases {
            let found = Origin::of(&headers(&[host, ("origin", origin)]));
            assert_eq!(found, expected, "{origin:?}");
        }
        assert_eq!(Origin::of(&headers(&[host])), Origin::Untold);
        let no_host = headers(&[("origin", "http://exchange.example")]);
        assert_eq!(Origin::of(&no_host), Origin::Foreign);

        for (host, origin) in [
            ("exchange.example", "https://exchange.example"),
            ("exchange.example:443", "https://exchange.example"),
            ("exchange.example:80", "http://exchange.example"),
        ] {
            let same = headers(&[("host", host), ("origin", origin)]);
            assert_eq!(Origin::of(&same), Origin::Same, "{host} {origin}");
        }
        let downgraded = [
            ("host", "exchange.example:443"),
            ("origin", "http://exchange.example"),
        ];
        assert_eq!(Origin::of(&headers(&downgraded)), Origin::Foreign);
    }
}
