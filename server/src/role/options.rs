//! What a process with a log is told on its command line, whichever role it has.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::ensure;

use crate::cli::{AllArgs, OrdersArgs, SharedArgs};
use crate::shared_key::SharedKey;

/// What the process is told on its command line.
pub(super) struct Options {
    pub(super) data_dir: PathBuf,
    /// Where the log is, unless it is in there.
    pub(super) log: Option<String>,
    pub(super) shared: SharedArgs,
    /// Where clients are served.
    pub(super) listen: Option<SocketAddr>,
    /// Where gateways are served.
    pub(super) internal: Option<(SocketAddr, SharedKey)>,
    /// Where operators are served.
    pub(super) operators: Option<(SocketAddr, SharedKey)>,
    pub(super) faucet: bool,
    pub(super) demo: bool,
}

impl TryFrom<AllArgs> for Options {
    type Error = anyhow::Error;

    fn try_from(args: AllArgs) -> anyhow::Result<Self> {
        let internal = match args.internal.zip(args.cluster_key) {
            Some((address, file)) => Some((address, SharedKey::read("--cluster-key", &file)?)),
            None => None,
        };
        Ok(Self {
            data_dir: args.log.data_dir,
            log: args.log.url,
            shared: args.shared,
            listen: Some(args.serve.listen),
            internal,
            operators: args.serve.operators()?,
            faucet: args.serve.faucet || args.demo,
            demo: args.demo,
        })
    }
}

impl TryFrom<OrdersArgs> for Options {
    type Error = anyhow::Error;

    fn try_from(args: OrdersArgs) -> anyhow::Result<Self> {
        ensure!(
            args.shared.store.is_some(),
            "--store is needed: gateways share the users in PostgreSQL"
        );
        Ok(Self {
            data_dir: args.log.data_dir,
            log: args.log.url,
            shared: args.shared,
            listen: None,
            internal: Some((
                args.internal,
                SharedKey::read("--cluster-key", &args.cluster_key)?,
            )),
            operators: None,
            faucet: false,
            demo: false,
        })
    }
}
