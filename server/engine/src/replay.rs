//! Running a log again.

use alloc::vec::Vec;

use crate::{Event, Exchange, Input, Reject};

/// Applies `inputs` in order and shows each outcome to `observe`: the input, whether it was
/// refused, and its events. What was refused the first time is refused again.
pub fn replay<'a>(
    exchange: &mut Exchange,
    inputs: impl IntoIterator<Item = &'a Input>,
    mut observe: impl FnMut(&Input, Result<(), Reject>, &[Event]),
) {
    let mut events = Vec::new();
    for input in inputs {
        events.clear();
        let outcome = exchange.apply(input, &mut events);
        observe(input, outcome, &events);
    }
}
