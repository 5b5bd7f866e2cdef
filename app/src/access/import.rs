//! An import of keys, in its app.

use sallyport::{id::ImportId, import::Import, member::Permission, store::Store};

use super::{AppAccess, SessionCookie};
use crate::error::PageError;

/// An import into an app whose keys the person manages.
#[derive(Clone, Debug)]
pub struct ImportAccess {
    pub within: AppAccess,
    pub import: Import,
}

impl ImportAccess {
    pub(super) async fn found(cookie: &SessionCookie, store: &Store, id: &ImportId) -> Result<Self, PageError> {
        cookie.settled(store).await?;
        let import = store.import(id).await?.ok_or(PageError::NotFound)?;
        let within = AppAccess::found(cookie, store, &import.app_id).await?;
        within.org().needs(Permission::ManageKeys)?;
        Ok(Self { within, import })
    }
}
