//! Depth: what is displayed at each price, and what is made of it.

mod checksum;
mod conflator;
mod diff;
mod fold;
mod grouping;
pub(crate) mod levels;
mod snapshot;

pub use checksum::{ChecksumForm, ChecksumLayout, NumberText};
pub use conflator::DepthConflator;
pub use diff::{DepthDiff, DepthDiffBuilder};
pub use fold::{Depth, DepthError, LevelChange};
pub use grouping::{GroupedDepth, GroupedLevel, Grouping};
pub use snapshot::{DepthSnapshot, SnapshotError};
