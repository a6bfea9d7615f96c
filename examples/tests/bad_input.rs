//! Whatever is wrong with a file, the answer is a sentence with its name and the line.

use std::error::Error as _;
use std::fs;
use std::path::{Path, PathBuf};

use examples::{Error, Recording};

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).expect("the target folder is ours");
    folder
}

fn error_of(path: &Path) -> Error {
    Recording::open(path).expect_err("the file is bad")
}

#[test]
fn a_bad_line_is_named() {
    let trades = "trade_id,trade_time_ms,price,qty,is_buyer_maker\n";
    let csv = "id,timestamp,exchange.timestamp,price,volume,action,direction\n";
    let created = r#"1 order_created {"price":"1.00","amount":"1","id":1,"order_type":0}"#;
    let cases = [
        (
            "a.csv",
            format!("{trades}1,2,3.5,1,true\n2,2,x,1,true\n"),
            ":3: price cannot be \"x\"",
        ),
        (
            "b.csv",
            format!("{trades}1,2,3.5,1\n"),
            ":2: there is no is_buyer_maker",
        ),
        (
            "c.csv",
            format!("{trades}1,2,3.5,1,maybe\n"),
            ":2: is_buyer_maker cannot be \"maybe\"",
        ),
        (
            "d.csv",
            format!("{trades}1,2,3.5,-1,true\n"),
            ":2: quantity -1: the number is outside",
        ),
        (
            "e.csv",
            "trade_id,price,qty,is_buyer_maker\n".into(),
            ":1: there is no column trade_time_ms",
        ),
        (
            "f.csv",
            format!("{csv}1,2,3,236.471,5,created,bid\n"),
            ":2: price 236.471: the number is not a multiple",
        ),
        (
            "g.csv",
            format!("{csv}1,2,3,236.47,5,created,up\n"),
            ":2: direction cannot be \"up\"",
        ),
        (
            "h.log",
            format!("{created}\n2 trade {{\"price\": 3\n"),
            ":2: not the JSON of trade",
        ),
        (
            "i.log",
            format!("{created}\n\nx order_changed {{}}\n"),
            ":3: the time cannot be \"x\"",
        ),
        (
            "j.log",
            format!("{created}\n3 order_exploded {{}}\n"),
            ":2: the event cannot be \"order_exploded\"",
        ),
        (
            "k.log",
            created.replace(":0}", ":7}"),
            ":1: order_type cannot be 7",
        ),
    ];
    let folder = folder("bad_lines");
    for (name, contents, expected) in cases {
        let path = folder.join(name);
        fs::write(&path, contents).expect("the target folder is ours");
        let message = error_of(&path).to_string();
        let expected = format!("{}{expected}", path.display());
        assert!(message.starts_with(&expected), "{message}");
    }
}

#[test]
fn a_lobster_file_has_its_books() {
    let folder = folder("lobster");
    let (messages, books) = (folder.join("message_2.csv"), folder.join("orderbook_2.csv"));
    let message = "34200.1,1,7,10,5853300,1\n";
    let cases = [
        (message, "9,1,8,1,10,1\n", ":1: a book has four numbers"),
        (message, "", ":1: there are more messages"),
        (
            message,
            "9,1,8,1,10,1,7,1\n9,1,8,1,10,1,7,1\n",
            ":2: there are more books",
        ),
        (
            message,
            "9,1,8,1,10,1,7,one\n",
            ":1: size cannot be \"one\"",
        ),
    ];
    for (message, book, expected) in cases {
        fs::write(&messages, message).expect("the target folder is ours");
        fs::write(&books, book).expect("the target folder is ours");
        let error = error_of(&messages).to_string();
        let expected = format!("{}{expected}", books.display());
        assert!(error.starts_with(&expected), "{error}");
    }
    fs::write(&messages, "34200.1,9,7,10,5853300,1\n").expect("the target folder is ours");
    let error = error_of(&folder).to_string();
    assert!(
        error.ends_with("message_2.csv:1: type cannot be \"9\""),
        "{error}"
    );
}

#[test]
fn damage_is_noticed() {
    let extract = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("data/binance_spot_btcusdt_20240808_trades.csv.zst");
    let bytes = fs::read(extract).expect("it is checked in");
    let folder = folder("damaged");

    let truncated = folder.join("truncated.csv.zst");
    fs::write(&truncated, &bytes[..bytes.len() / 2]).expect("the target folder is ours");
    assert!(matches!(error_of(&truncated), Error::Unreadable { .. }));

    let flipped = folder.join("flipped.csv.zst");
    for position in (0..bytes.len()).step_by(bytes.len() / 20) {
        let mut bytes = bytes.clone();
        bytes[position] ^= 0x10;
        fs::write(&flipped, bytes).expect("the target folder is ours");
        let error = error_of(&flipped);
        assert!(
            matches!(error, Error::Unreadable { .. }),
            "byte {position}: {error}"
        );
    }
}

#[test]
fn what_is_no_recording_is_not_guessed() {
    let missing = error_of(Path::new("/no/such/recording.csv"));
    assert_eq!(missing.to_string(), "/no/such/recording.csv cannot be read");
    assert!(missing.source().is_some(), "the reason follows");

    let folder = folder("folders");
    let other = folder.join("other.csv");
    fs::write(&other, "a,b\n1,2\n").expect("the target folder is ours");
    assert!(matches!(error_of(&other), Error::UnknownFormat { .. }));
    assert!(matches!(error_of(&folder), Error::UnknownFormat { .. }));

    fs::write(folder.join("1_trades.csv"), "").expect("the target folder is ours");
    fs::write(folder.join("2_trades.csv"), "").expect("the target folder is ours");
    let error = error_of(&folder).to_string();
    assert!(
        error.ends_with("name one of them: 1_trades.csv, 2_trades.csv"),
        "{error}"
    );
    fs::remove_file(folder.join("1_trades.csv")).expect("just written");
    fs::remove_file(folder.join("2_trades.csv")).expect("just written");
}
