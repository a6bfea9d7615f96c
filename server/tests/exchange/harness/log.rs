//! The files of a stopped exchange, looked at and tampered with from outside.

use std::path::{Path, PathBuf};

use exchange_engine::{Command, Input};
use orderbook_core::Timestamp;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, params};

/// The file that holds everything that was decided.
pub(crate) fn file(data_dir: &Path) -> PathBuf {
    data_dir.join("commands.sqlite")
}

/// The command log of an exchange that does not run.
pub(crate) struct Log {
    data_dir: PathBuf,
    connection: Connection,
}

struct Row {
    number: i64,
    epoch: i64,
    first_seq: i64,
    last_seq: i64,
    payload: Vec<u8>,
}

impl Row {
    fn checksum(&self, prev_crc: u32) -> u32 {
        let mut header = Vec::new();
        for field in [self.number, self.epoch, self.first_seq, self.last_seq] {
            header.extend_from_slice(&field.to_le_bytes());
        }
        header.extend_from_slice(&prev_crc.to_le_bytes());
        crc32c::crc32c_append(crc32c::crc32c(&header), &self.payload)
    }
}

impl Log {
    pub(crate) fn open(data_dir: &Path) -> Self {
        let connection = Connection::open(file(data_dir)).expect("the log is a database");
        Self {
            data_dir: data_dir.into(),
            connection,
        }
    }

    pub(crate) fn frames(&self) -> i64 {
        let count = "SELECT count(*) FROM frames";
        self.connection
            .query_row(count, [], |row| row.get(0))
            .expect("the log has frames")
    }

    /// Flips bits of a byte in the middle of a payload.
    pub(crate) fn flip(&self, frame: i64) {
        let mut payload: Vec<u8> = self
            .connection
            .query_row(
                "SELECT payload FROM frames WHERE number = ?1",
                [frame],
                |row| row.get(0),
            )
            .expect("the frame is there");
        let middle = payload.len() / 2;
        payload[middle] ^= 0x55;
        let changed = self
            .connection
            .execute(
                "UPDATE frames SET payload = ?2 WHERE number = ?1",
                params![frame, payload],
            )
            .expect("the log can be written");
        assert_eq!(changed, 1);
    }

    /// Removes the frames from one to another, both included.
    pub(crate) fn delete(&self, from: i64, to: i64) {
        let deleted = self
            .connection
            .execute(
                "DELETE FROM frames WHERE number BETWEEN ?1 AND ?2",
                [from, to],
            )
            .expect("the log can be written");
        assert!(deleted > 0, "there were such frames");
    }

    /// Rewrites history as if each frame had been decided at `time(frame number)`, in milliseconds,
    /// so that a test need not wait for hours to pass. Time must not run backwards. What was
    /// derived from the log as it was goes away.
    pub(crate) fn date(&self, time: impl Fn(i64) -> u64) {
        for end in ["", "-wal", "-shm"] {
            // Not all of them are there.
            std::fs::remove_file(self.data_dir.join(format!("history.sqlite{end}"))).ok();
        }
        let mut prev_crc = 0;
        for row in self.rows() {
            let (version, inputs) = row.payload.split_first().expect("a payload has a version");
            let mut inputs: Vec<Input> = postcard::from_bytes(inputs).expect("inputs decode");
            for input in &mut inputs {
                input.time = Timestamp::from_millis(time(row.number));
            }
            let payload = postcard::to_extend(&inputs, vec![*version]).expect("inputs encode");
            let row = Row { payload, ..row };
            let (crc, payload) = (row.checksum(prev_crc), &row.payload);
            self.connection
                .execute(
                    "UPDATE frames SET prev_crc = ?2, crc = ?3, payload = ?4 WHERE number = ?1",
                    params![row.number, prev_crc, crc, payload],
                )
                .expect("the log can be written");
            prev_crc = crc;
        }
    }

    /// Decides something that no request can ask for, right after everything else.
    pub(crate) fn decide(&self, commands: impl IntoIterator<Item = Command>) {
        let rows = self.rows();
        let last = rows.last().expect("something has been decided");
        let (version, inputs) = last.payload.split_first().expect("a payload has a version");
        let inputs: Vec<Input> = postcard::from_bytes(inputs).expect("inputs decode");
        let time = inputs.last().expect("no frame is empty").time;
        let inputs = commands.into_iter().map(|command| Input { time, command });
        let inputs: Vec<_> = inputs.collect();
        let count = i64::try_from(inputs.len()).expect("there are a few");
        let row = Row {
            number: last.number + 1,
            epoch: last.epoch,
            first_seq: last.last_seq + 1,
            last_seq: last.last_seq + count,
            payload: postcard::to_extend(&inputs, vec![*version]).expect("inputs encode"),
        };
        let crc = "SELECT crc FROM frames ORDER BY number DESC LIMIT 1";
        let prev_crc: u32 = self
            .connection
            .query_row(crc, [], |row| row.get(0))
            .expect("the log can be read");
        self.connection
            .execute(
                "INSERT INTO frames SELECT log, ?1, ?2, ?3, ?4, ?5, ?6, ?7 FROM frames LIMIT 1",
                params![
                    row.number,
                    row.epoch,
                    row.first_seq,
                    row.last_seq,
                    prev_crc,
                    row.checksum(prev_crc),
                    row.payload
                ],
            )
            .expect("the log can be written");
    }

    fn rows(&self) -> Vec<Row> {
        let mut statement = self
            .connection
            .prepare("SELECT number, epoch, first_seq, last_seq, payload FROM frames ORDER BY 1")
            .expect("the log has frames");
        let rows = statement.query_map([], |row| {
            Ok(Row {
                number: row.get(0)?,
                epoch: row.get(1)?,
                first_seq: row.get(2)?,
                last_seq: row.get(3)?,
                payload: row.get(4)?,
            })
        });
        let rows: Result<Vec<_>, _> = rows.expect("the log can be read").collect();
        rows.expect("the log can be read")
    }
}

/// Keeps everybody else from writing into a log until it is dropped.
pub(crate) fn hold(log: &Path) -> Connection {
    let connection = Connection::open(log).expect("the log is a database");
    // It is for the exchange to clean up what a kill has left behind.
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        .expect("it can be configured");
    connection
        .execute_batch("BEGIN IMMEDIATE")
        .expect("it can be locked");
    connection
}

/// Copies the files of a data directory, but for those of which this holds.
pub(crate) fn copy(from: &Path, to: &Path, omit: impl Fn(&str) -> bool) {
    for entry in std::fs::read_dir(from).expect("the directory is there") {
        let entry = entry.expect("the directory can be read");
        let name = entry.file_name();
        if !omit(&name.to_string_lossy()) {
            std::fs::copy(entry.path(), to.join(&name)).expect("files can be copied");
        }
    }
}
