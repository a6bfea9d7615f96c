//! From text to commands.

use orderbook_core::*;

/// The command that a text stands for.
pub(crate) fn command(text: &str) -> Command {
    let words: Vec<&str> = text.split_whitespace().collect();
    match words[..] {
        ["cancel", "all", ref which @ ..] => Command::CancelAll(selection(which)),
        ["expire", now] => Command::Expire {
            now: Timestamp::new(number(now)),
        },
        [order, ref what @ ..] => of_order(order, what, text),
        [] => panic!("no command: {text}"),
    }
}

fn of_order(order: &str, what: &[&str], text: &str) -> Command {
    let (order_id, account) = order_and_account(order);
    match *what {
        [side @ ("buy" | "sell"), quantity, ref terms @ ..] => {
            let side = self::side(side);
            let mut terms = Terms(terms);
            let kind = terms.kind();
            let order = Order {
                self_trade: terms.word("stp").map(self_trade),
                group: terms.number("group").map(group),
                ..Order::of_kind(order_id, account, side, self::quantity(quantity), kind)
            };
            terms.end(text);
            Command::Place(order)
        }
        ["cancel"] => Command::Cancel { order_id },
        ["reduce", by] => Command::Reduce {
            order_id,
            by: quantity(by),
        },
        ["amend", total, "@", at] => Command::Amend {
            order_id,
            quantity: quantity(total),
            price: price(at),
        },
        ["replace", new_order_id, total, "@", at, ref terms @ ..] => {
            let mut terms = Terms(terms);
            let time_in_force = terms.time_in_force();
            terms.end(text);
            Command::Replace {
                order_id,
                new_order_id: order_and_account(new_order_id).0,
                quantity: quantity(total),
                price: price(at),
                time_in_force,
            }
        }
        _ => panic!("no command: {text}"),
    }
}

/// Words that have not been read yet, in the order of the table in the module above.
struct Terms<'a>(&'a [&'a str]);

impl<'a> Terms<'a> {
    /// Reads a word, where it is the next one.
    fn flag(&mut self, name: &str) -> bool {
        let found = self.0.first() == Some(&name);
        if found {
            self.0 = &self.0[1..];
        }
        found
    }

    /// Reads a word and the one after it, where it is the next one.
    fn word(&mut self, name: &str) -> Option<&'a str> {
        self.flag(name).then(|| {
            let (value, rest) = self.0.split_first().expect("a word follows");
            self.0 = rest;
            *value
        })
    }

    fn number<T: std::str::FromStr>(&mut self, name: &str) -> Option<T> {
        self.word(name).map(number)
    }

    fn kind(&mut self) -> OrderKind {
        if self.flag("market") {
            return OrderKind::Market {
                protection: self.number("worst").map(Price::new),
                budget: self.number("budget").map(Notional::new),
            };
        }
        OrderKind::Limit {
            price: price(self.word("@").expect("market, or a price")),
            time_in_force: self.time_in_force(),
        }
    }

    fn time_in_force(&mut self) -> TimeInForce {
        if self.flag("ioc") {
            return TimeInForce::ImmediateOrCancel {
                minimum: Quantity::new(self.number("min").unwrap_or_default()),
            };
        }
        if self.flag("fok") {
            return TimeInForce::FillOrKill;
        }
        let nothing_special = self.flag("rest");
        let terms = Resting {
            until: self.number("gtd").map(Timestamp::new),
            post_only: if self.flag("post") {
                Some(PostOnly::Reject)
            } else {
                self.flag("slide").then_some(PostOnly::Slide)
            },
            display: self.word("display").map(quantity),
        };
        if terms == Resting::PLAIN && !nothing_special {
            return TimeInForce::GoodTillCancel;
        }
        TimeInForce::Rest(terms)
    }

    fn end(&self, text: &str) {
        assert!(self.0.is_empty(), "what is {:?} in {text}?", self.0);
    }
}

fn selection(words: &[&str]) -> Selection {
    let mut words = Terms(words);
    let selection = Selection {
        account: words.number("account").map(AccountId::new),
        side: if words.flag("buy") {
            Some(Side::Buy)
        } else {
            words.flag("sell").then_some(Side::Sell)
        },
        lowest: words.word("from").map(price),
        highest: words.word("to").map(price),
    };
    words.end("cancel all");
    selection
}

fn order_and_account(word: &str) -> (OrderId, AccountId) {
    let word = word.strip_prefix('#').expect("an order starts with #");
    let (order, account) = word.split_once('/').unwrap_or((word, word));
    (OrderId::new(number(order)), AccountId::new(number(account)))
}

fn number<T: std::str::FromStr>(word: &str) -> T {
    word.parse().unwrap_or_else(|_| panic!("no number: {word}"))
}

fn price(word: &str) -> Price {
    Price::new(number(word))
}

fn quantity(word: &str) -> Quantity {
    Quantity::new(number(word))
}

fn group(number: u32) -> GroupId {
    GroupId::new(number).expect("no group is zero")
}

fn side(word: &str) -> Side {
    match word {
        "buy" => Side::Buy,
        _ => Side::Sell,
    }
}

fn self_trade(word: &str) -> SelfTradePrevention {
    match word {
        "allow" => SelfTradePrevention::Allow,
        "maker" => SelfTradePrevention::ExpireMaker,
        "taker" => SelfTradePrevention::ExpireTaker,
        "both" => SelfTradePrevention::ExpireBoth,
        "decrement" => SelfTradePrevention::Decrement,
        _ => panic!("no self-trade prevention: {word}"),
    }
}
