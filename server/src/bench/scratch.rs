//! A directory that is gone in the end.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use tokio::task::AbortHandle;

use crate::role::asked_to_stop;

/// A new directory inside another, for as long as this lives and the process is not asked to stop.
#[derive(Debug)]
pub(super) struct Scratch {
    path: PathBuf,
    on_signal: AbortHandle,
}

impl Scratch {
    /// Creates it in `dir`, where nothing else changes.
    pub(super) async fn in_dir(dir: &Path) -> anyhow::Result<Self> {
        let mut asked = Box::pin(asked_to_stop());
        // From its first look on it is told; before that, the process would just end.
        tokio::select! {
            biased;
            () = &mut asked => bail!("asked to stop"),
            () = std::future::ready(()) => {}
        }
        let path = dir.join(format!("exchange-bench-{}", std::process::id()));
        DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .with_context(|| format!("{} cannot be created", path.display()))?;
        let doomed = path.clone();
        let removing = tokio::spawn(async move {
            asked.await;
            remove(&doomed);
            std::process::exit(1);
        });
        Ok(Self {
            path,
            on_signal: removing.abort_handle(),
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        self.on_signal.abort();
        remove(&self.path);
    }
}

fn remove(path: &Path) {
    if let Err(error) = fs::remove_dir_all(path) {
        tracing::warn!(%error, path = %path.display(), "what was measured with is still there");
    }
}
