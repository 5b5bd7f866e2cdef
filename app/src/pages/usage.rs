//! `…/usage` of a key, an app, a project or an organization: its requests over time, by result.

mod breakdown;
pub mod card;
mod chart;
mod counted;
pub mod export;
mod limits;
mod period;
pub mod portal;
mod rankings;
mod report;
pub mod sparkline;
mod table;

use axum::extract::State;
use leptos::prelude::*;
use sallyport::store::KeyAttribute;
use serde::Deserialize;

pub use self::counted::Counted;
use self::{
    breakdown::{Attributes, Refusals, SHOWN, Scopes},
    chart::Chart,
    limits::{LimitUse, LimitsCard, limit_uses},
    period::Period,
    rankings::{Ranking, Rankings},
    report::Report,
    table::RequestTable,
};
use crate::{
    components::{Hidden, Menu, Notice, Tone},
    context::Context,
    error::{PageError, PageResult},
    portal::Page,
    ui::{Ui, UrlQuery},
    words::count,
};

/// The view in the URL.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UsageQuery {
    range: String,
    view: String,
}

impl UsageQuery {
    fn period(&self) -> Result<Period, PageError> {
        if self.range.is_empty() {
            return Ok(Period::default());
        }
        let unknown = || PageError::BadRequest("The range is 1h, 24h, 7d, 30d or 12mo.".to_owned());
        Period::parse(&self.range).ok_or_else(unknown)
    }
}

pub async fn get<A: Counted>(
    ui: Ui,
    State(context): State<Context>,
    access: A,
    UrlQuery(query): UrlQuery<UsageQuery>,
) -> PageResult {
    access.needs_usage()?;
    let period = query.period()?;
    let (store, now) = (&context.store, context.store.now());
    let report = Report::read(store, access.id(), access.org_id(), period, now).await?;
    let attributes = match access.key() {
        Some(key) => store.usage_attributes(key, report.from, report.to).await?,
        None => Vec::new(),
    };
    let limits = match access.key() {
        Some(key) => limit_uses(store, key, now).await?,
        None => Vec::new(),
    };
    let rankings = match access.place() {
        Some(place) => {
            let keys = store.top_keys(&place, period.span(), report.from, report.to, SHOWN).await?;
            vec![Ranking::of_keys(keys)]
        }
        None => Vec::new(),
    };
    let (chrome, head, path) =
        (access.chrome(&ui).await?, access.head(&context).await?, format!("{}/usage", access.path()));
    let refused = access.refused_path();
    let as_table = query.view == "table";
    let page = Page::framed(format!("Usage · {}", access.name()), chrome, move || {
        view! { {head} <Body path period report limits rankings attributes refused as_table/> }
    });
    Ok(ui.ok(page))
}

#[component]
fn Body(
    #[prop(into)] path: String,
    period: Period,
    report: Report,
    limits: Vec<LimitUse>,
    rankings: Vec<Ranking>,
    attributes: Vec<KeyAttribute>,
    /// Where refused requests are listed, up to the reason.
    refused: Option<String>,
    as_table: bool,
    /// Of all organizations.
    #[prop(optional)]
    of_portal: bool,
) -> impl IntoView {
    let total = report.total();
    let sub = (total > 0 || !of_portal).then(|| format!("{} in {}", count(total, "request"), period.words()));
    let not_counted = report.not_counted;
    let (refusals, scopes) = (report.refusals.clone(), report.scopes.clone());
    let shown = if total == 0 {
        view! { <NoRequests path=path.clone() period report/> }.into_any()
    } else if as_table {
        view! { <RequestTable report/> }.into_any()
    } else {
        view! { <section class="card"><Chart report/></section> }.into_any()
    };
    view! {
        <div id="usage">
            <div class="usage-head">
                <div><h2>"Requests"</h2>{sub.map(|sub| view! { <p class="muted">{sub}</p> })}</div>
                <Ranges path=path.clone() period as_table alone=of_portal && total == 0/>
            </div>
            {(not_counted > 0).then(|| view! {
                <Notice tone=Tone::Warning>
                    {count(not_counted, "request")}" of this period could not be counted with their key: there was no room for them."
                </Notice>
            })}
            {shown}
            <div class="usage-parts">
                <LimitsCard uses=limits/>
                <Rankings rankings/>
                <Refusals refusals refused/>
                <Scopes scopes/>
                <Attributes attributes/>
            </div>
        </div>
        <div class="table-foot">
            <p>
                "Counts are written every two seconds, and when the server stops. If it is killed, up to two seconds of them are missing. Days are UTC."
            </p>
        </div>
    }
}

/// The axes without a bar, and the way to a longer range.
#[component]
fn NoRequests(path: String, period: Period, report: Report) -> impl IntoView {
    let longer = !matches!(period, Period::Month | Period::Year);
    view! {
        <section class="card">
            <p class="notice-line">
                <b>{format!("No request was verified in {}.", period.words())}</b>
                {longer.then(|| view! {
                    <a class="btn btn-small" href=format!("{path}?range={}", Period::Month.word())>"Show 30 days"</a>
                })}
            </p>
            <Chart report small=true/>
        </section>
    }
}

/// The links to the ranges, and how the numbers are shown.
#[component]
fn Ranges(
    path: String,
    period: Period,
    as_table: bool,
    /// Without the table and the file.
    alone: bool,
) -> impl IntoView {
    let view = if as_table { "&view=table" } else { "" };
    let links = Period::ALL.map(|one| {
        let href = format!("{path}?range={}{view}", one.word());
        let here = (one == period).then_some("true");
        view! { <a href=href title=format!("In {}", one.words()) aria-current=here>{one.title()}</a> }
    });
    let (other, label) = if as_table { ("chart", "Show as chart") } else { ("table", "Show as table") };
    let file = format!("{path}.csv?range={}", period.word());
    view! {
        <div class="usage-ranges">
            <nav class="presets" aria-label="Range">{Vec::from(links)}</nav>
            {(!alone).then(|| view! {
                <div class="filter-side">
                    <form action=path.clone()>
                        <Hidden name="range" value=period.word()/>
                        <button class="btn btn-small" name="view" value=other>{label}</button>
                    </form>
                    <a class="btn btn-small" href=file.clone() download>"Export CSV"</a>
                    <Menu id="usage-more" name="Table and export">
                        <a class="menu-item" href=format!("{path}?range={}&view={other}", period.word())>{label}</a>
                        <a class="menu-item" href=file download>"Export CSV"</a>
                    </Menu>
                </div>
            })}
        </div>
    }
}
