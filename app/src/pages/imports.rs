//! `/imports/{import_id}`: what an import would do, the button that starts it, and how far it is.

use axum::extract::State;
use leptos::prelude::*;
use sallyport::import::{Import, LineOutcome, LineReport};

use super::apps::{head::AppHead, imports::ImportBadge};
use crate::{
    access::{Addressed, ImportAccess},
    acts::{Caller, imports::start_import},
    components::{Badge, Card, DataTable, ErrorSummary, Fact, Facts, Head, Notice, Pager, Tone},
    context::Context,
    error::{PageError, PageResult},
    form::FormState,
    islands::SubmitOnce,
    portal::Page,
    shell,
    ui::{Typed, Ui, UrlQuery, refuse, see_other},
};

/// Which lines: a hundred to a part.
#[derive(serde::Deserialize)]
pub struct PartQuery {
    #[serde(default = "first")]
    part: i64,
}

const fn first() -> i64 {
    1
}

pub async fn get(
    ui: Ui,
    State(context): State<Context>,
    access: ImportAccess,
    UrlQuery(query): UrlQuery<PartQuery>,
) -> PageResult {
    Ok(ui.ok(page(&ui, &context, &access, query.part, FormState::new()).await?))
}

pub async fn post(ui: Ui, caller: Caller, Addressed(id): Addressed<ImportAccess>, Typed(form): Typed) -> PageResult {
    match caller.run(start_import(id.clone())).await {
        Ok(()) => Ok(see_other(format!("/imports/{id}"))),
        Err(error) => {
            let (form, access) = (refuse(form, error)?, caller.access::<ImportAccess>(&id).await?);
            Ok(ui.refused(page(&ui, &ui.context, &access, 1, form).await?))
        }
    }
}

async fn page(
    ui: &Ui,
    context: &Context,
    access: &ImportAccess,
    part: i64,
    form: FormState,
) -> Result<Page, PageError> {
    let mut chrome = shell::of_app(ui, &access.within).await?;
    let app = access.within.app.clone();
    chrome.crumbs.push(crate::portal::Crumb::link("Import keys", format!("/apps/{}/imports", app.id)));
    let chrome = shell::here(chrome, access.import.id.as_str());
    let lines = context.store.import_lines(&access.import.id, part).await?.ok_or(PageError::NotFound)?;
    let more = context.store.import_lines(&access.import.id, part + 1).await?.is_some();
    let import = access.import.clone();
    Ok(Page::framed(format!("Import keys · {}", app.name), chrome, move || {
        let here = format!("/imports/{}", import.id);
        let newer = (part > 1).then(|| format!("{here}?part={}", part - 1));
        let older = more.then(|| format!("{here}?part={}", part + 1));
        let (columns, waits) =
            (["Line", "Outcome", "Label", "Key", "Reason"].map(Head::new).to_vec(), import.finished_at.is_none());
        let rows = lines.into_iter().map(|line| view! { <Row line waits/> }).collect_view();
        view! {
            <AppHead app current="API keys"/>
            <div class="columns">
                <Progress import form/>
                <section class="section">
                    <h2 class="section-title">"Lines"</h2>
                    <DataTable label="Lines" columns>{rows}</DataTable>
                    <Pager newer older/>
                </section>
            </div>
        }
    }))
}

#[component]
fn Progress(import: Import, form: FormState) -> impl IntoView {
    let here = format!("/imports/{}", import.id);
    let counts = import.counts;
    let badge = import.clone();
    let next = match (import.started_at, import.finished_at) {
        (None, _) if counts.imported == 0 => {
            view! { <Notice tone=Tone::Warning>"No line can be imported. Correct the file, and choose it again."</Notice> }.into_any()
        }
        (None, _) => {
            let keys = if counts.imported == 1 { "Import 1 key".to_owned() } else { format!("Import {} keys", counts.imported) };
            view! {
                <form method="post" action=here class="stack form">
                    <ErrorSummary form=&form/>
                    <Notice>"Nothing was imported yet. Lines that are refused are left out."</Notice>
                    <div class="form-foot"><button class="btn btn-primary">{keys}</button></div>
                    <SubmitOnce/>
                </form>
            }
            .into_any()
        }
        (_, None) => view! { <p><a class="btn" href=here>"Refresh"</a></p> }.into_any(),
        _ => view! { <p class="muted">"Rotate these keys when you can: a key that was made elsewhere has no checksum."</p> }.into_any(),
    };
    let label = if import.started_at.is_none() { "To import" } else { "Imported" };
    let shape = if import.rule.prefix.is_empty() { "No prefix".to_owned() } else { import.rule.prefix.clone() };
    let (least, most) = (import.rule.min_length, import.rule.max_length);
    let length = if least == most { most.to_string() } else { format!("{least} to {most}") };
    let shape = format!("{shape}, {length} characters");
    view! {
        <Card title="Import keys" actions=move || view! { <ImportBadge import=badge/> }>
            <div class="stack">
                <Facts>
                    <Fact label="Lines">{import.lines}</Fact>
                    <Fact label=label>{counts.imported}</Fact>
                    <Fact label="Imported before">{counts.repeated}</Fact>
                    <Fact label="Refused">{counts.refused}</Fact>
                    <Fact label="Shape of the keys">{shape}</Fact>
                </Facts>
                {next}
            </div>
        </Card>
    }
}

#[component]
fn Row(line: LineReport, waits: bool) -> impl IntoView {
    let (tone, text) = match line.outcome {
        LineOutcome::Imported if waits && line.key_id.is_none() => (Tone::Accent, "Import"),
        LineOutcome::Imported => (Tone::Good, "Imported"),
        LineOutcome::Repeated => (Tone::Neutral, "Imported before"),
        LineOutcome::Refused => (Tone::Danger, "Refused"),
    };
    let label = match line.key_id {
        Some(id) => view! { <a class="link" href=format!("/keys/{id}")>{line.label}</a> }.into_any(),
        None => line.label.into_any(),
    };
    view! {
        <tr>
            <td class="cell-head">{line.line}</td>
            <td data-label="Outcome"><Badge tone text/></td>
            <td data-label="Label">{label}</td>
            <td data-label="Key" class="cell-mono">{line.shown}</td>
            <td data-label="Reason">{line.reason.unwrap_or_default()}</td>
        </tr>
    }
}
