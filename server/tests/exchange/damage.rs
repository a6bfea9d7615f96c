//! A data directory that is not what was written: refused by name, and left as it is.

use std::path::Path;

use rusqlite::Connection;
use tempfile::TempDir;

use crate::harness::log::{Log, copy, file};
use crate::harness::server::refused;
use crate::harness::state::{Questions, assert_same};
use crate::harness::{Server, Trader, new_dir};

const FAUCET: &[&str] = &["--faucet"];

/// The directory of an exchange that was killed after some orders; how many frames it has.
async fn an_exchange_that_was() -> (TempDir, i64) {
    let dir = new_dir();
    let server = Server::with_faucet(dir.path()).await;
    let alice = Trader::funded(&server, "alice", &[("USDT", "1000")]).await;
    for price in ["10000", "10001", "10002", "10003"] {
        alice.limit("BTCUSDT", "BUY", price, "0.001").await;
    }
    drop(server);
    let frames = Log::open(dir.path()).frames();
    assert!(frames >= 7, "each of these is a frame: {frames}");
    (dir, frames)
}

/// Asserts that a start is refused with all of these words, and does not touch the log.
async fn assert_refused(dir: &Path, words: &[&str]) {
    let before = std::fs::read(file(dir)).ok();
    let said = refused(dir, FAUCET).await;
    for word in words {
        assert!(said.contains(word), "{word:?} is not in: {said}");
    }
    assert!(!said.contains("panicked"), "{said}");
    let after = std::fs::read(file(dir)).ok();
    assert!(before == after, "the log was changed: {said}");
}

#[tokio::test]
async fn flipped_bits_are_noticed() {
    let (dir, frames) = an_exchange_that_was().await;
    for frame in [1, frames / 2, frames] {
        let log = Log::open(dir.path());
        log.flip(frame);
        drop(log);
        let name = format!("frame {frame}:");
        assert_refused(dir.path(), &["commands.sqlite", "corrupt", &name]).await;
        Log::open(dir.path()).flip(frame);
    }
    // Flipped back, all is well.
    drop(Server::with_faucet(dir.path()).await);
}

#[tokio::test]
async fn a_missing_frame_is_noticed() {
    let (dir, frames) = an_exchange_that_was().await;
    let middle = frames / 2;
    Log::open(dir.path()).delete(middle, middle);
    let name = format!("frame {middle}:");
    assert_refused(dir.path(), &["commands.sqlite", "corrupt", &name]).await;
}

#[tokio::test]
async fn a_lost_end_is_noticed() {
    let (dir, frames) = an_exchange_that_was().await;
    for from in [frames, frames - 2, 1] {
        Log::open(dir.path()).delete(from, frames);
        let found = format!("ends at frame {}", from - 1);
        let acknowledged = format!("frame {frames} was acknowledged");
        let words = [
            "commands.sqlite",
            &found,
            &acknowledged,
            "lost or truncated",
        ];
        assert_refused(dir.path(), &words).await;
    }
}

#[tokio::test]
async fn a_lost_wal_is_noticed() {
    let dir = new_dir();
    let mut server = Server::with_faucet(dir.path()).await;
    let alice = Trader::funded(&server, "alice", &[("USDT", "1000")]).await;
    // While somebody reads an older state, newer frames stay in the WAL.
    let reader = Connection::open(file(dir.path())).expect("the log is a database");
    reader
        .execute_batch("BEGIN; SELECT count(*) FROM frames;")
        .expect("it can be read");
    for _ in 0..3 {
        alice.limit("BTCUSDT", "BUY", "10000", "0.001").await;
    }
    server.kill();
    let questions = Questions::about(&[&alice], &[]);
    let (intact, lost, cut) = (new_dir(), new_dir(), new_dir());
    copy(dir.path(), intact.path(), |name| name.ends_with("-shm"));
    let of_log = |name: &str| name.starts_with("commands.sqlite-");
    copy(dir.path(), lost.path(), of_log);
    copy(dir.path(), cut.path(), |name| name.ends_with("-shm"));
    drop(reader);

    let wal = cut.path().join("commands.sqlite-wal");
    let length = std::fs::metadata(&wal).expect("there is a WAL").len();
    let wal = std::fs::OpenOptions::new()
        .write(true)
        .open(wal)
        .expect("the WAL can be written");
    // The last frame is torn; the head says that it was acknowledged.
    wal.set_len(length - 100).expect("the WAL can be cut");
    // The database itself may move what is left of a WAL, so only what is said counts here.
    for dir in [&lost, &cut] {
        let said = refused(dir.path(), FAUCET).await;
        assert!(said.contains("commands.sqlite"), "{said}");
        assert!(said.contains("lost or truncated"), "{said}");
    }

    let server = Server::with_faucet(intact.path()).await;
    let state = questions.ask(&server).await;
    let open = state["alice: open orders"].as_array().map(Vec::len);
    assert_eq!(open, Some(3), "the WAL has it all");
}

#[tokio::test]
async fn a_lost_database_is_noticed() {
    let (dir, _) = an_exchange_that_was().await;
    let log = file(dir.path());
    let whole = std::fs::read(&log).expect("the log is there");
    let words = ["commands.sqlite", "lost or truncated"];
    std::fs::write(&log, b"").expect("the log can be written");
    assert_refused(dir.path(), &words).await;
    std::fs::remove_file(&log).expect("the log can be removed");
    assert_refused(dir.path(), &words).await;
    assert!(!log.exists(), "no new log in place of a lost one");
    for length in [100, 4096, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&log, &whole[..length]).expect("the log can be written");
        assert_refused(dir.path(), &["commands.sqlite"]).await;
    }
    std::fs::write(&log, &whole).expect("the log can be written");
    drop(Server::with_faucet(dir.path()).await);
}

#[tokio::test]
async fn the_files_of_others_are_left_alone() {
    let (used, _) = an_exchange_that_was().await;
    let foreign = new_dir();
    let foreign = foreign.path().join("foreign.sqlite");
    Connection::open(&foreign)
        .and_then(|database| {
            database.execute_batch("CREATE TABLE frames (x); INSERT INTO frames VALUES (1);")
        })
        .expect("a database can be made");
    let foreign = std::fs::read(foreign).expect("it is there");
    let garbage: Vec<u8> = (0..20_000_u32).map(|byte| byte.to_le_bytes()[0]).collect();
    let text = b"dear diary\n".repeat(1_000);
    for bytes in [&foreign, &garbage, &text] {
        // In an empty directory, and in place of a log of ours.
        let fresh = new_dir();
        for dir in [fresh.path(), used.path()] {
            std::fs::write(file(dir), bytes).expect("the file can be written");
            assert_refused(dir, &["commands.sqlite"]).await;
        }
    }
}

#[tokio::test]
async fn lost_users_are_noticed() {
    let (dir, _) = an_exchange_that_was().await;
    for name in ["accounts.sqlite", "accounts.sqlite-wal", "secret.key"] {
        // The WAL may have been moved into the database already.
        drop(std::fs::remove_file(dir.path().join(name)));
    }
    assert_refused(dir.path(), &["accounts.sqlite"]).await;
}

#[tokio::test]
async fn a_lost_head_is_no_harm() {
    let (dir, _) = an_exchange_that_was().await;
    let head = dir.path().join("commands.head");
    for bytes in [None, Some(&b""[..]), Some(b"nonsense"), Some(b"\xff\xfe")] {
        let server = Server::with_faucet(dir.path()).await;
        let questions = Questions::about(&[], &[]);
        let before = questions.ask(&server).await;
        drop(server);
        match bytes {
            None => std::fs::remove_file(&head).expect("there is a head"),
            Some(bytes) => std::fs::write(&head, bytes).expect("the head can be written"),
        }
        let server = Server::with_faucet(dir.path()).await;
        assert_same(&before, &questions.ask(&server).await);
    }
}
