//! Many keys at once, for measuring. Not in the released binary.

use super::{Store, detached};
use crate::{
    Result,
    app::App,
    audit::Act,
    key::{Holder, NewKey},
};

impl Store {
    /// Issues `count` keys as [`Store::issue_key`] does, events included, in one transaction. Their secrets are thrown
    /// away.
    pub async fn issue_many(&self, act: &Act, app: &App, new: &NewKey, count: usize) -> Result<()> {
        let (store, act, app, new) = (self.clone(), act.clone(), app.clone(), new.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            for _ in 0..count {
                tx.insert_key(&store, Holder::App(app.clone()), new.clone(), None).await?;
            }
            tx.commit().await
        })
        .await
    }
}
