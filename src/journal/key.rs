//! What the lines of an installation's journals are chained with.

use crate::vault::Vault;

pub(super) type Mac = [u8; 16];

/// What the first line of a journal follows.
pub(super) const START: Mac = [0; 16];

/// The key for MACs. It is one of this installation: a journal of another is not read as one of this, even if both have the same
/// master key.
#[derive(Clone)]
pub struct JournalKey {
    vault: Vault,
}

impl JournalKey {
    pub fn new(vault: Vault) -> Self {
        Self { vault }
    }

    pub(super) fn mac(&self, before: &Mac, body: &str) -> Mac {
        self.vault.journal_mac(before, body.as_bytes())
    }

    pub(super) fn is_mac(&self, mac: &Mac, text: &str) -> bool {
        self.vault.is_journal_mac(mac, text)
    }
}
