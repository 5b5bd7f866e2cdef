//! The result of a verification.

use std::{borrow::Cow, sync::Arc, time::Duration};

use super::{CachedKey, charge::Charged};
use crate::{
    key::{Ask, KeyRecord, Verdict},
    profile::{Profile, errors::sentences},
};

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
