//! The processes that are measured.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs};

use anyhow::{Context, bail, ensure};
use tempfile::TempDir;

use crate::cli::LoadArgs;

/// How long an exchange may take to start.
const START: Duration = Duration::from_secs(60);
/// What it says then.
const LISTENING: &str = "listening on http://";

/// What an exchange is started with: one instrument, and no limits on clients that one would meet.
const CONFIG: &str = include_str!("../exchange.toml");

/// Something that answers. Dropping it ends a process that was started for it.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    /// Where it is known.
    pub(crate) pid: Option<u32>,
    child: Option<Child>,
    /// Goes after the process that uses it.
    _dir: Option<TempDir>,
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // It may have ended by itself, which is as good.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// What an exchange does with memory that it needs no more for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Memory {
    /// Keeps it for a while, as it does by itself.
    Kept,
    /// Gives it back at once, so that what it has is what it needs.
    GivenBack,
}

impl Server {
    /// The exchange that the arguments tell of; a new one where they name a binary.
    pub(crate) fn exchange(args: &LoadArgs, memory: Memory) -> anyhow::Result<Self> {
        if let Some(binary) = &args.exchange {
            return Self::start(binary, memory);
        }
        let address = args.at.context("no exchange")?;
        ensure!(
            address.ip().is_loopback(),
            "{address} is not on this machine"
        );
        Ok(Self {
            address,
            pid: args.pid,
            child: None,
            _dir: None,
        })
    }

    fn start(binary: &Path, memory: Memory) -> anyhow::Result<Self> {
        let dir = TempDir::new()?;
        let (config, said) = (dir.path().join("exchange.toml"), dir.path().join("said"));
        fs::write(&config, CONFIG)?;
        let child = Command::new(binary)
            .args(["--faucet", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(dir.path().join("data"))
            .arg("--config")
            .arg(&config)
            .env("RUST_LOG", "info")
            .env_remove("EXCHANGE_REDIS")
            .env_remove("EXCHANGE_STORE")
            .env_remove("EXCHANGE_LOG")
            .envs((memory == Memory::GivenBack).then_some(("MIMALLOC_PURGE_DELAY", "0")))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(&said)?)
            .spawn();
        let child = child.with_context(|| format!("{} does not start", binary.display()))?;
        let mut server = Self {
            address: ([127, 0, 0, 1], 0).into(),
            pid: Some(child.id()),
            child: Some(child),
            _dir: Some(dir),
        };
        server.address = server.listening(&said)?;
        Ok(server)
    }

    /// Where an exchange that writes into this file listens.
    fn listening(&mut self, said: &Path) -> anyhow::Result<SocketAddr> {
        let begun = Instant::now();
        loop {
            let said = fs::read_to_string(said)?;
            let mut whole = said.split_inclusive('\n').filter(|it| it.ends_with('\n'));
            let line = whole.find_map(|line| line.split_once(LISTENING));
            if let Some((_, address)) = line {
                return Ok(address.trim().parse()?);
            }
            let child = self.child.as_mut().context("no process")?;
            if child.try_wait()?.is_some() || begun.elapsed() > START {
                bail!("the exchange did not start:\n{said}");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// A route that does nothing, in a process of its own, with answers of this length.
    pub(crate) fn bare(bytes: usize) -> anyhow::Result<Self> {
        let mut child = Command::new(env::current_exe()?)
            .args(["bare", "--bytes", &bytes.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take().context("no standard output")?;
        let mut server = Self {
            address: ([127, 0, 0, 1], 0).into(),
            pid: Some(child.id()),
            child: Some(child),
            _dir: None,
        };
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        server.address = line
            .trim()
            .parse()
            .context("the bare route did not start")?;
        Ok(server)
    }
}
