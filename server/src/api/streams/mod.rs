//! WebSocket streams: their names and their events.
//!
//! [`all`] lists every stream there is. Subscriptions to other names deliver nothing.

pub(crate) mod events;

use std::fmt;

use exchange_engine::InstrumentId;
use marketdata_core::Interval;

use super::symbols::Symbols;
use crate::marketdata::INTERVALS;

/// A stream that anybody may subscribe to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum PublicStream {
    /// About one instrument.
    One(InstrumentId, Topic),
    /// About all of them.
    All(Overview),
}

/// What a stream about one instrument carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Topic {
    /// Each trade.
    Trade,
    /// What each incoming order traded at one price.
    AggregateTrade,
    /// The running candle of an interval.
    Kline(Interval),
    /// Changed levels.
    Depth(Pace),
    /// So many of the best levels of each side.
    BestLevels(usize, Pace),
    /// The rolling 24 hours.
    Ticker,
    /// The rolling 24 hours in few words.
    MiniTicker,
    /// Each change of the best bid or ask.
    BookTicker,
}

/// Over which time changes of the depth are conflated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Pace {
    /// A tenth of a second.
    Fast,
    /// A second.
    Slow,
}

/// What a stream about all instruments carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Overview {
    /// The rolling 24 hours of those that changed.
    Tickers(Every),
    /// The same in few words.
    MiniTickers(Every),
    /// Each change of a best bid or ask.
    BookTickers,
}

/// How often lists of tickers are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Every {
    /// Once a second, for names that do not say.
    Unsaid,
    Second,
    ThreeSeconds,
}

impl Every {
    pub(crate) const ALL: [Self; 3] = [Self::Unsaid, Self::Second, Self::ThreeSeconds];
}

/// How many levels [`Topic::BestLevels`] may have.
pub(crate) const BEST_LEVELS: [usize; 3] = [5, 10, 20];

impl PublicStream {
    /// Whether each message tells how things are, so that the newest takes the place of all before
    /// it. Others tell what happened: each of them matters.
    pub(crate) const fn tells_a_state(self) -> bool {
        match self {
            Self::One(_, topic) => !matches!(
                topic,
                Topic::Trade | Topic::AggregateTrade | Topic::Depth(_)
            ),
            // The newest best prices are those of one instrument only.
            Self::All(overview) => !matches!(overview, Overview::BookTickers),
        }
    }
}

/// Every stream there is, and its name.
pub(crate) fn all(symbols: &Symbols) -> impl Iterator<Item = (PublicStream, String)> {
    let of_one = symbols.iter().flat_map(|symbol| {
        let name = symbol.name().to_ascii_lowercase();
        topics().map(move |topic| {
            let stream = PublicStream::One(symbol.id, topic);
            (stream, format!("{name}@{topic}"))
        })
    });
    of_one.chain(overviews().map(|overview| (PublicStream::All(overview), overview.to_string())))
}

/// What is said of each instrument.
fn topics() -> impl Iterator<Item = Topic> {
    let paces = [Pace::Fast, Pace::Slow];
    let depth = paces.into_iter().flat_map(|pace| {
        let best = BEST_LEVELS.map(|levels| Topic::BestLevels(levels, pace));
        best.into_iter().chain([Topic::Depth(pace)])
    });
    let others = [
        Topic::Trade,
        Topic::AggregateTrade,
        Topic::Ticker,
        Topic::MiniTicker,
        Topic::BookTicker,
    ];
    others
        .into_iter()
        .chain(depth)
        .chain(INTERVALS.map(Topic::Kline))
}

fn overviews() -> impl Iterator<Item = Overview> {
    let lists = Every::ALL
        .into_iter()
        .flat_map(|every| [Overview::Tickers(every), Overview::MiniTickers(every)]);
    lists.chain([Overview::BookTickers])
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trade => f.write_str("trade"),
            Self::AggregateTrade => f.write_str("aggTrade"),
            Self::Kline(interval) => write!(f, "kline_{interval}"),
            Self::Depth(pace) => write!(f, "depth{pace}"),
            Self::BestLevels(levels, pace) => write!(f, "depth{levels}{pace}"),
            Self::Ticker => f.write_str("ticker"),
            Self::MiniTicker => f.write_str("miniTicker"),
            Self::BookTicker => f.write_str("bookTicker"),
        }
    }
}

impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fast => "@100ms",
            Self::Slow => "",
        })
    }
}

impl fmt::Display for Overview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tickers(every) => write!(f, "!ticker@arr{every}"),
            Self::MiniTickers(every) => write!(f, "!miniTicker@arr{every}"),
            Self::BookTickers => f.write_str("!bookTicker"),
        }
    }
}

impl fmt::Display for Every {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unsaid => "",
            Self::Second => "@1000ms",
            Self::ThreeSeconds => "@3000ms",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_have_the_names_that_clients_know() {
        let topics: Vec<_> = topics().map(|topic| topic.to_string()).collect();
        let expected = "trade aggTrade ticker miniTicker bookTicker \
            depth5@100ms depth10@100ms depth20@100ms depth@100ms depth5 depth10 depth20 depth \
            kline_1m kline_3m kline_5m kline_15m kline_30m kline_1h kline_2h kline_4h kline_6h \
            kline_8h kline_12h kline_1d kline_3d kline_1w kline_1M";
        assert_eq!(topics.join(" "), expected);
        let overviews: Vec<_> = overviews().map(|overview| overview.to_string()).collect();
        let expected = "!ticker@arr !miniTicker@arr !ticker@arr@1000ms !miniTicker@arr@1000ms \
            !ticker@arr@3000ms !miniTicker@arr@3000ms !bookTicker";
        assert_eq!(overviews.join(" "), expected);
    }

    #[test]
    fn the_page_about_the_api_has_them_all() {
        let page = include_str!("../../../../docs/api.md");
        let streams = topics().map(|topic| format!("`@{topic}`"));
        let streams = streams.chain(overviews().map(|overview| format!("`{overview}`")));
        let missing: Vec<_> = streams.filter(|stream| !page.contains(stream)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
