//! Signed orders: over REST, over the WebSocket API, and the same requests to a route that does
//! nothing, in turn.

use std::io::Write;
use std::time::Duration;

use anyhow::ensure;

use crate::account::Accounts;
use crate::cli::{LoadArgs, What};
use crate::flow::Trader;
use crate::http::Http;
use crate::report::{hundredths, known, median, millis, percent, table, thousands};
use crate::round::{self, How, Round, Size};
use crate::servers::Server;

/// What is measured in turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bare,
    Rest,
    Socket,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare route",
            Self::Rest => "REST",
            Self::Socket => "WS-API",
        }
    }
}

/// The rounds of one kind with so many connections.
struct Row {
    kind: Kind,
    connections: u64,
    window: u64,
    rounds: Vec<Round>,
    /// How many percent of the requests of the bare route in the same turn.
    of_bare: Vec<u64>,
}

/// Measures, and tells in a table.
pub(crate) async fn measure(
    args: &LoadArgs,
    exchange: &Server,
    accounts: &Accounts,
    traders: &mut u64,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let bytes = answer_length(exchange, accounts, traders).await?;
    let bare = Server::bare(bytes)?;
    let mut kinds = vec![Kind::Bare];
    kinds.extend(args.what.iter().filter_map(|what| match what {
        What::Rest => Some(Kind::Rest),
        What::Socket => Some(Kind::Socket),
        What::Streams => None,
    }));
    let mut rows = Vec::new();
    for connections in &args.connections {
        let row = |kind| Row::new(kind, *connections, args.window);
        let mut these: Vec<Row> = kinds.iter().copied().map(row).collect();
        for _ in 0..args.rounds {
            turn(args, &mut these, [exchange, &bare], accounts, traders).await?;
        }
        rows.extend(these);
    }
    writeln!(
        out,
        "Signed orders, each durable before it is answered; an answer has {bytes} bytes. Medians of \
         {} rounds of at most {} s and {} requests.",
        args.rounds,
        args.seconds,
        thousands(args.requests)
    )?;
    let cells: Vec<_> = rows.iter().map(Row::cells).collect();
    table(out, HEADER, &cells)?;
    for row in rows.iter().filter(|row| row.kind != Kind::Bare) {
        if row.client_cores() > row.server_cores().unwrap_or(u64::MAX) {
            writeln!(
                out,
                "Beware: the client takes more of the machine than the exchange, over {} with {} \
                 connections.",
                row.kind.name(),
                row.connections
            )?;
        }
    }
    Ok(())
}

/// One round of each kind.
async fn turn(
    args: &LoadArgs,
    rows: &mut [Row],
    [exchange, bare]: [&Server; 2],
    accounts: &Accounts,
    traders: &mut u64,
) -> anyhow::Result<()> {
    let mut of_bare = 0;
    for row in rows {
        let (server, how) = match row.kind {
            Kind::Bare => (bare, How::Rest),
            Kind::Rest => (exchange, How::Rest),
            Kind::Socket => (
                exchange,
                How::Socket {
                    window: usize::try_from(row.window)?,
                },
            ),
        };
        let size = Size {
            connections: row.connections,
            time: Duration::from_secs(args.seconds),
            requests: args.requests,
        };
        let round = round::run(server, accounts, how, size, traders).await?;
        accounts.clear(exchange.address).await?;
        if row.kind == Kind::Bare {
            of_bare = round.requests_per_second;
        }
        let rate = u128::from(round.requests_per_second);
        row.of_bare.push(percent(rate, u128::from(of_bare)));
        row.rounds.push(round);
    }
    Ok(())
}

/// How long the answer to an order is.
async fn answer_length(
    exchange: &Server,
    accounts: &Accounts,
    traders: &mut u64,
) -> anyhow::Result<usize> {
    *traders += 1;
    let (ask, mut request) = (Trader::new(*traders).next(), String::new());
    accounts.of(0).key(ask.side()).rest(&ask, &mut request);
    let mut http = Http::connect(exchange.address).await?;
    let answer = http.send(request.as_bytes()).await?;
    ensure!(answer.status == 200, "an order was refused: {answer}");
    let length = answer.body.len();
    accounts.clear(exchange.address).await?;
    Ok(length)
}

const HEADER: [&str; 12] = [
    "over",
    "connections",
    "in flight",
    "requests/s",
    "orders/s",
    "p50 ms",
    "p99 ms",
    "p99.9 ms",
    "cores, client",
    "cores, server",
    "server µs a request",
    "% of bare",
];

impl Row {
    fn new(kind: Kind, connections: u64, window: u64) -> Self {
        Self {
            kind,
            connections,
            window: if kind == Kind::Socket { window } else { 1 },
            rounds: Vec::new(),
            of_bare: Vec::new(),
        }
    }

    /// Hundredths of a core that the client took.
    fn client_cores(&self) -> u64 {
        median(self.rounds.iter().map(|it| cores(it.cpu.client, it)))
    }

    /// The same of the server, where its process is known.
    fn server_cores(&self) -> Option<u64> {
        let of_round = |it: &Round| Some(cores(it.cpu.server?, it));
        median(self.rounds.iter().map(of_round))
    }

    fn cells(&self) -> [String; 12] {
        let number = |of: fn(&Round) -> u64| thousands(median(self.rounds.iter().map(of)));
        let time = |of: fn(&Round) -> Duration| millis(median(self.rounds.iter().map(of)));
        let each = self.rounds.iter().map(|it| {
            let micros = it.cpu.server?.as_micros() / u128::from(it.requests.max(1));
            u64::try_from(micros).ok()
        });
        [
            self.kind.name().into(),
            self.connections.to_string(),
            (self.connections * self.window).to_string(),
            number(|it| it.requests_per_second),
            number(|it| it.orders_per_second),
            time(|it| it.p50),
            time(|it| it.p99),
            time(|it| it.p999),
            hundredths(self.client_cores()),
            known(self.server_cores().map(hundredths)),
            known(median(each).map(|micros| micros.to_string())),
            median(self.of_bare.iter().copied()).to_string(),
        ]
    }
}

/// Hundredths of a core.
fn cores(cpu: Duration, round: &Round) -> u64 {
    percent(cpu.as_nanos(), round.took.as_nanos())
}
