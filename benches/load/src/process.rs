//! What a process takes of the machine. Linux tells it in /proc.

use std::fs;
use std::time::Duration;

use anyhow::Context;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The unit in which Linux tells the time of processors, to all programs alike.
const TICK: Duration = Duration::from_millis(10);

/// How long the processors have worked for a process.
fn cpu_time(pid: u32) -> anyhow::Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name of the program comes before, in parentheses, and may hold anything.
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let ticks: Option<u32> = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(|field| field.parse::<u32>().ok())
        .sum();
    Ok(TICK * ticks.with_context(|| format!("no times in {stat}"))?)
}

/// Measures what the client, which is this process, and a server take of the processors.
#[derive(Debug)]
pub(crate) struct Meter {
    server: Option<u32>,
    before: Cpu,
}

/// How long the processors have worked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cpu {
    pub(crate) client: Duration,
    /// Where its process is known.
    pub(crate) server: Option<Duration>,
}

impl Meter {
    pub(crate) fn start(server: Option<u32>) -> anyhow::Result<Self> {
        let before = Cpu::now(server)?;
        Ok(Self { server, before })
    }

    /// What they have taken since it was started.
    pub(crate) fn read(&self) -> anyhow::Result<Cpu> {
        let now = Cpu::now(self.server)?;
        let of_server = now.server.zip(self.before.server);
        Ok(Cpu {
            client: now.client.saturating_sub(self.before.client),
            server: of_server.map(|(now, before)| now.saturating_sub(before)),
        })
    }
}

impl Cpu {
    fn now(server: Option<u32>) -> anyhow::Result<Self> {
        Ok(Self {
            client: cpu_time(std::process::id())?,
            server: server.map(cpu_time).transpose()?,
        })
    }
}

/// What a process has in memory, in bytes.
pub(crate) fn resident(pid: u32) -> anyhow::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    Ok(kilobytes.context("the system does not say")? * 1_024)
}

/// Lets this process, and those it starts, have as many open files as the system allows.
pub(crate) fn lift_open_files() -> anyhow::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    let lifted = Rlimit {
        current: limit.maximum,
        ..limit
    };
    setrlimit(Resource::Nofile, lifted).context("more open files")
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_process_that_works_takes_time_and_memory() -> anyhow::Result<()> {
        let pid = std::process::id();
        let (before, begun) = (cpu_time(pid)?, Instant::now());
        while cpu_time(pid)? < before + 3 * TICK {
            assert!(begun.elapsed() < Duration::from_secs(30));
        }
        assert!(resident(pid)? > 100_000);
        Ok(())
    }
}
