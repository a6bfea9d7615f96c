//! An exchange in several processes.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::backend::free_port;
use super::{Server, new_dir};

/// The process that orders commands, and what gateways need to know to belong to it.
pub(crate) struct Cluster {
    pub(crate) orders: Server,
    dir: TempDir,
    port: u16,
    redis: String,
    store: String,
}

impl Cluster {
    /// Starts a new exchange, without a gateway yet.
    pub(crate) async fn start(redis: &str, store: &str) -> Self {
        Self::start_with(redis, store, &[]).await
    }

    /// As [`Cluster::start`], with these arguments besides.
    pub(crate) async fn start_with(redis: &str, store: &str, more: &[&str]) -> Self {
        let dir = new_dir();
        let port = free_port();
        let cluster_key = dir.path().join("cluster.key");
        std::fs::write(&cluster_key, "0123456789abcdef0123456789abcdef\n")
            .expect("the directory can be written");
        let internal = format!("127.0.0.1:{port}");
        let data_dir = dir.path().join("data");
        let mut args = vec!["--internal", &internal, "--redis", redis, "--store", store];
        let [data, key] = [data_dir.as_path(), &cluster_key].map(text);
        args.extend(["--data-dir", &data, "--cluster-key", &key]);
        args.extend(more);
        Self {
            orders: Server::orders(&args).await,
            dir,
            port,
            redis: redis.into(),
            store: store.into(),
        }
    }

    /// Where the process that orders commands keeps its log.
    pub(crate) fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// Starts a gateway, with these arguments besides.
    pub(crate) async fn gateway(&self, more: &[&str]) -> Server {
        Self::gateway_with(self.gateway_args(), more).await
    }

    /// Starts a gateway with another Redis.
    pub(crate) async fn gateway_over(&self, redis: &str) -> Server {
        let mut args = self.gateway_args();
        let of_redis = args.iter().position(|arg| *arg == self.redis);
        redis.clone_into(&mut args[of_redis.expect("it is one of them")]);
        Self::gateway_with(args, &[]).await
    }

    async fn gateway_with(args: Vec<String>, more: &[&str]) -> Server {
        let args: Vec<_> = args.iter().map(String::as_str).collect();
        Server::gateway(&[args.as_slice(), more].concat()).await
    }

    /// What a gateway of this exchange is started with.
    pub(crate) fn gateway_args(&self) -> Vec<String> {
        let cluster_key = text(&self.dir.path().join("cluster.key"));
        let secret_key = text(&self.dir.path().join("data/secret.key"));
        let orders = format!("http://127.0.0.1:{}", self.port);
        [
            ("--orders", orders.as_str()),
            ("--cluster-key", &cluster_key),
            ("--secret-key", &secret_key),
            ("--redis", &self.redis),
            ("--store", &self.store),
        ]
        .into_iter()
        .flat_map(|(name, value)| [name.to_owned(), value.to_owned()])
        .collect()
    }
}

fn text(path: &Path) -> String {
    path.to_str()
        .expect("temporary files have plain names")
        .into()
}
