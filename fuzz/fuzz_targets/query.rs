//! What is signed of a request: all but the signature, and no other request.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    wire::query(bytes);
});
