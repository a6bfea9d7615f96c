//! Who is at the other end, for lists and for the trail.

use std::net::IpAddr;

/// How much of a user agent is kept, in characters.
const MOST_CHARACTERS: usize = 256;

/// Where a request comes from, as far as that is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Client {
    address: Option<IpAddr>,
    user_agent: String,
}

impl Client {
    /// This very process.
    pub(crate) const LOCAL: Self = Self {
        address: None,
        user_agent: String::new(),
    };

    /// Somebody at an address, with what the program calls itself.
    pub(crate) fn new(address: IpAddr, user_agent: Option<&str>) -> Self {
        let told = user_agent.unwrap_or("").chars();
        let printable = told.filter(|character| !character.is_control());
        Self {
            address: Some(address.to_canonical()),
            user_agent: printable.take(MOST_CHARACTERS).collect(),
        }
    }

    pub(super) fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// The address as text; empty for this process.
    pub(super) fn address_text(&self) -> String {
        self.address
            .map(|address| address.to_string())
            .unwrap_or_default()
    }

    pub(super) fn user_agent(&self) -> &str {
        &self.user_agent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_calls_itself_is_bounded_and_printable() {
        let address = "::ffff:192.0.2.1".parse().expect("an address");
        let client = Client::new(address, Some(&format!("a\r\nb{}", "\u{e4}".repeat(300))));
        assert_eq!(client.address_text(), "192.0.2.1");
        assert_eq!(client.user_agent(), format!("ab{}", "\u{e4}".repeat(254)));
        assert_eq!(Client::LOCAL.address_text(), "");
    }
}
