//! `exchange bench`: an operator measures a machine, and finds everything as it was.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::harness::server::run;
use crate::harness::{eventually, new_dir};

/// What the command prints about a directory where there is one file, which stays all there is.
fn bench(command: &[&str]) -> String {
    let dir = new_dir();
    fs::write(dir.path().join("kept"), "as it was").expect("the directory is writable");
    let path = dir.path().to_str().expect("a path in UTF-8");
    let output = run(&[&["bench"], command, &["--data-dir", path]].concat());
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    assert_eq!(files(dir.path()), ["kept"]);
    let kept = fs::read_to_string(dir.path().join("kept"));
    assert_eq!(kept.expect("it is there"), "as it was");
    String::from_utf8(output.stdout).expect("text")
}

fn files(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).expect("the directory is there");
    let name = |entry: std::io::Result<fs::DirEntry>| entry.expect("a name").file_name();
    entries
        .map(|entry| name(entry).to_string_lossy().into_owned())
        .collect()
}

/// The number in a column of the row that begins with a word.
fn cell(printed: &str, row: &str, column: usize) -> String {
    let mut lines = printed.lines();
    let line = lines.find(|line| line.split_whitespace().next() == Some(row));
    let cell = line.and_then(|line| line.split_whitespace().nth(column));
    cell.unwrap_or_else(|| panic!("no {row}: {printed}")).into()
}

#[test]
fn throughput_is_told_beside_what_the_disk_commits() {
    let args = ["throughput", "--seconds", "1", "--in-flight", "1,4"];
    let printed = bench(&args);
    for (row, columns) in [("before", 4), ("after", 4), ("1", 9), ("4", 9)] {
        for column in 1..columns {
            let number = cell(&printed, row, column);
            assert!(
                number
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || byte == b'.'),
                "{number}: {printed}"
            );
        }
        let per_second = cell(&printed, row, 1);
        assert!(
            per_second.parse::<u64>().expect("a number") > 0,
            "{printed}"
        );
    }
    assert_eq!(cell(&printed, "1", 7), "1.0", "{printed}");
}

#[test]
fn a_restart_is_measured_in_a_process_of_its_own() {
    let printed = bench(&["restart", "--orders", "2000", "--tail", "1000"]);
    assert!(
        printed.starts_with("2000 open orders; 1000 inputs later "),
        "{printed}"
    );
    for row in ["snapshot", "exchange", "folds", "tail", "all"] {
        assert!(printed.contains(&format!("\n{row} ")), "{row}: {printed}");
    }
}

#[test]
fn nothing_is_measured_where_there_is_no_directory() {
    let nowhere = new_dir().path().join("nowhere");
    let path = nowhere.to_str().expect("a path in UTF-8");
    let output = run(&["bench", "throughput", "--data-dir", path]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(stderr.contains("cannot be created"), "{stderr}");
    assert!(!nowhere.exists());
}

#[tokio::test]
async fn who_is_asked_to_stop_leaves_nothing_behind() {
    let dir = new_dir();
    let mut measuring = Command::new(env!("CARGO_BIN_EXE_exchange"))
        .args(["bench", "throughput", "--data-dir"])
        .arg(dir.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary starts");
    eventually("it has begun", async || {
        let begun = files(dir.path());
        let ceiling = dir.path().join(begun.first()?).join("ceiling");
        ceiling.exists().then_some(())
    })
    .await;
    let kill = format!("kill -TERM {}", measuring.id());
    let sent = Command::new("sh").args(["-c", &kill]).status();
    assert!(sent.expect("there is a shell").success());
    let status = measuring.wait().expect("it ends");
    assert!(!status.success());
    assert!(files(dir.path()).is_empty());
}
