//! What an order book has to be made to do to take part.

use benches::flow::{Message, Side};
use benches::naive::{Depth, Report};

/// An order book behind a common face. As little as possible happens in here besides its own work:
/// messages are translated before the clock runs, and what it answers goes to a [`Sink`] that is
/// part of the same code once compiled.
pub trait Engine {
    /// What the table calls it.
    const NAME: &'static str;

    /// A message in its own words.
    type Input;

    /// Translates a flow.
    fn inputs(messages: &[Message]) -> Vec<Self::Input>;

    /// An empty book, prepared for a flow as far as its interface allows.
    fn new(messages: &[Message]) -> Self;

    /// Applies one message. What it reports may wait for [`Self::flush`].
    fn apply(&mut self, input: &Self::Input, sink: &mut impl Sink);

    /// Reports what was kept back. Called every [`BATCH`] messages.
    fn flush(&mut self, sink: &mut impl Sink) {
        let _ = sink;
    }

    /// What rests, where it can be asked.
    fn depth(&self) -> Option<Depth>;
}

/// After how many messages the reports have to be out at the latest.
pub const BATCH: usize = 64;

/// What takes the reports.
pub trait Sink {
    /// Takes one.
    fn report(&mut self, report: Report);
}

/// For comparing them.
impl Sink for Vec<Report> {
    fn report(&mut self, report: Report) {
        self.push(report);
    }
}

/// For measuring: looks at each report, so that nobody can do without making it, and keeps next to
/// nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    accepted: u64,
    rejected: u64,
    trades: u64,
    traded: u64,
    ids: u64,
}

impl Sink for Tally {
    #[inline]
    fn report(&mut self, report: Report) {
        match report {
            Report::Accepted { id } | Report::Cancelled { id } | Report::Modified { id } => {
                self.accepted += 1;
                self.ids ^= id;
            }
            Report::Rejected { id } => {
                self.rejected += 1;
                self.ids ^= id;
            }
            Report::Traded {
                maker, quantity, ..
            } => {
                self.trades += 1;
                self.traded += quantity;
                self.ids ^= maker;
            }
        }
    }
}

/// For books whose modification has to be told the side: that of each order by its id.
pub fn sides(messages: &[Message]) -> Vec<Side> {
    // No order has the id 0.
    let mut sides = vec![Side::Buy];
    sides.extend(messages.iter().filter_map(|message| match message {
        Message::New { side, .. } => Some(*side),
        _ => None,
    }));
    sides
}

/// An id as an index of a table.
pub fn index(id: u64) -> usize {
    usize::try_from(id).expect("ids are few")
}
