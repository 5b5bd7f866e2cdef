//! Replaces the newest secret of a key, if nobody used it.

use std::{panic::resume_unwind, sync::Arc, time::Duration};

use tokio::time::{sleep, timeout};

use crate::{
    Error, Result,
    audit::Act,
    key::{Issued, Key, NewRotation},
    store::SetAside,
};

use super::Verifier;

/// How often it is tried to accept a secret again, first after this time, then after twice as long each. Afterwards a job does
/// it (`take_back_undecided`).
const ATTEMPTS: u32 = 5;
const FIRST: Duration = Duration::from_millis(100);
/// Each node writes its uses every two seconds.
const OTHERS_WRITE: Duration = Duration::from_secs(5);

impl Verifier {
    /// The secret is set aside first, so that it is refused from then on. Once the requests in progress have noted their uses,
    /// every use in memory is written, and only then is judged whether there was one: if so, it is accepted again, and
    /// this fails. It runs to its end even if the caller is gone.
    pub async fn replace_unseen(self: &Arc<Self>, act: &Act, key: &Key, new: NewRotation) -> Result<Issued> {
        let (verifier, act, key) = (Arc::clone(self), act.clone(), key.clone());
        match tokio::spawn(async move { verifier.replace(&act, &key, new).await }).await {
            Ok(done) => done,
            Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
            Err(_) => Err(Error::Unavailable("shutting down".to_owned())),
        }
    }

    async fn replace(&self, act: &Act, key: &Key, new: NewRotation) -> Result<Issued> {
        let store = self.store();
        store.check_repeat(act).await?;
        let aside = store.set_aside(act, key).await?;
        let replaced = match self.judge_aside(key, &aside).await {
            Ok(()) => store.replace_set_aside(act, key, new, aside.clone()).await,
            Err(error) => Err(error),
        };
        if replaced.is_err() {
            self.take_back(key, &aside).await;
        }
        replaced
    }

    /// Fails if the secret that is set aside may have been used.
    async fn judge_aside(&self, key: &Key, aside: &SetAside) -> Result<()> {
        let others = self.needs_uses_of_others();
        drop(self.replacing.write().await);
        self.flush().await?;
        others.await?;
        if self.missed_secrets() {
            let message = "Uses of single secrets were not counted, so none is replaced. Say which secret ends.";
            return Err(Error::Conflict { code: "secret_in_use", message: message.to_owned() });
        }
        self.store().needs_unused(key, aside).await
    }

    /// Fails unless all other nodes have written what was used before the secret was set aside. One that was cut off or
    /// killed may keep uses in memory, or have lost them.
    async fn needs_uses_of_others(&self) -> Result<()> {
        if !self.store().is_node() {
            return Ok(());
        }
        let set_aside = self.store().revision().await?;
        // What is not known in time is not known.
        if timeout(OTHERS_WRITE, self.others_wrote(set_aside)).await.unwrap_or(Ok(false))? {
            return Ok(());
        }
        let message = "A server is cut off or did not say what it counted, so no secret is known to be unused. Say which secret ends.";
        Err(Error::Conflict { code: "secret_in_use", message: message.to_owned() })
    }

    /// Waits until all other nodes have; `false` if one can't say.
    async fn others_wrote(&self, revision: i64) -> Result<bool> {
        loop {
            match self.store().others_wrote(revision).await? {
                Some(false) => sleep(FIRST).await,
                known => return Ok(known.is_some()),
            }
        }
    }

    async fn take_back(&self, key: &Key, aside: &SetAside) {
        for attempt in 0..ATTEMPTS {
            if self.store().take_back(key, aside).await.is_ok() {
                return;
            }
            sleep(FIRST * 2_u32.pow(attempt)).await;
        }
    }
}
