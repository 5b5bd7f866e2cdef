//! `/admin/audit.csv`, `/admin/audit.jsonl`: the events of the view as a file, up to the time of the request.

use sallyport::{
    audit::{Action, export::Exported},
    store::{EventFilter, Store},
};

use crate::{
    access::OperatorAccess,
    error::PageResult,
    export::{Download, FormatName, Rows},
    pages::activity::ActivityQuery,
    ui::{Ui, UrlQuery},
};

pub async fn get<F: FormatName>(
    ui: Ui,
    access: OperatorAccess,
    UrlQuery(query): UrlQuery<ActivityQuery>,
) -> PageResult {
    let (context, store) = (&ui.context, &ui.context.store);
    access.me.needs_fresh(store).await?;
    let download = Download::of_system("audit", Action::ActivityExported, &access, F::FORMAT);
    let filter = store.with_system_actor_known(query.filter().map_err(sallyport::Error::from)?).await?;
    let filter = EventFilter { until: Some(store.last_system_event().await?), ..filter };
    let (act, event) = download.event(query.pairs());
    let answer = download.answer(store, Events { filter, after: 0 }).await?;
    context.pending_events.note(act, event);
    Ok(answer)
}

struct Events {
    filter: EventFilter,
    after: i64,
}

impl Rows for Events {
    type Row = Exported;

    async fn next(&mut self, store: &Store) -> sallyport::Result<Vec<Exported>> {
        let chunk = store.export_system(&self.filter, self.after).await?;
        self.after = chunk.last().map_or(self.after, |last| last.event.seq);
        Ok(chunk)
    }
}
