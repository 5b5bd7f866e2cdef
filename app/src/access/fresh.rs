//! A fresh sign-in: what takes much away, or gives much, is not done in a browser that was left open.

use sallyport::{second_factor::FRESH, store::Store};

use super::SignedIn;
use crate::error::PageError;

impl SignedIn {
    /// Fails unless the person signed in, or confirmed that it is them, within the last ten minutes.
    pub(crate) async fn needs_fresh(&self, store: &Store) -> Result<(), PageError> {
        let proved_at = store.proved_at(self.session).await?.ok_or(PageError::SignIn { next: None })?;
        if store.now().since(proved_at) <= FRESH { Ok(()) } else { Err(PageError::Confirm) }
    }
}
