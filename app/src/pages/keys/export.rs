//! `…/keys.csv`, `…/keys.jsonl`: the keys that a list shows as a file, whatever page of it was at hand. No secret is in it.

use axum::{extract::State, http::Uri};
use sallyport::{
    id::{AppId, OrgId},
    key::InventoryKey,
    member::Permission,
    store::{KeyFilter, Sight, Store},
};

use super::{
    list::{ListQuery, pairs},
    listed::Listed,
};
use crate::{
    context::Context,
    error::{PageError, PageResult},
    export::{FormatName, Rows},
    ui::UrlQuery,
};

pub async fn get<A: Listed, F: FormatName>(
    State(context): State<Context>,
    access: A,
    uri: Uri,
    UrlQuery(query): UrlQuery<ListQuery>,
) -> PageResult {
    // A misspelt filter must not be ignored: the file would contain more than was requested.
    let names = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    if names.into_iter().any(|(name, _)| !ListQuery::FILTERS.contains(&&*name)) {
        return Err(PageError::BadRequest("The address has a filter that there is not.".to_owned()));
    }
    Listed::needs(&access, Permission::SeeKeys)?;
    let download = access.download(F::FORMAT);
    let filter = KeyFilter { sight: download.seen(), ..query.filter() };
    let (org, app) = (access.org().org.id.clone(), download.app.clone());
    let (act, event) = download.event(pairs(&filter));
    let answer = download.answer(&context.store, Keys { org, app, filter, after: Some(None) }).await?;
    context.pending_events.note(act, event);
    Ok(answer)
}

/// The keys of a filter.
pub(crate) struct Keys {
    org: OrgId,
    app: Option<AppId>,
    filter: KeyFilter,
    /// Where the chunk before ended, if there was one; none once there are no more.
    after: Option<Option<String>>,
}

impl Keys {
    /// All of an organization, revoked ones included.
    pub(crate) fn of_org(org: OrgId) -> Self {
        let filter = KeyFilter { include_revoked: true, sight: Sight::ALL, ..KeyFilter::default() };
        Self { org, app: None, filter, after: Some(None) }
    }
}

impl Rows for Keys {
    type Row = InventoryKey;

    async fn next(&mut self, store: &Store) -> sallyport::Result<Vec<InventoryKey>> {
        let Some(after) = self.after.take() else { return Ok(Vec::new()) };
        let page = store.key_inventory(&self.org, self.app.as_ref(), &self.filter, after).await?;
        self.after = page.older.map(Some);
        Ok(page.keys)
    }
}
