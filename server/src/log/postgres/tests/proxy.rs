//! Stands between a log and its database, and can be cut.

use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::postgres::testing::TestDatabase;

pub(super) struct Proxy {
    address: String,
    line: Arc<Mutex<Line>>,
}

#[derive(Default)]
struct Line {
    cut: bool,
    open: Vec<TcpStream>,
}

impl Proxy {
    pub(super) fn to(database: &TestDatabase) -> io::Result<Self> {
        let url = database.url();
        let (_, rest) = url.split_once("://").expect("a URL");
        let server = rest.split('/').next().expect("a host");
        let server = server.rsplit_once('@').map_or(server, |(_, server)| server);
        let server = server.to_owned();
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?.to_string();
        let line = Arc::default();
        let proxy = Self {
            address,
            line: Arc::clone(&line),
        };
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // Whoever comes while it is cut is sent away.
                drop(carry(client, &server, &line));
            }
        });
        Ok(proxy)
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// Ends all connections and lets nobody through.
    pub(super) fn cut(&self) {
        let mut line = lock(&self.line);
        line.cut = true;
        for stream in line.open.drain(..) {
            // It may have ended by itself.
            drop(stream.shutdown(Shutdown::Both));
        }
    }

    pub(super) fn mend(&self) {
        lock(&self.line).cut = false;
    }
}

fn lock(line: &Mutex<Line>) -> MutexGuard<'_, Line> {
    line.lock().unwrap_or_else(PoisonError::into_inner)
}

fn carry(client: TcpStream, server: &str, line: &Mutex<Line>) -> io::Result<()> {
    let mut line = lock(line);
    if line.cut {
        return Ok(());
    }
    let upstream = TcpStream::connect(server)?;
    for (mut from, mut to) in [
        (client.try_clone()?, upstream.try_clone()?),
        (upstream.try_clone()?, client.try_clone()?),
    ] {
        thread::spawn(move || {
            drop(io::copy(&mut from, &mut to));
            drop(to.shutdown(Shutdown::Both));
        });
    }
    line.open.extend([client, upstream]);
    Ok(())
}
