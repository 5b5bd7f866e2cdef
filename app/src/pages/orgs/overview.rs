//! `/orgs/{org_id}`: a summary of its keys, its tenants and their projects, and the latest events.

use axum::extract::State;
use leptos::prelude::*;
use sallyport::{
    member::Permission,
    profile::HolderKind,
    store::{EventFilter, KeyFilter},
};

use super::{
    get_started::GetStarted,
    projects::{OfTenant, ProjectTable},
};
use crate::{
    access::OrgAccess,
    acts::secrets::needs_to_generate,
    components::{Badge, Card, Empty, IdChip, Notice, PageHead, Tone},
    context::Context,
    error::PageResult,
    icons::Icon,
    pages::{
        activity::list::EventList,
        attention::{Attention, AttentionCard, KeyFigures, NewestKeys},
        keys::least_privilege::PlaceUseCard,
        usage::card::{RequestsCard, last_day},
    },
    portal::{Page, Section},
    shell,
    ui::Ui,
    words::OnDay,
};

/// Events that the page shows.
const SHOWN: usize = 5;

pub async fn get(ui: Ui, State(context): State<Context>, access: OrgAccess) -> PageResult {
    let chrome = shell::at_last(shell::of_org(&ui, &access, Section::Projects).await?);
    let store = &context.store;
    let (names, seen) = (access.named(), access.seen());
    let tenants = store.tenants_seen(&access.org.id, &names).await?;
    let projects = store.projects(&access.org.id, &names, &seen).await?;
    let active = match store.profile().keys.owner {
        HolderKind::App => Some(store.active_keys_of_projects(&access.org.id, &seen).await?),
        _ => None,
    };
    let place = KeyFilter { sight: seen.clone(), ..KeyFilter::default() };
    let keys = format!("/orgs/{}/keys", access.org.id);
    let attention = Attention::of(store, keys, &access.org.id, None, &place, &access.me.user.id).await?;
    let filter = EventFilter { sight: seen.clone(), ..EventFilter::default() };
    let mut events = store.events(&access.org.id, None, &filter).await?.events;
    events.truncate(SHOWN);
    let factor_due = store.factor_due(&access.org.id, &access.me.user.id).await?;
    let first = store.first_steps(&access.org.id, &names, &seen).await?;
    let (now, role, profile, public_url) =
        (store.now(), access.role, store.profile().clone(), context.public_url.clone());
    let in_use = access.org.archived_at.is_none();
    let requests = match role.may(Permission::SeeKeys) {
        true => Some(last_day(store, access.org.id.as_str(), &access.org.id, now).await?),
        false => None,
    };
    let used = match requests {
        Some(_) => store.place_history(&access.org.id, None).await?.sentences("The keys here", &profile, now),
        None => Vec::new(),
    };
    let may_manage = access.role.may(Permission::CreateTenants);
    let may_create = access.role.may_somewhere(Permission::CreateProjects) && in_use;
    let may_make = access.role.may_somewhere(Permission::ManageApps) && in_use;
    let sees_keys = access.role.may_somewhere(Permission::SeeKeys);
    // Before the first request the steps hold the button.
    let may_generate = first.used && needs_to_generate(&access, &profile).is_ok() && in_use;
    let org = access.org;
    let page = Page::framed(org.name.clone(), chrome, move || {
        let (id, org_id, plan) = (org.id.to_string(), org.id.clone(), org.plan.title());
        let path = format!("/orgs/{id}");
        let all_events = format!("{path}/activity");
        let new_tenant = format!("/orgs/{id}/tenants/new");
        let generate = may_generate.then(|| format!("/orgs/{id}/keys?panel=generate"));
        let has_tenants = !tenants.is_empty();
        // With one tenant the first project belongs there.
        let new_project = match tenants.as_slice() {
            [only] if may_create => Some(format!("/tenants/{}/projects/new", only.id)),
            _ => None,
        };
        let new_project = new_project.map(|href| {
            let class = if generate.is_some() { "btn" } else { "btn btn-primary" };
            view! { <a class=class href=href>"New project"</a> }
        });
        let tenants = tenants.into_iter().map(|tenant| {
            let own = projects.iter().filter(|(project, _)| project.tenant_id == tenant.id).cloned().collect();
            OfTenant { tenant, projects: own }
        });
        let mut tenants: Vec<_> = tenants.collect();
        // Those that hold something first.
        tenants.sort_by_key(|tenant: &OfTenant| tenant.projects.is_empty());
        let action = new_tenant.clone();
        view! {
            <PageHead
                title=org.name.clone()
                sub=move || view! {
                    <span><IdChip id=id name="Copy organization id"/></span>
                    <span><Badge tone=Tone::Accent text=plan/></span>
                    {(!org.description.is_empty()).then_some(view! { <span>{org.description}</span> })}
                }
                actions=move || view! {
                    {(has_tenants && may_manage).then(|| view! { <a class="btn" href=action>"New tenant"</a> })}
                    {new_project}
                    {generate.map(|href| view! { <a class="btn btn-primary" href=href>"Generate API Key"</a> })}
                }
            />
            {factor_due.map(|from| view! {
                <Notice tone=Tone::Warning>
                    "From "<OnDay at=from now/>" this organization will require a second factor. "
                    <a href="/account/authenticator">"Set up authenticator app"</a>
                </Notice>
            })}
            {(sees_keys && !first.used).then(|| view! { <GetStarted first org=org_id role profile public_url/> })}
            {(!attention.is_empty()).then(|| view! { <KeyFigures attention=attention.clone()/> })}
            <div class="split">
                {(!attention.is_empty()).then(|| {
                    view! { <AttentionCard highlights=attention.highlights.clone() now of_several=true/> }
                })}
                <div class="columns">
                    <RequestsCard report=requests path=path.clone()/>
                    {if has_tenants {
                        view! {
                            <section class="section">
                                <h2 class="section-title">"Projects"</h2>
                                <ProjectTable tenants active may_make now/>
                            </section>
                        }
                        .into_any()
                    } else {
                        view! {
                            <Empty
                                icon=Icon::Folder title="No tenant yet"
                                text="Tenants keep things apart, such as Development and Production. They hold projects."
                                action=move || may_manage.then(|| view! { <a class="btn btn-primary" href=new_tenant>"New tenant"</a> })
                            />
                        }.into_any()
                    }}
                    <PlaceUseCard sentences=used hygiene=format!("{path}/hygiene")/>
                    {sees_keys.then(|| view! {
                        <Card title="Last events" actions=move || view! { <a href=all_events>"All activity"</a> }>
                            <EventList events now of_several=true/>
                        </Card>
                    })}
                </div>
                {(!attention.is_empty()).then(|| view! {
                    <div class="columns">
                        <NewestKeys highlights=attention.highlights all=Some(attention.path) now of_several=true/>
                    </div>
                })}
            </div>
        }
    });
    Ok(ui.ok(page))
}
