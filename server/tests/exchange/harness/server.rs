//! The real binary as a child process.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::{DEADLINE, Http, eventually};

/// Says where it listens for clients.
const LISTENING: &str = "listening on http://";
/// Says where it listens for other processes of the exchange.
const LISTENING_FOR_GATEWAYS: &str = "listening for gateways on http://";

/// A running exchange. Dropping it kills it.
pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
    args: Vec<OsString>,
    listening: &'static str,
    output: Drained,
    ready_after: Duration,
}

/// What a process has said so far. Read by threads of their own, so that no pipe ever fills up.
struct Drained {
    stdout: Arc<Mutex<String>>,
    stderr: Arc<Mutex<String>>,
    threads: Vec<JoinHandle<()>>,
}

/// The arguments of everything in one process.
fn all(data_dir: &Path, args: &[&str]) -> Vec<OsString> {
    let listen = ["--listen", "127.0.0.1:0", "--data-dir"].map(OsString::from);
    let data_dir = [data_dir.into()];
    let args = args.iter().map(OsString::from);
    listen.into_iter().chain(data_dir).chain(args).collect()
}

/// The binary, to which a limit on the size of files is an error as any other: by itself it would
/// end a process.
fn command(args: &[OsString]) -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
        .arg(env!("CARGO_BIN_EXE_exchange"))
        .args(args)
        .env_remove("RUST_LOG")
        .env_remove("EXCHANGE_REDIS")
        .env_remove("EXCHANGE_STORE")
        .env_remove("EXCHANGE_LOG")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs the binary with these arguments alone until it ends by itself.
pub(crate) fn run(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_exchange"))
        .args(args)
        .stdin(Stdio::null())
        .output()
        .expect("the binary starts")
}

/// A start that must fail: it ends within the deadline, not with success; what it says.
pub(crate) async fn refused(data_dir: &Path, args: &[&str]) -> String {
    refused_as(&all(data_dir, args)).await
}

/// As [`refused`], with all of the arguments.
pub(crate) async fn refused_as(args: &[OsString]) -> String {
    let mut child = command(args).spawn().expect("the binary starts");
    let (listening, _) = mpsc::channel();
    let mut output = Drained::of(&mut child, LISTENING, listening);
    let status = ended(&mut child).await;
    output.join();
    let stderr = read(&output.stderr);
    assert!(!status.success(), "it must not end with success: {stderr}");
    assert!(
        !stderr.contains(LISTENING),
        "it must not have served: {stderr}"
    );
    stderr
}

impl Server {
    /// Starts an exchange on a free port and waits until it is ready.
    pub(crate) async fn start(data_dir: &Path, args: &[&str]) -> Self {
        Self::start_with(data_dir, args, &[]).await
    }

    /// As [`Server::start`], with a faucet: what most scenarios need.
    pub(crate) async fn with_faucet(data_dir: &Path) -> Self {
        Self::start(data_dir, &["--faucet"]).await
    }

    /// As [`Server::start`], with environment variables.
    pub(crate) async fn start_with(
        data_dir: &Path,
        args: &[&str],
        environment: &[(&str, &str)],
    ) -> Self {
        Self::spawn(all(data_dir, args), LISTENING, environment).await
    }

    /// Starts the process that orders commands.
    pub(crate) async fn orders(args: &[&str]) -> Self {
        let args = ["orders"].iter().chain(args).map(OsString::from).collect();
        Self::spawn(args, LISTENING_FOR_GATEWAYS, &[]).await
    }

    /// Starts a gateway on a free port.
    pub(crate) async fn gateway(args: &[&str]) -> Self {
        let role = ["gateway", "--listen", "127.0.0.1:0"];
        let args = role.iter().chain(args).map(OsString::from).collect();
        Self::spawn(args, LISTENING, &[]).await
    }

    async fn spawn(
        args: Vec<OsString>,
        listening: &'static str,
        environment: &[(&str, &str)],
    ) -> Self {
        let started = Instant::now();
        let mut child = command(&args)
            .envs(environment.iter().copied())
            .spawn()
            .expect("the binary starts");
        let (sender, address) = mpsc::channel();
        let output = Drained::of(&mut child, listening, sender);
        let address = tokio::task::spawn_blocking(move || address.recv_timeout(DEADLINE))
            .await
            .expect("waiting does not panic");
        let Ok(address) = address else {
            // Best effort: the test fails either way.
            drop(child.kill());
            panic!("it does not listen: {}", read(&output.stderr));
        };
        let mut server = Self {
            child,
            address,
            args,
            listening,
            output,
            ready_after: Duration::ZERO,
        };
        let http = server.http();
        eventually("the server is ready", async || {
            (http.get("/readyz").await.status == 200).then_some(())
        })
        .await;
        server.ready_after = started.elapsed();
        server
    }

    /// Starts again what was killed or stopped, with the same arguments.
    pub(crate) async fn restart(mut self) -> Self {
        self.kill();
        Self::spawn(std::mem::take(&mut self.args), self.listening, &[]).await
    }

    /// Starts what was killed, and kills it again so soon: while it is recovering, or just ready.
    pub(crate) async fn stumble(&self, so_soon: Duration) {
        let mut child = command(&self.args).spawn().expect("the binary starts");
        let (listening, _) = mpsc::channel();
        let mut output = Drained::of(&mut child, self.listening, listening);
        tokio::time::sleep(so_soon).await;
        let ended = child.try_wait().expect("it is our child");
        drop(child.kill());
        drop(child.wait());
        output.join();
        assert_eq!(ended, None, "it ended by itself: {}", read(&output.stderr));
    }

    /// How long it took from starting the process until it was ready.
    pub(crate) fn ready_after(&self) -> Duration {
        self.ready_after
    }

    /// SIGKILL: no handler runs, nothing is flushed.
    pub(crate) fn kill(&mut self) {
        // Errors mean that it is gone already.
        drop(self.child.kill());
        drop(self.child.wait());
        self.output.join();
    }

    /// SIGTERM, and how it ended.
    pub(crate) async fn terminate(&mut self) -> ExitStatus {
        self.signal("TERM");
        self.ended().await
    }

    /// How it ended by itself.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let status = ended(&mut self.child).await;
        self.output.join();
        status
    }

    /// Lets no file grow beyond so many bytes, or as far as it likes. To the process it looks like a
    /// disk that is full, or like one that takes nothing at all.
    pub(crate) fn limit_files(&self, bytes: Option<u64>) {
        let soft = bytes.map_or("unlimited".into(), |bytes| bytes.to_string());
        let (pid, limit) = (self.child.id().to_string(), format!("--fsize={soft}:"));
        let limited = Command::new("prlimit")
            .args(["--pid", &pid, &limit])
            .status();
        assert!(limited.expect("there is prlimit").success(), "it is ours");
    }

    /// SIGSTOP: it stands still, and what it has stays open.
    pub(crate) async fn pause(&self) {
        self.signal("STOP");
        // On a busy machine its threads go on for a while.
        eventually("every thread stands still", async || {
            let threads = std::fs::read_dir(format!("/proc/{}/task", self.child.id()));
            let mut threads = threads.expect("there is Linux");
            let all = threads.all(|thread| {
                let thread = thread.expect("a thread can be seen").path();
                let stat = std::fs::read_to_string(thread.join("stat"));
                stat.is_ok_and(|stat| stat.contains(") T "))
            });
            all.then_some(())
        })
        .await;
    }

    /// It goes on as if nothing had been.
    pub(crate) fn resume(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("sh")
            .args(["-c", &format!("kill -{name} {}", self.child.id())])
            .status()
            .expect("there is a shell");
        assert!(sent.success(), "the signal was sent");
    }

    pub(crate) fn http(&self) -> Http {
        Http::new(self.address)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn stdout(&self) -> String {
        read(&self.output.stdout)
    }

    pub(crate) fn stderr(&self) -> String {
        read(&self.output.stderr)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Drained {
    fn of(child: &mut Child, marker: &'static str, listening: mpsc::Sender<SocketAddr>) -> Self {
        let (stdout, stderr) = (Arc::default(), Arc::default());
        let pipes = (child.stdout.take(), child.stderr.take());
        let (out, err) = (pipes.0.expect("it is piped"), pipes.1.expect("it is piped"));
        let threads = vec![
            drain(out, Arc::clone(&stdout), None),
            drain(err, Arc::clone(&stderr), Some((marker, listening))),
        ];
        Self {
            stdout,
            stderr,
            threads,
        }
    }

    /// All of it, once the process has ended.
    fn join(&mut self) {
        for thread in self.threads.drain(..) {
            thread.join().expect("reading does not panic");
        }
    }
}

fn drain(
    pipe: impl Read + Send + 'static,
    into: Arc<Mutex<String>>,
    listening: Option<(&'static str, mpsc::Sender<SocketAddr>)>,
) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut lines = BufReader::new(pipe);
        let mut bytes = Vec::new();
        while lines
            .read_until(b'\n', &mut bytes)
            .is_ok_and(|read| read > 0)
        {
            let line = without_colors(&String::from_utf8_lossy(&bytes));
            if let Some((marker, listening)) = &listening
                && let Some((_, address)) = line.split_once(marker)
            {
                let address = address.trim().parse();
                // Nobody may be waiting any more.
                let sent = listening.send(address.expect("an address is logged"));
                sent.ok();
            }
            let mut text = into.lock().unwrap_or_else(PoisonError::into_inner);
            text.push_str(&line);
            bytes.clear();
        }
    })
}

fn read(text: &Mutex<String>) -> String {
    text.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// The text without the escape sequences that color it.
fn without_colors(line: &str) -> String {
    let mut parts = line.split('\u{1b}');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text.push_str(part.split_once('m').map_or("", |(_, rest)| rest));
    }
    text
}

/// Waits for the end of a process.
async fn ended(child: &mut Child) -> ExitStatus {
    eventually("the process ends", async || {
        child.try_wait().expect("it is our child")
    })
    .await
}
