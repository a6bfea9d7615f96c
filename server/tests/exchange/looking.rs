//! `exchange log`: an operator looks at a command log, and changes nothing.

use std::path::Path;

use serde_json::Value;

use crate::harness::log::Log;
use crate::harness::server::run;
use crate::harness::{Server, Trader, new_dir};

/// What the command prints, or what it complains of.
fn log(command: &[&str], data_dir: &Path) -> Result<String, String> {
    let data_dir = data_dir.to_str().expect("a path in UTF-8");
    let output = run(&[&["log"], command, &["--data-dir", data_dir]].concat());
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        Ok(text(&output.stdout))
    } else {
        Err(text(&output.stderr))
    }
}

/// The rest of the line that begins with a word.
fn line<'a>(printed: &'a str, word: &str) -> &'a str {
    let mut lines = printed.lines().filter_map(|line| line.strip_prefix(word));
    lines.next().expect(word).trim()
}

fn lines(printed: &str) -> Vec<Value> {
    let json = printed.lines().map(serde_json::from_str);
    json.collect::<Result<_, _>>().expect("JSON in every line")
}

#[tokio::test]
async fn a_log_is_verified_and_dumped_while_it_is_written_and_after() {
    let dir = new_dir();
    let mut server = Server::with_faucet(dir.path()).await;
    let alice = Trader::funded(&server, "alice", &[("USDT", "1000")]).await;
    alice.limit("BTCUSDT", "BUY", "10000", "0.001").await;
    let running = log(&["verify", "--replay"], dir.path()).expect("the log is whole");
    server.kill();

    let stopped = log(&["verify", "--replay"], dir.path()).expect("the log is whole");
    assert_eq!(running, stopped);
    let frames = Log::open(dir.path()).frames();
    assert_eq!(line(&stopped, "frames"), format!("{frames}, of 1 starts"));
    assert_eq!(line(&stopped, "state").len(), 64);
    assert!(line(&stopped, "head").contains(&format!("frame {frames} ")));

    let dumped = log(&["dump"], dir.path()).expect("the log is whole");
    let dumped = lines(&dumped);
    assert_eq!(line(&stopped, "inputs"), dumped.len().to_string());
    for (seq, input) in (1_u64..).zip(&dumped) {
        assert_eq!(input["seq"], seq);
    }
    let last = dumped.last().expect("an order");
    assert_eq!(last["command"]["Place"]["side"], "Buy", "{last}");

    let (from, limit) = (dumped.len() - 2, "2");
    let page = ["dump", "--from", &from.to_string(), "--limit", limit];
    let page = lines(&log(&page, dir.path()).expect("the log is whole"));
    assert_eq!(page, dumped[from - 1..=from]);
}

#[tokio::test]
async fn what_is_wrong_with_a_log_is_said() {
    let dir = new_dir();
    let nothing = log(&["verify"], dir.path()).expect_err("there is no log");
    assert!(
        nothing.contains("commands.sqlite cannot be opened"),
        "{nothing}"
    );
    assert!(!dir.path().join("commands.sqlite").exists());
    assert!(!dir.path().join("commands.head").exists());

    let server = Server::with_faucet(dir.path()).await;
    Trader::funded(&server, "alice", &[("USDT", "1000")]).await;
    drop(server);
    let frames = Log::open(dir.path()).frames();
    Log::open(dir.path()).flip(frames - 1);
    for command in ["verify", "dump"] {
        let said = log(&[command], dir.path()).expect_err("a bit is flipped");
        let named = format!("is corrupt at frame {}: its checksum", frames - 1);
        assert!(said.contains(&named), "{said}");
    }
    Log::open(dir.path()).flip(frames - 1);

    Log::open(dir.path()).delete(frames, frames);
    let said = log(&["verify"], dir.path()).expect_err("the end is missing");
    let named = format!("ends at frame {}, but frame {frames}", frames - 1);
    assert!(said.contains(&named), "{said}");
}
