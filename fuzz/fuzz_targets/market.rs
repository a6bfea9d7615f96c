//! Market data against its naive model.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    oracle::differential::market(bytes);
});
