//! What clients send: on a corpus, and on texts that are like what they send.

use std::fs;
use std::path::Path;

use proptest::prelude::*;

type Target = (&'static str, fn(&[u8]));

const TARGETS: [Target; 4] = [
    ("query", wire::query),
    ("decimal", wire::decimal),
    ("stream_frame", wire::stream_frame),
    ("api_request", wire::api_request),
];

/// Every input of every target: the others do no harm.
#[test]
fn every_file_of_the_corpus() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus");
    for (name, _) in TARGETS {
        let files = fs::read_dir(corpus.join(name)).expect("the corpus is part of the repository");
        for file in files {
            let bytes = file.and_then(|file| fs::read(file.path()));
            let bytes = bytes.expect("a readable file");
            for (_, target) in TARGETS {
                target(&bytes);
            }
        }
    }
}

/// Texts made of pieces of what is sent.
fn pieces(of: &'static [&'static str]) -> impl Strategy<Value = String> {
    let piece = prop::sample::select(of);
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// A JSON value, mostly a text with what is special somewhere.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        pieces(&["a", "&", "=", "%", "%26", " ", "+", "é", "signature"])
            .prop_map(|text| format!("{text:?}")),
        pieces(&["1", "0", ".5", "e2"]),
        Just("null".into()),
        Just("true".into()),
        Just("[\"A\",{}]".into()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 4_096,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn arbitrary_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for (_, target) in TARGETS {
            target(&bytes);
        }
    }

    #[test]
    fn queries(text in pieces(&["a", "b", "1", "=", "=", "&", "&", "%3D", "%73", "signature=", "+", "\0"])) {
        wire::query(text.as_bytes());
    }

    #[test]
    fn decimals(text in pieces(&["0", "00000", "1", "9", "99999", ".", "-", "e"])) {
        wire::decimal(text.as_bytes());
    }

    #[test]
    fn frames(
        method in prop::sample::select(&["SUBSCRIBE", "LIST_SUBSCRIPTIONS", "SET_PROPERTY", "NO"][..]),
        params in prop::collection::vec(value(), 0..4),
        id in value(),
    ) {
        let params = params.join(",");
        let frame = format!(r#"{{"method":"{method}","params":[{params}],"id":{id}}}"#);
        wire::stream_frame(frame.as_bytes());
    }

    #[test]
    fn requests(
        pairs in prop::collection::vec((pieces(&["a", "b", "=", "&", "signature"]), value()), 0..4),
        id in value(),
    ) {
        let pairs = pairs.iter().map(|(name, value)| format!("{name:?}:{value}"));
        let params = pairs.collect::<Vec<_>>().join(",");
        let request = format!(r#"{{"id":{id},"method":"ping","params":{{{params}}}}}"#);
        wire::api_request(request.as_bytes());
    }
}
