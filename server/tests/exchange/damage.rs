//! A data directory that is not what was written: refused by name, and left as it is.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write;
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

/// What is in the files of a directory, but for those that hold nothing to be kept: locks, shared
/// memory, and the empty WAL that opening a database makes.
fn contents(dir: &Path) -> BTreeMap<OsString, Vec<u8>> {
    let entries = std::fs::read_dir(dir).expect("the directory is there");
    let files = entries.map(|entry| entry.expect("it can be listed").path());
    let kept = files.filter(|path| {
        let name = path.to_string_lossy();
        !name.ends_with("-shm") && !name.ends_with("LOCK")
    });
    kept.map(|path| {
        let name = path.file_name().expect("a file has a name").to_owned();
        (name, std::fs::read(path).expect("it can be read"))
    })
    .filter(|(_, bytes)| !bytes.is_empty())
    .collect()
}

/// Asserts that a start is refused with all of these words, and leaves every file as it was.
async fn assert_refused(dir: &Path, words: &[&str]) {
    let before = contents(dir);
    let said = refused(dir, FAUCET).await;
    for word in words {
        assert!(said.contains(word), "{word:?} is not in: {said}");
    }
    assert!(!said.contains("panicked"), "{said}");
    let after = contents(dir);
    assert!(before.keys().eq(after.keys()), "{:?}: {said}", after.keys());
    for (name, bytes) in &before {
        assert!(
            after[name] == *bytes,
            "{} was changed: {said}",
            name.display()
        );
    }
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
    let (intact, lost, cut, wiped) = (new_dir(), new_dir(), new_dir(), new_dir());
    copy(dir.path(), intact.path(), |name| name.ends_with("-shm"));
    let of_log = |name: &str| name.starts_with("commands.sqlite-");
    copy(dir.path(), lost.path(), of_log);
    copy(dir.path(), cut.path(), |name| name.ends_with("-shm"));
    copy(dir.path(), wiped.path(), |name| name.ends_with("-shm"));
    drop(reader);

    let wal = |dir: &TempDir| {
        let wal = dir.path().join("commands.sqlite-wal");
        let mut options = std::fs::OpenOptions::new();
        let wal = options.write(true).open(wal);
        wal.expect("the WAL can be written")
    };
    // The last frame is torn; the head says that it was acknowledged.
    let length = wal(&cut).metadata().expect("there is a WAL").len();
    wal(&cut).set_len(length - 100).expect("the WAL can be cut");
    // Without its header the database takes the whole WAL for an old one.
    wal(&wiped).write_all(&[0; 32]).expect("it can be wiped");
    for dir in [&lost, &cut, &wiped] {
        assert_refused(dir.path(), &["commands.sqlite", "lost or truncated"]).await;
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
    // Nothing of it is in the WAL, too.
    Connection::open(&log)
        .and_then(|log| log.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())))
        .expect("the log is a database");
    let whole = std::fs::read(&log).expect("the log is there");
    let words = ["commands.sqlite", "lost"];
    std::fs::write(&log, b"").expect("the log can be written");
    assert_refused(dir.path(), &words).await;
    std::fs::remove_file(&log).expect("the log can be removed");
    assert_refused(dir.path(), &words).await;
    assert!(!log.exists(), "no new log in place of a lost one");
    // The last page has no frames.
    let last_page = 4096;
    for length in [100, last_page, whole.len() / 2, whole.len() - last_page - 1] {
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
    // The WAL has users that the database alone does not have: it must outlive the refusal.
    for lost in ["accounts.sqlite", "accounts.sqlite-wal", "secret.key"] {
        drop(std::fs::remove_file(dir.path().join(lost)));
        assert_refused(dir.path(), &["accounts.sqlite", "lost"]).await;
    }
}

#[tokio::test]
async fn a_log_that_is_gone_is_missed_by_its_users() {
    let (dir, _) = an_exchange_that_was().await;
    for lost in ["commands.sqlite", "commands.sqlite-wal", "commands.head"] {
        drop(std::fs::remove_file(dir.path().join(lost)));
        assert_refused(dir.path(), &["commands.sqlite", "lost"]).await;
    }
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
