//! What the lines of an installation's journals are chained with.

use crate::vault::Vault;

pub(super) type Mac = [u8; 16];

/// The key for MACs, and what the first line of a journal follows: a journal of another installation is not read as one of this,
/// even if both have the same master key.
#[derive(Clone)]
pub struct JournalKey {
    vault: Vault,
    pub(super) start: Mac,
}

impl JournalKey {
    pub fn new(vault: Vault, installation: &[u8]) -> Self {
        let start = vault.journal_mac(&[0; 16], installation);
        Self { vault, start }
    }

    pub(super) fn mac(&self, before: &Mac, body: &str) -> Mac {
        self.vault.journal_mac(before, body.as_bytes())
    }

    pub(super) fn is_mac(&self, mac: &Mac, text: &str) -> bool {
        self.vault.is_journal_mac(mac, text)
    }
}
