//! Writes a ZIP into the memory, and sends it part by part.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use sallyport::{
    Error, Result,
    audit::Actor,
    export::ExportRow,
    id::OrgId,
    member::Permission,
    store::{Store, StoredCheckpoint},
};
use tokio::sync::mpsc;
use zip::{
    ZipWriter,
    write::{SimpleFileOptions, StreamWriter},
};

use crate::export::{Format, Rows};

/// How long a reader may take for a part: a place is not kept for one that reads nothing.
const PATIENCE: Duration = Duration::from_secs(60);

/// What was written and not yet sent.
#[derive(Clone, Default)]
struct Unsent(Arc<Mutex<Vec<u8>>>);

impl Unsent {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Unsent {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A ZIP that is being sent.
pub(super) struct Pack {
    store: Store,
    reader: Actor,
    org: OrgId,
    zip: ZipWriter<StreamWriter<Unsent>>,
    unsent: Unsent,
    send: mpsc::Sender<super::Part>,
}

impl Pack {
    pub(super) fn new(store: Store, reader: Actor, org: OrgId, send: mpsc::Sender<super::Part>) -> Self {
        let unsent = Unsent::default();
        Self { store, reader, org, zip: ZipWriter::new_stream(unsent.clone()), unsent, send }
    }

    /// A short file.
    pub(super) async fn text(&mut self, name: &str, text: &str) -> Result<()> {
        self.begin(name)?;
        self.write(text).await
    }

    /// The checkpoints up to one.
    pub(super) async fn checkpoints(&mut self, name: &str, until: i64) -> Result<()> {
        self.begin(name)?;
        let mut after = 0;
        loop {
            let chunk = self.store.checkpoints_between(self.org.as_str(), after, until).await?;
            let Some(last) = chunk.last() else { return Ok(()) };
            after = last.size;
            self.write(&chunk.iter().map(StoredCheckpoint::json_line).collect::<String>()).await?;
        }
    }

    /// A list. Whether the reader may still have it is checked before each of its parts.
    pub(super) async fn rows<R: Rows>(&mut self, name: &str, format: Format, mut rows: R) -> Result<()>
    where
        R::Row: ExportRow,
    {
        self.begin(name)?;
        let begin = rows.begin(&self.store, format).await?;
        self.write(&(format.head::<R::Row>() + &begin)).await?;
        loop {
            self.store.still_may(&self.reader, &self.org, Permission::ManageOrg).await?;
            let chunk = rows.next(&self.store).await?;
            if chunk.is_empty() {
                return Ok(());
            }
            self.write(&chunk.iter().map(|row| format.line(row)).collect::<String>()).await?;
        }
    }

    pub(super) async fn end(self) -> Result<()> {
        let Self { zip, unsent, send, .. } = self;
        zip.finish().map_err(|error| broken(&error))?;
        sent(&send, unsent.take(), PATIENCE).await?;
        send.send(Ok(Vec::new())).await.map_err(|_| gone())
    }

    /// Begins a file. Its length is not known yet, and may be more than 4 GB.
    fn begin(&mut self, name: &str) -> Result<()> {
        let options = SimpleFileOptions::default().large_file(true);
        self.zip.start_file(name, options).map_err(|error| broken(&error))
    }

    async fn write(&mut self, text: &str) -> Result<()> {
        self.zip.write_all(text.as_bytes()).map_err(|error| broken(&error))?;
        sent(&self.send, self.unsent.take(), PATIENCE).await
    }
}

/// Waits until there is room. Fails if the reader is gone, or takes nothing for so long that it only keeps others waiting.
async fn sent(send: &mpsc::Sender<super::Part>, part: Vec<u8>, patience: Duration) -> Result<()> {
    if part.is_empty() {
        return Ok(());
    }
    match tokio::time::timeout(patience, send.send(Ok(part))).await {
        Ok(sent) => sent.map_err(|_| gone()),
        Err(_) => Err(Error::Busy("It was read too slowly.")),
    }
}

fn gone() -> Error {
    Error::Busy("The reader has gone.")
}

fn broken(error: &dyn std::error::Error) -> Error {
    Error::Unavailable(format!("the evidence pack can't be written: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_reader_that_reads_nothing_is_given_up() {
        let (send, mut parts) = mpsc::channel(1);
        sent(&send, vec![1], Duration::ZERO).await.expect("there is room");
        assert!(matches!(sent(&send, vec![2], Duration::ZERO).await, Err(Error::Busy(_))));
        parts.recv().await.expect("the first part").expect("sent");
        sent(&send, vec![3], Duration::ZERO).await.expect("there is room again");
    }
}
