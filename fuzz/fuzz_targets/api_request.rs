//! Requests of the WebSocket API, and what is signed of them.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    wire::api_request(bytes);
});
