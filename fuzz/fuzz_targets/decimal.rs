//! Decimals: read exactly, and told so that they are read as themselves.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    wire::decimal(bytes);
});
