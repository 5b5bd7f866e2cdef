//! `/admin/organizations/{org_id}`: the facts of an organization, and its members. Looking leaves an event in its log.

use leptos::prelude::*;
use sallyport::{
    Timestamp,
    app::App,
    audit::{Action, NewEvent},
    member::Member,
    org::Org,
    place::Place,
    store::Contents,
};

use super::list::ListQuery;
use crate::{
    access::OperatedOrg,
    components::{Badge, DataTable, DoneNotice, IdChip, PageHead, Person, Strip, StripItem, Tone, archived},
    error::{PageError, PageResult},
    pages::usage::card::{Report, last_day},
    portal::{AdminSection, Page},
    shell,
    ui::{Ui, UrlQuery},
    words::{Ago, count, digits},
};

/// Members that the page shows.
const SHOWN: usize = 100;
/// Apps that the page shows.
const APPS: u8 = 20;

pub async fn get(ui: Ui, access: OperatedOrg, UrlQuery(query): UrlQuery<ListQuery>) -> PageResult {
    let done = match query.done.as_str() {
        "suspend" => Some("Suspended. Every request with one of its keys is refused from now on."),
        "open" => Some("Opened again. Its keys are accepted."),
        _ => None,
    };
    let page = page(&ui, &access, done).await?;
    Ok(ui.ok(page))
}

/// Records that an operator looked, at most once in ten minutes for each of them: the members have to learn of it, and
/// reloading the page must not fill their log.
pub(in crate::pages) fn note_view(ui: &Ui, access: &OperatedOrg) {
    let viewed = NewEvent::of(&access.org.id, Action::OrgViewed, Place::from(&access.org).target());
    ui.context.pending_events.note(access.me.act(), viewed);
}

/// The page, also below the dialog.
pub(super) async fn page(ui: &Ui, access: &OperatedOrg, done: Option<&'static str>) -> Result<Page, PageError> {
    let (store, org) = (&ui.context.store, access.org.clone());
    let chrome = shell::of_admin(ui, &access.me, AdminSection::Organizations).await?;
    let chrome = shell::here(chrome, &org.name);
    let place = Place::from(&org);
    let contents = store.contents(&place).await?;
    let members = store.members(&org.id).await?;
    let apps = store.newest_apps(&org.id, APPS).await?;
    note_view(ui, access);
    let now = store.now();
    let requests = last_day(store, org.id.as_str(), &org.id, now).await?;
    Ok(Page::framed(org.name.clone(), chrome, move || view! { <Body org contents requests apps members now done/> }))
}

#[component]
fn Body(
    org: Org,
    contents: Contents,
    /// Of the last 24 hours.
    requests: Report,
    apps: Vec<App>,
    members: Vec<Member>,
    now: Timestamp,
    done: Option<&'static str>,
) -> impl IntoView {
    let path = format!("/admin/organizations/{}", org.id);
    let suspended = org.suspended.clone();
    let suspend = suspended.is_none().then(|| format!("{path}/suspend"));
    let open = format!("{path}/open");
    let activity = format!("{path}/activity");
    let has_apps = !apps.is_empty();
    let all_apps = match contents.apps {
        all if all > i64::from(APPS) => format!("The newest {APPS} of {}", count(all, "app")),
        all => count(all, "app"),
    };
    let apps = apps.into_iter().map(|app| view! { <AppRow app now/> }).collect_view();
    let (id, plan, created) = (org.id.to_string(), org.plan.title(), org.created_at);
    let (total_requests, refused) = (requests.total(), requests.refused());
    let people = members.len();
    let total = count(people, "member");
    let more = members.len().saturating_sub(SHOWN);
    let rows = members.into_iter().take(SHOWN).map(|member| view! { <MemberRow member now/> }).collect_view();
    view! {
        <DoneNotice text=done/>
        <PageHead
            title=org.name.clone()
            sub=move || view! {
                <span><IdChip id name="Copy organization id"/></span>
                <span><Badge tone=Tone::Accent text=plan/></span>
                <span>"Created "<Ago at=created now/></span>
                {(!org.description.is_empty()).then_some(view! { <span>{org.description}</span> })}
            }
            actions=move || view! { <a class="btn" href=activity>"Activity"</a> }
        />
        {suspended.map(|suspended| view! {
            <div class="notice danger notice-line">
                <p><b>"Suspended "<Ago at=suspended.at now/></b>". Reason: "{suspended.reason}</p>
                <form method="post" action=open><button class="btn btn-small">"Open again"</button></form>
            </div>
        })}
        <Strip>
            <StripItem label="Members" value=move || digits(people)/>
            <StripItem label="Apps" value=move || digits(contents.apps)/>
            <StripItem label="Active keys" value=move || digits(contents.keys)/>
            <StripItem label="Keys in use" value=move || digits(contents.in_use) note=|| "in the last week"/>
            <StripItem label="Requests" value=move || digits(total_requests) note=|| "in 24 hours"/>
            <StripItem label="Refused" value=move || digits(refused) note=|| "in 24 hours"/>
        </Strip>
        <section class="section">
            <h2 class="section-title">{total}</h2>
            <DataTable label="Members" columns=&["Name", "Role", "Last active", "Since"] compact=true>{rows}</DataTable>
            {(more > 0).then(|| view! { <p class="muted">{format!("{more} more are not shown.")}</p> })}
        </section>
        {has_apps.then(|| view! {
            <section class="section">
                <h2 class="section-title">{all_apps}</h2>
                <DataTable label="Apps" columns=&["Name", "Operating system", "Ingestion", "Created"]>{apps}</DataTable>
            </section>
        })}
        {suspend.map(|href| view! {
            <section class="card">
                <div class="danger-rows">
                    <div class="danger-row">
                        <div>
                            <h2>"Suspend this organization"</h2>
                            <p class="muted">"Every request with one of its keys is refused (403) until it is opened again. Nothing is lost."</p>
                        </div>
                        <a id="suspend" class="btn btn-danger-quiet" href=href>"Suspend"</a>
                    </div>
                </div>
            </section>
        })}
        <div class="table-foot"><p>"That you looked at this page is recorded in the activity of the organization."</p></div>
    }
}

#[component]
fn AppRow(app: App, now: Timestamp) -> impl IntoView {
    let apps = format!("/admin/apps?q={}", app.id);
    let ingestion = if app.ingestion_verified { "Verified" } else { "Not verified" };
    view! {
        <tr class:row-off=app.archived_at.is_some()>
            <td class="cell-main"><a href=apps>{app.name}</a>{archived(app.archived_at)}</td>
            <td data-label="Operating system">{app.os.title()}</td>
            <td data-label="Ingestion">{ingestion}</td>
            <td data-label="Created" class="cell-muted"><Ago at=app.created_at now/></td>
        </tr>
    }
}

#[component]
fn MemberRow(member: Member, now: Timestamp) -> impl IntoView {
    let Member { user, role, since, disabled, last_seen_at, has_signed_in, .. } = member;
    let users = format!("/admin/users?q={}", user.id);
    let seen = match last_seen_at {
        Some(at) => view! { <Ago at now/> }.into_any(),
        None if has_signed_in => "Signed out".into_any(),
        None => "Never signed in".into_any(),
    };
    view! {
        <tr class:row-off=disabled>
            <td class="cell-head">
                <Person id=user.id.to_string() name=user.name email=user.email href=users>
                    {disabled.then(|| view! { " "<Badge tone=Tone::Warning text="Disabled"/> })}
                </Person>
            </td>
            <td data-label="Role">{role.title()}</td>
            <td data-label="Last active" class="cell-muted">{seen}</td>
            <td data-label="Since" class="cell-muted cell-least"><Ago at=since now/></td>
        </tr>
    }
}
