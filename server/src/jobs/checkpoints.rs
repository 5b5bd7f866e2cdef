//! Makes checkpoints of the audit log when they are due, and writes them to a file outside, if one is set.

use std::{
    fs::OpenOptions,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use sallyport::{
    Error, Result,
    store::{CheckpointPace, Store, StoredCheckpoint},
};
use serde_json::json;

use super::Queue;

/// How often to look for chains of which a checkpoint is due.
const EVERY: Duration = Duration::from_secs(60);
/// Checkpoints written to the file at once.
const PART: u32 = 100;

/// The settings.
#[derive(Clone, Debug)]
pub struct Checkpoints {
    /// The name under which they are signed.
    pub portal: String,
    pub pace: CheckpointPace,
    pub file: Option<PathBuf>,
}

pub fn queue(settings: Checkpoints) -> Queue {
    let settings = Arc::new(settings);
    Queue::recurring("audit_checkpoints", EVERY, move |store| {
        let settings = Arc::clone(&settings);
        async move { run(&settings, &store).await }
    })
}

/// One log that is broken does not keep the others from being signed; the job fails all the same, so that it is seen.
async fn run(settings: &Checkpoints, store: &Store) -> Result<()> {
    let mut failed = None;
    for chain in store.chains_to_check(settings.pace).await? {
        if let Err(error) = store.checkpoint(&settings.portal, &chain).await {
            tracing::error!(chain, %error, "no checkpoint could be made of this log");
            failed = Some(error);
        }
    }
    if let Some(file) = &settings.file {
        send(file, store).await?;
    }
    failed.map_or(Ok(()), Err)
}

/// At least once: a server that is killed between the two writes sends the same again.
async fn send(file: &Path, store: &Store) -> Result<()> {
    loop {
        let unsent = store.unsent_checkpoints(PART).await?;
        if unsent.is_empty() {
            return Ok(());
        }
        let (path, part) = (file.to_owned(), unsent.clone());
        let written = tokio::task::spawn_blocking(move || append(&path, &part)).await;
        let written = written.unwrap_or_else(|error| Err(io::Error::other(error)));
        written.map_err(|error| {
            let file = file.display();
            Error::Unavailable(format!(
                "checkpoints can't be written to {file}, which audit.checkpoint_file names: {error}"
            ))
        })?;
        for sent in &unsent {
            store.checkpoint_sent(sent).await?;
        }
    }
}

fn append(path: &Path, checkpoints: &[StoredCheckpoint]) -> io::Result<()> {
    let line = |of: &StoredCheckpoint| {
        let line = json!({ "chain": of.chain, "size": of.size, "at": of.at, "note": of.note });
        format!("{line}\n")
    };
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    file.write_all(checkpoints.iter().map(line).collect::<String>().as_bytes())?;
    file.sync_data()
}
