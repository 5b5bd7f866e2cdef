//! Acts on imports of keys that were made elsewhere.

use leptos::prelude::*;
use sallyport::{
    id::{AppId, ImportId},
    import::{self, rule::RuleInput},
    member::Permission,
};

use super::{ActError, Caller};
use crate::access::{AppAccess, ImportAccess};

/// Looks through a file, and keeps what it asks for, with digests instead of keys. Nothing is imported yet.
#[server(prefix = "/act", endpoint = "imports/upload")]
pub async fn upload_import(app: AppId, file: Vec<u8>, prefix: String) -> Result<ImportId, ActError> {
    let caller = Caller::current();
    let access: AppAccess = caller.access(&app).await?;
    access.org().needs(Permission::ManageKeys)?;
    if file.is_empty() {
        return Err(ActError::field("file", "Choose a file."));
    }
    let prefix = Some(prefix.trim().to_owned()).filter(|prefix| !prefix.is_empty());
    let store = caller.store();
    let read = import::read(&file, &RuleInput { prefix, ..RuleInput::default() }, store.profile(), store.now())?;
    Ok(store.create_import(&access.org().me.act(), &access.app, read, false).await?)
}

/// Imports what was looked through: a job does it.
#[server(prefix = "/act", endpoint = "imports/start")]
pub async fn start_import(import: ImportId) -> Result<(), ActError> {
    let caller = Caller::current();
    let access: ImportAccess = caller.access(&import).await?;
    let app = &access.within;
    // Who imports a key knows it already.
    caller.fresh(&app.org().me).await?;
    Ok(caller.store().start_import(&app.org().me.act(), &app.app, &import).await?)
}
