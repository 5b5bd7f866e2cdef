//! Replaces the newest secret of a key, if nobody used it.

use crate::{
    Error, Result,
    audit::Act,
    key::{Issued, Key, NewRotation},
};

use super::Verifier;

impl Verifier {
    /// The secret is set aside first, so that it is refused from then on. Once the requests in progress have noted their uses,
    /// every use in memory is written, and only then is judged whether there was one: if so, it is accepted again, and
    /// this fails.
    pub async fn replace_unseen(&self, act: &Act, key: &Key, new: NewRotation) -> Result<Issued> {
        let store = self.store();
        store.check_repeat(act).await?;
        let aside = store.set_aside(act, key).await?;
        let judged = async {
            drop(self.replacing.write().await);
            self.flush().await?;
            if self.missed_secrets() {
                let message = "Uses of single secrets were not counted, so none is replaced. Say which secret ends.";
                return Err(Error::Conflict { code: "secret_in_use", message: message.to_owned() });
            }
            store.needs_unused(key, &aside).await
        };
        let replaced = match judged.await {
            Ok(()) => store.replace_set_aside(act, key, new, aside.clone()).await,
            Err(error) => Err(error),
        };
        if replaced.is_err() {
            store.take_back(key, &aside).await?;
        }
        replaced
    }
}
