//! Damaged snapshots and logs: refused, or harmless.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    oracle::differential::damage(bytes);
});
