//! `…/activity.csv`, `…/activity.jsonl`: the events of a view as a file, up to the time of the request.

use axum::extract::State;
use sallyport::{
    audit::{Action, export::Exported},
    id::{AppId, OrgId},
    member::Permission,
    store::{EventFilter, Store},
};

use super::ActivityQuery;
use crate::{
    access::{AppAccess, OperatedOrg, OrgAccess, SignedIn},
    context::Context,
    error::{PageError, PageResult},
    export::{Download, Format, FormatName, Rows},
    ui::UrlQuery,
};

/// Something with a view of events: an organization, for its members or an operator, or one of its apps.
pub trait Watched {
    fn org_id(&self) -> &OrgId;

    /// Fails if the person may not export its events.
    fn needs_export(&self) -> Result<(), PageError>;

    fn download(&self, format: Format) -> Download;

    /// The person, if it is the whole log, which needs a fresh sign-in.
    fn whole(&self) -> Option<&SignedIn>;
}

impl Watched for OrgAccess {
    fn org_id(&self) -> &OrgId {
        &self.org.id
    }

    /// The whole log is for those who manage the organization. Others who see a part of it export that part.
    fn needs_export(&self) -> Result<(), PageError> {
        if self.seen().is_all() { self.needs(Permission::ManageOrg) } else { self.needs_somewhere(Permission::SeeKeys) }
    }

    fn download(&self, format: Format) -> Download {
        Download::of_org("activity", Action::ActivityExported, self, format)
    }

    fn whole(&self) -> Option<&SignedIn> {
        self.seen().is_all().then_some(&self.me)
    }
}

impl Watched for OperatedOrg {
    fn org_id(&self) -> &OrgId {
        &self.org.id
    }

    fn needs_export(&self) -> Result<(), PageError> {
        Ok(())
    }

    fn download(&self, format: Format) -> Download {
        Download::of_operated("activity", Action::ActivityExported, self, format)
    }

    fn whole(&self) -> Option<&SignedIn> {
        Some(&self.me)
    }
}

impl Watched for AppAccess {
    fn org_id(&self) -> &OrgId {
        &self.org().org.id
    }

    /// A person who sees an app sees its events.
    fn needs_export(&self) -> Result<(), PageError> {
        Ok(())
    }

    fn download(&self, format: Format) -> Download {
        Download::of_app("activity", Action::ActivityExported, self, format)
    }

    fn whole(&self) -> Option<&SignedIn> {
        None
    }
}

pub async fn get<A: Watched, F: FormatName>(
    State(context): State<Context>,
    access: A,
    UrlQuery(query): UrlQuery<ActivityQuery>,
) -> PageResult {
    access.needs_export()?;
    if let Some(me) = access.whole() {
        me.needs_fresh(&context.store).await?;
    }
    let (store, download) = (&context.store, access.download(F::FORMAT));
    let (org, app) = (access.org_id().clone(), download.app.clone());
    // Resolved once for all chunks: after the next event a name may belong to another actor, or no longer be recent.
    let filter = EventFilter { sight: download.seen(), ..query.filter().map_err(sallyport::Error::from)? };
    let filter = store.with_actor_known(&org, app.as_ref(), filter).await?;
    let filter = EventFilter { until: Some(store.last_event(org.as_str()).await?), ..filter };
    let (act, event) = download.event(query.pairs());
    let answer = download.answer(store, Events { org, app, filter, after: 0, is_whole: false }).await?;
    context.pending_events.note(act, event);
    Ok(answer)
}

/// The events of a filter.
pub(crate) struct Events {
    org: OrgId,
    app: Option<AppId>,
    filter: EventFilter,
    after: i64,
    is_whole: bool,
}

impl Events {
    /// Of a whole organization.
    pub(crate) fn of_org(org: OrgId, filter: EventFilter) -> Self {
        Self { org, app: None, filter, after: 0, is_whole: false }
    }
}

impl Rows for Events {
    type Row = Exported;

    /// From lines of JSON a whole log can be checked, though its oldest events were pruned.
    async fn begin(&mut self, store: &Store, format: Format) -> sallyport::Result<String> {
        self.is_whole = format == Format::Jsonl && self.app.is_none() && self.filter.is_of_all();
        let pruned = if self.is_whole { store.pruned(self.org.as_str()).await? } else { None };
        Ok(pruned.map_or_else(String::new, |pruned| {
            self.after = pruned.until;
            pruned.json_line()
        }))
    }

    async fn next(&mut self, store: &Store) -> sallyport::Result<Vec<Exported>> {
        let chunk = store.export(&self.org, self.app.as_ref(), &self.filter, self.after).await?;
        if self.is_whole && store.pruned_until(self.org.as_str()).await? > self.after {
            return Err(sallyport::Error::Busy("Old events were removed meanwhile; try again."));
        }
        self.after = chunk.last().map_or(self.after, |last| last.event.seq);
        Ok(chunk)
    }
}
