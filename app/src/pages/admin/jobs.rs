//! `/admin/jobs`: background work that waits, runs or has failed.

use leptos::prelude::*;
use sallyport::{
    Timestamp,
    id::JobId,
    job::{Outcome, title},
    store::ConsoleJob,
};

use super::{
    job_state::{JobState, RunNow, due},
    list::{Edges, ListPages, ListQuery, ListSearch, NoRows, counted},
};
use crate::{
    access::OperatorAccess,
    acts::{Caller, admin::jobs::retry_job},
    components::{DataTable, DoneNotice, Head, IdChip, Menu, PageHead, Strip, StripItem},
    error::{PageError, PageResult},
    form::FormState,
    icons::Icon,
    portal::{AdminSection, Page},
    shell,
    ui::{Typed, Ui, UrlQuery, see_other},
    words::{Ago, count},
};

const PATH: &str = "/admin/jobs";

const STATUSES: [(&str, &str); 3] = [("failed", "Failed"), ("retrying", "Retrying"), ("waiting", "Waiting")];

pub async fn get(ui: Ui, access: OperatorAccess, UrlQuery(query): UrlQuery<ListQuery>) -> PageResult {
    let store = &ui.context.store;
    let page = store.console_jobs(&(&query).into()).await?;
    let counts = store.count_console_jobs(STATUSES.map(|(status, _)| status)).await?;
    let chrome = shell::at_last(shell::of_admin(&ui, &access.me, AdminSection::Jobs).await?);
    let now = store.now();
    let page = Page::framed("Jobs", chrome, move || {
        let (edges, list) = (Edges::from(&page), query.clone());
        let done = done(&query.done);
        let tiles = counts.into_iter().zip(STATUSES).map(|(n, (value, title))| {
            let href = Some(format!("{PATH}?status={value}"));
            let (current, warns) = (value == query.status, n > 0 && value != "waiting");
            view! { <StripItem label=title href current warns value=move || counted(n)/> }
        });
        let tiles = tiles.collect_view();
        let body = if page.items.is_empty() {
            let text =
                "Work that is done later, such as deletions after a time, is listed here until it has succeeded.";
            view! { <NoRows path=PATH query=query.clone() icon=Icon::Check title="No job waits or has failed" text/> }
                .into_any()
        } else {
            let mut jobs: Vec<_> = page.items.into_iter().map(|job| (JobState::of(&job.status, now), job)).collect();
            // What failed first, then what is due first.
            jobs.sort_by_key(|(state, job)| (state.rank(), job.status.run_at));
            let rows = jobs.into_iter().map(|(state, job)| view! { <JobRow job state now/> }).collect_view();
            let heads = ["Job", "Due", "Last run", ""].map(Head::new).to_vec();
            view! {
                <DataTable label="Jobs" columns=heads compact=true>{rows}</DataTable>
            }
            .into_any()
        };
        view! {
            <PageHead title="Jobs" sub=|| view! { <span>"Background work that waits, runs or has failed"</span> }/>
            <DoneNotice text=done/>
            <Strip>{tiles}</Strip>
            <ListSearch path=PATH label="Queue or ID" query statuses=&STATUSES/>
            {body}
            <ListPages path=PATH query=list noun="job" edges/>
        }
    });
    Ok(ui.ok(page))
}

pub async fn post(caller: Caller, _: OperatorAccess, Typed(form): Typed) -> PageResult {
    run_now(&caller, &form, PATH).await
}

/// Runs the job of the form, and returns to that page.
pub(super) async fn run_now(caller: &Caller, form: &FormState, path: &str) -> PageResult {
    let unknown = || PageError::BadRequest("This form does not belong to this page. Open the page again.".to_owned());
    let job = JobId::parse(&form.value("job")).ok_or_else(unknown)?;
    match caller.run(retry_job(job)).await.map_err(PageError::from) {
        Ok(()) => Ok(see_other(format!("{path}?done=retry"))),
        // A worker was faster.
        Err(PageError::NotFound) => Ok(see_other(format!("{path}?done=late"))),
        Err(error) => Err(error),
    }
}

/// What [`run_now`] did.
pub(super) fn done(what: &str) -> Option<&'static str> {
    match what {
        "retry" => Some("It is due now, and runs within a second."),
        "late" => Some("Nothing was changed: it runs, is due already, or has ended."),
        _ => None,
    }
}

#[component]
fn JobRow(job: ConsoleJob, state: JobState, now: Timestamp) -> impl IntoView {
    let ConsoleJob { id, queue, status, ended_at, .. } = job;
    let name = title(&queue).to_owned();
    let error = status.error.clone().map(|error| {
        let attempts = (status.attempts > 0).then(|| format!("{}: ", count(status.attempts, "attempt")));
        view! { <span class="cell-sub">{attempts}{error}</span> }
    });
    // A failure is told by the state.
    let ended = ended_at.map(|at| {
        let done = (status.outcome == Some(Outcome::Done)).then_some("Done · ");
        view! { {done}<Ago at now/> }
    });
    let none = (ended.is_none() && !state.is_told()).then_some("Not yet");
    let state_shown = state.is_told().then(|| view! { {state.view()}" " });
    view! {
        <tr>
            <td class="cell-head cell-rest">{name.clone()}{error}</td>
            <td data-label="Due" class="cell-muted">{due(status.run_at, now)}</td>
            <td data-label="Last run" class="cell-muted">{state_shown}{ended}{none}</td>
            <td class="cell-act">
                <Menu id=format!("menu-{id}") name=format!("Actions for {name}") small=true>
                    <IdChip id=id.to_string() name="Copy job id"/>
                    {state.may_run.then(|| view! { <RunNow path=PATH id name=name.clone() state in_menu=true/> })}
                </Menu>
            </td>
        </tr>
    }
}
