//! Where a request comes from.
//!
//! A proxy tells in `X-Forwarded-For` whom it speaks for, and so can anybody else. So the header
//! counts only where it comes from a proxy that the configuration names, and of the addresses in it
//! only the last that is no such proxy: those before it are what a client has made up.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use ipnet::IpNet;

use super::App;
use crate::error::ApiError;

const FORWARDED_FOR: &str = "X-Forwarded-For";

/// The address of a client, as found out once for every request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Client(pub(super) IpAddr);

impl FromRequestParts<Arc<App>> for Client {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<App>) -> Result<Self, ApiError> {
        let known = parts.extensions.get().copied();
        known.ok_or(ApiError::INTERNAL)
    }
}

/// The address of the client that makes a request.
pub(super) fn client(app: &App, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    behind_proxies(peer, headers, &app.config.limits.trusted_proxies)
}

/// Who counts as one client: one address, or the network that a customer of the Internet gets.
pub(crate) fn party(client: IpAddr) -> IpAddr {
    match client.to_canonical() {
        IpAddr::V6(address) => {
            let network = u128::from(address) & (u128::MAX << 64);
            IpAddr::V6(network.into())
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// The last address on the way here that is no trusted proxy.
fn behind_proxies(peer: IpAddr, headers: &HeaderMap, proxies: &[IpNet]) -> IpAddr {
    let is_proxy = |address: &IpAddr| proxies.iter().any(|net| net.contains(address));
    let mut address = peer.to_canonical();
    if !is_proxy(&address) {
        return address;
    }
    let told = headers.get_all(FORWARDED_FOR).into_iter();
    let told: Vec<_> = told
        .flat_map(|line| line.to_str().unwrap_or("?").split(','))
        .collect();
    for told in told.into_iter().rev() {
        if !is_proxy(&address) {
            break;
        }
        // What is no address was not written by a proxy of ours.
        let Ok(told) = told.trim().parse::<IpAddr>() else {
            break;
        };
        address = told.to_canonical();
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_configured_proxies_are_believed() {
        let proxies: Vec<IpNet> = ["10.0.0.0/8", "::1/128"]
            .map(|net| net.parse().expect("a net"))
            .into();
        for (peer, told, expected) in [
            ("192.0.2.1", &["198.51.100.7"][..], "192.0.2.1"),
            ("10.0.0.1", &["198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", &["203.0.113.9, 198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", &["203.0.113.9", "198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", &["198.51.100.7, 10.1.2.3"], "198.51.100.7"),
            ("::ffff:10.0.0.1", &["198.51.100.7"], "198.51.100.7"),
            ("::1", &["2001:db8::7"], "2001:db8::7"),
            ("10.0.0.1", &["203.0.113.9, nonsense"], "10.0.0.1"),
            ("10.0.0.1", &["10.0.0.2"], "10.0.0.2"),
            ("10.0.0.1", &[""], "10.0.0.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
        ] {
            let mut headers = HeaderMap::new();
            for line in told {
                headers.append(FORWARDED_FOR, line.parse().expect("a header"));
            }
            let found = behind_proxies(peer.parse().expect("an address"), &headers, &proxies);
            assert_eq!(found.to_string(), expected, "{peer} {told:?}");
        }
    }

    #[test]
    fn a_client_is_an_address_or_a_network_of_version_six() {
        let same = |a: &str, b: &str| {
            let of = |text: &str| party(text.parse().expect("an address"));
            of(a) == of(b)
        };
        assert!(same("2001:db8::1", "2001:db8::ffff:1"));
        assert!(!same("2001:db8::1", "2001:db8:0:1::1"));
        assert!(same("::ffff:192.0.2.1", "192.0.2.1"));
        assert!(!same("192.0.2.2", "192.0.2.1"));
    }
}
