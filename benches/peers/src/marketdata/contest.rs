//! Lets contestants do the same work in turn, after what they come to has been compared with what
//! ours comes to.

use std::fmt::Debug;
use std::hint::black_box;
use std::io::{self, Write};
use std::time::{Duration, Instant};

/// Something that does a work behind a common face. What it takes in is translated, and copied,
/// before the clock runs.
pub trait Contestant {
    /// What the table calls it.
    const NAME: &'static str;
    /// What it counts in, and what else there is to know.
    const REMARK: &'static str;

    /// What tells one work from another, such as intervals.
    type Settings: ?Sized;
    /// What everybody is given.
    type Given;
    /// That in its own words.
    type Input: Clone;
    /// What it says to each; compared, and read by the clock's side too.
    type Answer: PartialEq + Debug;
    /// What it has in the end.
    type Row: PartialEq + Debug;

    /// Translates what is given.
    fn inputs(given: &[Self::Given]) -> Vec<Self::Input>;

    /// Gets ready; the first thing that will be given is known.
    fn new(settings: &Self::Settings, first: &Self::Given) -> Self;

    /// What is measured.
    fn apply(&mut self, input: Self::Input) -> Self::Answer;

    /// What it has come to.
    fn rows(self) -> Vec<Self::Row>;
}

/// A contestant whose types do not show, at one work.
pub trait Entry<A, R> {
    /// What the table calls it.
    fn name(&self) -> &'static str;
    /// What else there is to know.
    fn remark(&self) -> &'static str;
    /// All answers, and what it comes to.
    fn outcome(&self) -> (Vec<A>, Vec<R>);
    /// How long it takes.
    fn time(&self) -> Duration;
}

struct Entered<'a, C: Contestant> {
    settings: &'a C::Settings,
    given: &'a [C::Given],
    inputs: Vec<C::Input>,
}

/// Enters a contestant for a work.
///
/// # Panics
///
/// Where nothing is given.
pub fn enter<'a, C: Contestant + 'a>(
    settings: &'a C::Settings,
    given: &'a [C::Given],
) -> Box<dyn Entry<C::Answer, C::Row> + 'a> {
    assert!(!given.is_empty());
    let inputs = C::inputs(given);
    Box::new(Entered::<C> {
        settings,
        given,
        inputs,
    })
}

impl<C: Contestant> Entry<C::Answer, C::Row> for Entered<'_, C> {
    fn name(&self) -> &'static str {
        C::NAME
    }

    fn remark(&self) -> &'static str {
        C::REMARK
    }

    fn outcome(&self) -> (Vec<C::Answer>, Vec<C::Row>) {
        let mut contestant = C::new(self.settings, &self.given[0]);
        let inputs = self.inputs.iter().cloned();
        let answers = inputs.map(|input| contestant.apply(input)).collect();
        (answers, contestant.rows())
    }

    fn time(&self) -> Duration {
        let mut contestant = C::new(self.settings, &self.given[0]);
        let inputs = self.inputs.clone();
        let begin = Instant::now();
        measured(&mut contestant, inputs);
        let time = begin.elapsed();
        black_box(contestant.rows());
        time
    }
}

#[inline(never)]
fn measured<C: Contestant>(contestant: &mut C, inputs: Vec<C::Input>) {
    for input in inputs {
        black_box(contestant.apply(input));
    }
}

/// What is held, and where what comes of it goes.
pub struct Contest<W> {
    /// How often each is timed.
    pub trials: usize,
    /// Only works whose names have this in them.
    pub work: Option<String>,
    /// Only the contestants whose names have this in them; ours is compared with in any case.
    pub of: Option<String>,
    /// Takes the table.
    pub out: W,
    /// What was found to differ.
    pub notes: Vec<String>,
}

/// The head of the table that [`Contest::hold`] adds to.
pub const HEAD: &str = "\
    | work | of | counts in | times | ns each | ours is faster by |\n|---|---|---|---:|---:|---:|";

impl<W: Write> Contest<W> {
    /// Compares, times and writes a row for each. Ours comes first.
    ///
    /// # Errors
    ///
    /// Whatever writing says.
    pub fn hold<A: PartialEq + Debug, R: PartialEq + Debug>(
        &mut self,
        work: &str,
        count: usize,
        entries: &[Box<dyn Entry<A, R> + '_>],
    ) -> io::Result<()> {
        let is_asked_for = |only: &Option<String>, name: &str| {
            only.as_deref().is_none_or(|only| name.contains(only))
        };
        let Some((ours, peers)) = entries.split_first() else {
            return Ok(());
        };
        if !is_asked_for(&self.work, work) {
            return Ok(());
        }
        let right = ours.outcome();
        let mut marks = vec![String::new()];
        for peer in peers {
            let found = difference(&right, &peer.outcome());
            marks.push(found.map_or_else(String::new, |found| {
                self.notes.push(format!("{}, {work}: {found}", peer.name()));
                format!(" [{}]", self.notes.len())
            }));
        }
        drop(right);

        let mut chosen: Vec<_> = entries.iter().zip(marks).collect();
        chosen.retain(|(entry, _)| is_asked_for(&self.of, entry.name()));
        let mut times = vec![Vec::new(); chosen.len()];
        for _ in 0..self.trials {
            for ((entry, _), times) in chosen.iter().zip(&mut times) {
                times.push(entry.time());
            }
        }
        let median = |times: &mut Vec<Duration>| {
            times.sort_unstable();
            times[times.len() / 2].as_secs_f64()
        };
        let medians: Vec<f64> = times.iter_mut().map(median).collect();
        for ((entry, mark), median) in chosen.iter().zip(&medians) {
            #[expect(clippy::cast_precision_loss, reason = "there are fewer than 2^52")]
            let each = median * 1e9 / count as f64;
            let (name, remark, ratio) = (entry.name(), entry.remark(), median / medians[0]);
            let whose = format!("| {work} | {name}{mark} | {remark} |");
            writeln!(self.out, "{whose} {count} | {each:.1} | {ratio:.2} |")?;
        }
        self.out.flush()
    }
}

/// What is not as it should be, first of all.
fn difference<A: PartialEq + Debug, R: PartialEq + Debug>(
    right: &(Vec<A>, Vec<R>),
    found: &(Vec<A>, Vec<R>),
) -> Option<String> {
    first_difference("answer", &right.0, &found.0)
        .or_else(|| first_difference("result", &right.1, &found.1))
}

fn first_difference<T: PartialEq + Debug>(what: &str, right: &[T], found: &[T]) -> Option<String> {
    let pairs = right.iter().zip(found);
    let wrong = pairs
        .clone()
        .filter(|(right, found)| right != found)
        .count();
    if let Some((number, (right, found))) = (0..).zip(pairs).find(|(_, (a, b))| a != b) {
        return Some(format!(
            "{wrong} {what}s differ, the first is number {number}: {found:?} instead of {right:?}"
        ));
    }
    (right.len() != found.len()).then(|| {
        let (right, found) = (right.len(), found.len());
        format!("{found} {what}s instead of {right}")
    })
}
