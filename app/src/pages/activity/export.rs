//! `…/activity.csv`, `…/activity.jsonl`: the events of a view as a file, up to the time of the request.

use axum::extract::State;
use sallyport::{
    audit::{Action, export::Exported},
    id::{AppId, OrgId},
    store::{EventFilter, Store},
};

use super::ActivityQuery;
use crate::{
    access::{AppAccess, OrgAccess},
    context::Context,
    error::PageResult,
    export::{Download, Format, FormatName, Rows},
    ui::UrlQuery,
};

/// Something with a view of events: an organization, or one of its apps.
pub trait Watched {
    fn download(&self, format: Format) -> Download;
}

impl Watched for OrgAccess {
    fn download(&self, format: Format) -> Download {
        Download::of_org("activity", Action::ActivityExported, self, format)
    }
}

impl Watched for AppAccess {
    fn download(&self, format: Format) -> Download {
        Download::of_app("activity", Action::ActivityExported, self, format)
    }
}

pub async fn get<A: Watched, F: FormatName>(
    State(context): State<Context>,
    access: A,
    UrlQuery(query): UrlQuery<ActivityQuery>,
) -> PageResult {
    let (store, download) = (&context.store, access.download(F::FORMAT));
    let (org, app) = (download.org.clone(), download.app.clone());
    // Resolved once for all chunks: after the next event a name may belong to another actor, or no longer be recent.
    let filter = store.with_actor_known(&org, app.as_ref(), query.filter().map_err(sallyport::Error::from)?).await?;
    let filter = EventFilter { until: Some(store.last_event(&org).await?), ..filter };
    let (act, event) = download.event(query.pairs());
    let answer = download.answer(store, Events { org, app, filter, after: 0 }).await?;
    context.noted.note(act, event);
    Ok(answer)
}

struct Events {
    org: OrgId,
    app: Option<AppId>,
    filter: EventFilter,
    after: i64,
}

impl Rows for Events {
    type Row = Exported;

    async fn next(&mut self, store: &Store) -> sallyport::Result<Vec<Exported>> {
        let chunk = store.export(&self.org, self.app.as_ref(), &self.filter, self.after).await?;
        self.after = chunk.last().map_or(self.after, |last| last.event.seq);
        Ok(chunk)
    }
}
