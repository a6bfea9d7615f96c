//! What an API key may be used for, and from where.

use std::net::IpAddr;

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many networks an API key may be bound to.
const MOST_NETWORKS: usize = 30;

/// Something that is done in the name of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Scope {
    /// Looking at balances, orders and trades.
    Read,
    /// Placing and cancelling orders.
    Trade,
    /// Taking assets out.
    Withdraw,
}

impl Scope {
    const ALL: [Self; 3] = [Self::Read, Self::Trade, Self::Withdraw];

    const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Trade => "trade",
            Self::Withdraw => "withdraw",
        }
    }
}

/// What an API key may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scopes {
    pub(crate) read: bool,
    pub(crate) trade: bool,
    pub(crate) withdraw: bool,
}

impl Default for Scopes {
    fn default() -> Self {
        Self::of(&[Scope::Read, Scope::Trade])
    }
}

impl Scopes {
    pub(crate) fn of(scopes: &[Scope]) -> Self {
        Self {
            read: scopes.contains(&Scope::Read),
            trade: scopes.contains(&Scope::Trade),
            withdraw: scopes.contains(&Scope::Withdraw),
        }
    }

    pub(crate) const fn allow(self, scope: Scope) -> bool {
        match scope {
            Scope::Read => self.read,
            Scope::Trade => self.trade,
            Scope::Withdraw => self.withdraw,
        }
    }

    pub(crate) fn list(self) -> Vec<Scope> {
        Scope::ALL
            .into_iter()
            .filter(|scope| self.allow(*scope))
            .collect()
    }

    /// As it is stored.
    pub(super) fn text(self) -> String {
        let names: Vec<_> = self.list().into_iter().map(Scope::name).collect();
        names.join(",")
    }

    /// The reverse of [`text`](Self::text). What is not known allows nothing.
    pub(super) fn parse(text: &str) -> Self {
        let has = |scope: Scope| text.split(',').any(|name| name == scope.name());
        Self {
            read: has(Scope::Read),
            trade: has(Scope::Trade),
            withdraw: has(Scope::Withdraw),
        }
    }
}

/// Reads addresses and networks like `192.0.2.7` and `192.0.2.0/24`; `None` when one of them is
/// none, or there are too many.
pub(super) fn networks<T: AsRef<str>>(texts: &[T]) -> Option<Vec<IpNet>> {
    if texts.len() > MOST_NETWORKS {
        return None;
    }
    texts.iter().map(|text| network(text.as_ref())).collect()
}

fn network(text: &str) -> Option<IpNet> {
    match text.parse::<IpAddr>() {
        Ok(address) => Some(address.to_canonical().into()),
        Err(_) => text.parse::<IpNet>().ok().map(|network| network.trunc()),
    }
}

/// As they are stored.
pub(super) fn networks_text(networks: &[IpNet]) -> String {
    let texts: Vec<_> = networks.iter().map(IpNet::to_string).collect();
    texts.join(",")
}

/// The reverse of [`networks_text`]; `None` when it is damaged, as no network would mean any.
pub(super) fn networks_of(text: &str) -> Option<Vec<IpNet>> {
    let texts = text.split(',').filter(|text| !text.is_empty());
    texts.map(|text| text.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_survive_being_stored() {
        assert_eq!(Scopes::default().text(), "read,trade");
        for scopes in [&[][..], &[Scope::Withdraw], &Scope::ALL] {
            let scopes = Scopes::of(scopes);
            assert_eq!(Scopes::parse(&scopes.text()), scopes);
        }
        assert_eq!(Scopes::parse("everything"), Scopes::of(&[]));
    }

    #[test]
    fn networks_are_read_and_survive_being_stored() {
        let texts = [
            "192.0.2.7",
            "198.51.100.9/24",
            "2001:db8::/32",
            "::ffff:192.0.2.8",
        ];
        let networks = networks(&texts).expect("networks");
        let stored = networks_text(&networks);
        assert_eq!(
            stored,
            "192.0.2.7/32,198.51.100.0/24,2001:db8::/32,192.0.2.8/32"
        );
        assert_eq!(networks_of(&stored), Some(networks));
        assert_eq!(networks_of(""), Some(Vec::new()));
        assert_eq!(networks_of("192.0.2.7/32,?"), None);
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in [
            "",
            "localhost",
            "192.0.2",
            "192.0.2.0/33",
            "192.0.2.7:80",
            " 192.0.2.7",
        ] {
            assert_eq!(networks(&[text]), None, "{text}");
        }
        assert!(networks(&["192.0.2.7"; 30]).is_some());
        assert_eq!(networks(&["192.0.2.7"; 31]), None);
    }
}
