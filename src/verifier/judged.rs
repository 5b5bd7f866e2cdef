//! A cached key, and what was decided about a request.

use std::{borrow::Cow, sync::Arc, time::Duration};

use once_cell::race::OnceBox;

use crate::{
    key::{Ask, KeyRecord, Verdict},
    profile::{Profile, errors::sentences},
    store::{SealedSigning, StoredKey},
};

use super::{charge::Charged, last_used::LastUsed};

/// A cached key, and when it was last accepted.
pub struct CachedKey {
    pub record: KeyRecord,
    pub(super) last_used: LastUsed,
    /// Its signing secrets, loaded with its first signature.
    pub(super) signing: OnceBox<Option<SealedSigning>>,
}

/// A verdict with its key, if there is one.
pub struct Judged {
    pub verdict: Verdict,
    pub key: Option<Arc<CachedKey>>,
    /// The state of the key's limits, if it has any and the request reached that check.
    pub charged: Option<Charged>,
    /// How long to wait, if waiting helps.
    pub retry_after: Option<Duration>,
}

impl Judged {
    pub(super) fn without_key(verdict: Verdict) -> Self {
        Self { verdict, key: None, charged: None, retry_after: None }
    }

    pub(super) fn of_key(verdict: Verdict, key: Arc<CachedKey>, charged: Option<Charged>) -> Self {
        let retry_after = charged.and_then(|charged| charged.rate.retry_after);
        Self { verdict, key: Some(key), charged, retry_after }
    }

    /// More details of a refusal for the holder of the key, if there are any.
    pub fn explanation(&self, profile: &Profile, ask: &Ask<'_>) -> Option<Cow<'static, str>> {
        match self.verdict {
            Verdict::InsufficientScope => profile.missing_scope(ask, self.record()?).map(Cow::Owned),
            // It costs more than a limit can ever hold.
            Verdict::RateLimited if self.charged.is_some() && self.retry_after.is_none() => {
                Some(Cow::Borrowed(sentences::TOO_DEAR))
            }
            _ => None,
        }
    }

    pub fn record(&self) -> Option<&KeyRecord> {
        self.key.as_ref().map(|key| &key.record)
    }
}

impl From<StoredKey> for CachedKey {
    fn from(stored: StoredKey) -> Self {
        Self { record: stored.record, last_used: LastUsed::new(stored.last_used_at), signing: OnceBox::new() }
    }
}

impl AsRef<KeyRecord> for CachedKey {
    fn as_ref(&self) -> &KeyRecord {
        &self.record
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Together with its reference counts (128 bytes), its cache entry (digest, pointer, eviction order) and its
    /// share of the tables, this is less than 300 bytes; `make bench` measures it.
    #[test]
    fn a_cached_key_is_small() {
        assert!(size_of::<KeyRecord>() <= 96, "{}", size_of::<KeyRecord>());
        assert!(size_of::<CachedKey>() <= 112, "{}", size_of::<CachedKey>());
    }

    /// Identifiers and short labels are stored inline.
    #[test]
    fn a_record_is_one_allocation() {
        let record = crate::testing::key_record();
        assert!(!record.label.is_heap_allocated());
        let id = record.key_id.as_str().as_ptr() as usize;
        let place = std::ptr::from_ref(&record) as usize;
        assert!((place..place + size_of::<KeyRecord>()).contains(&id));
    }
}
