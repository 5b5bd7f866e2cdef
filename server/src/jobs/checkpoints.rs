//! Makes checkpoints of the audit log when they are due, and sends them outside: to a file and over HTTP, if these are set.

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

use super::Queue;
use crate::collector::Collector;

/// The name of the queue.
pub const QUEUE: &str = "audit_checkpoints";

/// How often to look for chains of which a checkpoint is due.
const EVERY: Duration = Duration::from_secs(60);
/// Checkpoints written to the file at once.
const PART: u32 = 100;

/// The settings.
pub struct Checkpoints {
    /// The name under which they are signed.
    pub portal: String,
    pub pace: CheckpointPace,
    pub file: Option<PathBuf>,
    /// Where they are sent over HTTP.
    pub receiver: Option<Collector>,
}

pub fn queue(settings: Checkpoints) -> Queue {
    let settings = Arc::new(settings);
    Queue::recurring(QUEUE, EVERY, move |store| {
        let settings = Arc::clone(&settings);
        async move { run(&settings, &store).await }
    })
}

/// One log that is broken does not keep the others from being signed, nor the file those that are sent over HTTP; the job
/// fails all the same, so that it is seen.
pub async fn run(settings: &Checkpoints, store: &Store) -> Result<()> {
    let mut failed = None;
    for chain in store.chains_to_check(settings.pace).await? {
        if let Err(error) = store.checkpoint(&settings.portal, &chain).await {
            tracing::error!(chain, %error, "no checkpoint could be made of this log");
            failed = Some(error);
        }
    }
    if let Some(file) = &settings.file {
        failed = send(file, store).await.err().or(failed);
    }
    if let Some(receiver) = &settings.receiver {
        failed = post(receiver, store).await.err().or(failed);
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

/// At least once, each by itself.
async fn post(receiver: &Collector, store: &Store) -> Result<()> {
    loop {
        let unposted = store.unposted_checkpoints(PART).await?;
        if unposted.is_empty() {
            return Ok(());
        }
        for checkpoint in unposted {
            receiver.post("text/plain; charset=utf-8", checkpoint.note.clone()).await.map_err(|why| {
                Error::Unavailable(format!("checkpoints can't be sent to audit.checkpoint_url: {why}"))
            })?;
            store.checkpoint_posted(checkpoint).await?;
        }
    }
}

fn append(path: &Path, checkpoints: &[StoredCheckpoint]) -> io::Result<()> {
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    file.write_all(checkpoints.iter().map(StoredCheckpoint::json_line).collect::<String>().as_bytes())?;
    file.sync_data()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use sallyport::testing::TestStore;
    use serde_json::json;

    use super::*;

    sallyport::on_both_databases!(
        each_is_made_when_it_is_due_and_written_once,
        one_broken_log_does_not_keep_the_others
    );

    fn settings(file: Option<PathBuf>) -> Checkpoints {
        let pace = CheckpointPace { events: 100, every: Duration::from_secs(600) };
        Checkpoints { portal: "keys.example.com/audit".to_owned(), pace, file, receiver: None }
    }

    async fn each_is_made_when_it_is_due_and_written_once(store: &TestStore) {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("checkpoints.jsonl");
        let settings = settings(Some(file.clone()));
        let act = store.act(&store.person("Ada").await);
        let org = store.org(&act, "Focus").await;
        for _ in 0..2 {
            run(&settings, store).await.expect("made");
            let written = fs::read_to_string(&file).expect("written");
            assert_eq!(written.lines().count(), 2, "one of each log, once: {written}");
        }
        store.clock.turn(settings.pace.every);
        run(&settings, store).await.expect("nothing to do");
        store.app(&act, &org, "Focus and calm").await;
        run(&settings, store).await.expect("made");
        let written = fs::read_to_string(&file).expect("written");
        let last: serde_json::Value = serde_json::from_str(written.lines().last().expect("a line")).expect("JSON");
        let newest = store.checkpoints(org.id.as_str()).await.expect("read").pop().expect("made");
        assert_eq!((written.lines().count(), &last["note"], &last["size"]), (3, &json!(newest.note), &json!(4)));
        fs::remove_file(&file).expect("gone");
        fs::create_dir(&file).expect("in its place");
        store.clock.turn(settings.pace.every);
        store.key(&act, &store.app(&act, &org, "Other").await, "CI").await;
        let error = run(&settings, store).await.expect_err("refused").to_string();
        assert!(error.contains("audit.checkpoint_file"), "{error}");
        assert_eq!(store.unsent_checkpoints(9).await.expect("read").len(), 1, "it is sent later");
    }

    async fn one_broken_log_does_not_keep_the_others(store: &TestStore) {
        let act = store.act(&store.person("Ada").await);
        let mut orgs = [store.org(&act, "Focus").await.id, store.org(&act, "Other").await.id];
        orgs.sort_by(|one, other| one.as_str().cmp(other.as_str()));
        store.execute(format!("DELETE FROM events WHERE chain = '{}' AND seq = 1", orgs[0])).await;
        let error = run(&settings(None), store).await.expect_err("seen").to_string();
        assert!(error.contains(orgs[0].as_str()), "{error}");
        assert_eq!(store.checkpoints(orgs[1].as_str()).await.expect("read").len(), 1);
    }
}
