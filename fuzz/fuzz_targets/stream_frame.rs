//! Frames that subscribe to streams.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    wire::stream_frame(bytes);
});
