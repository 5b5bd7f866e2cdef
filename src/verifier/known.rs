//! What is somebody's is known from the start, so that strangers who try keys keep nobody out who has one.

use std::sync::atomic::Ordering;

use crate::{Result, store::Added};

use super::Verifier;

impl Verifier {
    /// Reads what is somebody's, in pages.
    pub(super) async fn read_known(&self) -> Result<()> {
        self.unknown_tokens.add(&self.store.token_digests().await?);
        let mut last = None;
        loop {
            let page = self.store.key_digests(last.as_ref()).await?;
            self.unknown.add(&page);
            last = page.last().copied();
            if last.is_none() {
                return Ok(());
            }
        }
    }

    /// This process made a key or a root token: it was nobody's until now.
    pub(super) fn added(&self, added: &Added) {
        match added {
            Added::Key(digest) => self.unknown.add([digest]),
            Added::Token(digest) => self.unknown_tokens.add([digest]),
        }
    }

    /// What was nobody's may be somebody's now.
    pub(super) fn heard_of_another_process(&self) {
        self.unknown.forget_nobodys();
        self.unknown_tokens.forget_nobodys();
        self.foreign_changes.fetch_add(1, Ordering::SeqCst);
    }

    /// Only the process that serves issues keys; the command line makes root tokens too.
    pub(super) async fn read_new_tokens(&self) -> Result<()> {
        let changes = self.foreign_changes.load(Ordering::SeqCst);
        if changes > self.tokens_read.load(Ordering::SeqCst) {
            self.unknown_tokens.add(&self.store.token_digests().await?);
            self.tokens_read.store(changes, Ordering::SeqCst);
        }
        Ok(())
    }
}
