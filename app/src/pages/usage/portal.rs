//! `/admin/usage`: the requests of the whole portal.

use axum::extract::State;
use leptos::prelude::*;

use super::{Body, UsageQuery, breakdown::SHOWN, export::csv, rankings::Ranking, report::Report};
use crate::{
    access::OperatorAccess,
    components::PageHead,
    context::Context,
    error::PageResult,
    portal::{AdminSection, Page},
    shell,
    ui::{Ui, UrlQuery},
};

pub async fn get(ui: Ui, access: OperatorAccess, UrlQuery(query): UrlQuery<UsageQuery>) -> PageResult {
    let period = query.period()?;
    let store = &ui.context.store;
    let report = Report::of_portal(store, period, store.now()).await?;
    let (span, from, to) = (period.span(), report.from, report.to);
    let rankings = vec![
        Ranking::of_orgs(store.top_orgs(span, from, to, SHOWN).await?),
        Ranking::of_askers(store.top_without_key(span, from, to, SHOWN).await?),
    ];
    let chrome = shell::at_last(shell::of_admin(&ui, &access.me, AdminSection::Usage).await?);
    let as_table = query.view == "table";
    let page = Page::framed("Usage", chrome, move || {
        view! {
            <PageHead title="Usage" sub=|| view! { <span>"Requests of all organizations, and those without a known key"</span> }/>
            <Body
                path="/admin/usage" period report limits=Vec::new() rankings attributes=Vec::new() refused=None as_table
                of_portal=true
            />
        }
    });
    Ok(ui.ok(page))
}

/// `/admin/usage.csv`
pub mod file {
    use super::*;

    pub async fn get(
        State(context): State<Context>,
        _: OperatorAccess,
        UrlQuery(query): UrlQuery<UsageQuery>,
    ) -> PageResult {
        let period = query.period()?;
        let (starts, to) = period.starts(context.store.now());
        let from = starts.first().copied().unwrap_or(to);
        let counts = context.store.usage_of_portal(period.span(), from, to).await?;
        Ok(csv(&counts, "portal", period))
    }
}
