//! When root tokens were last used, to the minute: collected in memory, written with the uses of keys.

use std::{
    collections::BTreeMap,
    mem,
    ops::Deref,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
};

use crate::{Timestamp, id::TokenId, root_token::RootToken};

/// Each token is collected at most once in that time, so that a use costs a read of a word that rarely changes.
const MINUTE_MICROS: i64 = 60 * 1_000_000;

/// A root token in memory.
pub struct CachedToken {
    token: RootToken,
    /// When it was collected last, in microseconds.
    collected_at: AtomicI64,
}

impl From<RootToken> for CachedToken {
    fn from(token: RootToken) -> Self {
        Self { token, collected_at: AtomicI64::new(i64::MIN) }
    }
}

impl Deref for CachedToken {
    type Target = RootToken;

    fn deref(&self) -> &RootToken {
        &self.token
    }
}

/// Uses that are not written yet, in the order in which their rows are locked.
#[derive(Default)]
pub(super) struct TokenUses(Mutex<BTreeMap<TokenId, Timestamp>>);

impl TokenUses {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<TokenId, Timestamp>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records a use.
    pub(super) fn note(&self, token: &CachedToken, now: Timestamp) {
        let before = token.collected_at.load(Ordering::Relaxed);
        if now.micros().saturating_sub(before) < MINUTE_MICROS {
            return;
        }
        // Of concurrent uses one collects it.
        let changed = token.collected_at.compare_exchange(before, now.micros(), Ordering::Relaxed, Ordering::Relaxed);
        if changed.is_ok() {
            self.lock().insert(token.id.clone(), now);
        }
    }

    /// What is to be written now.
    pub(super) fn take(&self) -> Vec<(TokenId, Timestamp)> {
        mem::take(&mut *self.lock()).into_iter().collect()
    }

    /// They could not be written.
    pub(super) fn put_back(&self, uses: Vec<(TokenId, Timestamp)>) {
        let mut waiting = self.lock();
        for (token, at) in uses {
            waiting.entry(token).or_insert(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::SeededEntropy;

    #[test]
    fn a_token_is_collected_once_a_minute() {
        let at = Timestamp::from_seconds;
        let id = TokenId::mint(&SeededEntropy::new(1));
        let token = CachedToken::from(RootToken {
            id: id.clone(),
            name: "CI".to_owned(),
            manage: false,
            org_id: None,
            shown: "sp_root_…".to_owned(),
            created_at: at(0),
            expires_at: None,
            revoked_at: None,
        });
        let uses = TokenUses::default();
        for seconds in [100, 101, 159] {
            uses.note(&token, at(seconds));
        }
        assert_eq!(uses.take(), [(id.clone(), at(100))]);
        uses.note(&token, at(159));
        assert!(uses.take().is_empty());
        uses.note(&token, at(160));
        let late = uses.take();
        assert_eq!(late, [(id.clone(), at(160))]);
        uses.note(&token, at(220));
        uses.put_back(late);
        assert_eq!(uses.take(), [(id, at(220))], "the later one is kept");
    }
}
