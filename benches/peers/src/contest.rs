//! Checking and timing one engine on one flow.

use std::any::Any;
use std::hint::black_box;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use benches::flow::Message;
use benches::naive::{Depth, NaiveBook, Report};

use crate::engine::{BATCH, Engine, Tally};

/// What there is to know about a flow before engines are asked.
pub struct Expected {
    reports: Vec<Report>,
    /// Where the reports of each message end.
    ends: Vec<usize>,
}

impl Expected {
    /// What the naive book says.
    pub fn new(messages: &[Message]) -> Self {
        let mut book = NaiveBook::default();
        let (mut reports, mut ends) = (Vec::new(), Vec::new());
        for message in messages {
            book.apply(message, &mut reports);
            ends.push(reports.len());
        }
        Self { reports, ends }
    }

    fn of(&self, message: usize) -> &[Report] {
        let begin = message.checked_sub(1).map_or(0, |last| self.ends[last]);
        &self.reports[begin..self.ends[message]]
    }
}

/// An engine and a flow in its words.
pub trait Contender {
    /// What the table calls the engine.
    fn name(&self) -> &'static str;
    /// How many messages it takes part with.
    fn len(&self) -> usize;
    /// Finds out how far it gets in so much time, and without a panic; the rest of the flow is left
    /// out. Says why where anything is.
    fn limit(&mut self, messages: &[Message], time: Duration) -> Option<String>;
    /// Compares its outcomes with what they should be.
    fn check(&mut self, messages: &[Message], expected: &Expected) -> Verdict;
    /// How long it takes.
    fn time(&mut self, messages: &[Message]) -> Duration;
}

/// Whether an engine does what it should.
pub struct Verdict {
    /// So far as can be seen.
    pub right: bool,
    /// What is not as it should be, or cannot be seen.
    pub found: Option<String>,
}

/// Lets an engine take part.
pub fn contender<E: Engine + 'static>(messages: &[Message]) -> Box<dyn Contender> {
    let inputs = E::inputs(messages);
    let tally = None;
    Box::new(Entry::<E> { inputs, tally })
}

struct Entry<E: Engine> {
    inputs: Vec<E::Input>,
    /// What it has counted in an earlier trial.
    tally: Option<Tally>,
}

impl<E: Engine> Contender for Entry<E> {
    fn name(&self) -> &'static str {
        E::NAME
    }

    fn len(&self) -> usize {
        self.inputs.len()
    }

    fn limit(&mut self, messages: &[Message], time: Duration) -> Option<String> {
        let mut engine = E::new(messages);
        let mut tally = Tally::default();
        let mut done = 0;
        let begin = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            while done < self.inputs.len() && begin.elapsed() < time {
                engine.apply(&self.inputs[done], &mut tally);
                done += 1;
                if done.is_multiple_of(BATCH) {
                    engine.flush(&mut tally);
                }
            }
        }));
        let all = self.inputs.len();
        self.inputs.truncate(done);
        match outcome {
            Err(panic) => Some(format!(
                "panics at message {done} ({:?}): {}; timed up to there",
                messages[done],
                text(&*panic)
            )),
            Ok(()) if done < all => {
                Some(format!("too slow for all of it: the first {done} messages"))
            }
            Ok(()) => None,
        }
    }

    fn check(&mut self, messages: &[Message], expected: &Expected) -> Verdict {
        let mut engine = E::new(messages);
        let mut naive = NaiveBook::default();
        let (mut reports, mut ignored) = (Vec::new(), Vec::new());
        let (mut different, mut first) = (0, None);
        for (number, input) in self.inputs.iter().enumerate() {
            reports.clear();
            engine.apply(input, &mut reports);
            engine.flush(&mut reports);
            ignored.clear();
            naive.apply(&messages[number], &mut ignored);
            let right = expected.of(number);
            if reports != right {
                different += 1;
                first.get_or_insert_with(|| {
                    let message = messages[number];
                    format!("message {number}, {message:?}: {reports:?} instead of {right:?}")
                });
            }
        }
        let right = naive.depth();
        let depth = engine.depth();
        let same = depth.as_ref().is_none_or(|depth| *depth == right);
        let resting = match &depth {
            None => Some("what rests in the end cannot be asked".to_owned()),
            Some(depth) if !same => Some(format!(
                "in the end {} lots rest instead of {}",
                lots(depth),
                lots(&right)
            )),
            Some(_) => None,
        };
        let first = first.map(|first| {
            let of = self.inputs.len();
            format!("{different} of {of} messages have another outcome, first {first}")
        });
        let found: Vec<String> = first.into_iter().chain(resting).collect();
        Verdict {
            right: different == 0 && same,
            found: (!found.is_empty()).then(|| found.join("; ")),
        }
    }

    fn time(&mut self, messages: &[Message]) -> Duration {
        let mut engine = E::new(messages);
        let begin = Instant::now();
        let tally = measured(&mut engine, &self.inputs);
        let time = begin.elapsed();
        black_box(&engine);
        let first = *self.tally.get_or_insert(tally);
        assert_eq!(tally, first, "{} does not do the same twice", E::NAME);
        time
    }
}

#[inline(never)]
fn measured<E: Engine>(engine: &mut E, inputs: &[E::Input]) -> Tally {
    let mut tally = Tally::default();
    for batch in inputs.chunks(BATCH) {
        for input in batch {
            engine.apply(input, &mut tally);
        }
        engine.flush(&mut tally);
    }
    tally
}

fn lots(depth: &Depth) -> u64 {
    depth.iter().flat_map(|side| side.values()).sum()
}

fn text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message")
}
