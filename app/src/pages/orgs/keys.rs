//! `/orgs/{org_id}/keys`: all its keys. If keys belong to apps, the panel asks for the app.

use axum::extract::State;
use leptos::prelude::*;
use sallyport::{
    id::TenantId,
    member::Permission,
    place::PlaceKind,
    profile::{HolderKind, Profile},
    store::KeyFilter,
};

use super::get_started::before_a_key;
use crate::{
    access::OrgAccess,
    acts::{Caller, secrets::needs_to_generate},
    components::PageHead,
    context::Context,
    error::{PageError, PageResult},
    pages::keys::{
        answer::Sent,
        generate::{filled, generate},
        list::{KeyList, KeyListView, ListQuery, ListSource, ListView, Viewer, creator, waiting_requests},
        panel::{GeneratePanel, Panel},
    },
    portal::{Page, Section},
    shell,
    ui::{Typed, Ui, UrlQuery},
};

pub async fn get(
    ui: Ui,
    State(context): State<Context>,
    access: OrgAccess,
    UrlQuery(query): UrlQuery<ListQuery>,
) -> PageResult {
    let (mut page, can_generate) = page(&ui, &context, &access, &query).await?;
    if query.panel.as_deref() == Some("generate") && can_generate {
        needs_to_generate(&access, context.store.profile())?;
        let apps = context.store.apps_of_org(&access.org.id, &access.sight(Permission::ManageKeys)).await?;
        let form = filled(&context, &access, None, &query).await?;
        let panel = Panel::new(&context, &access, &path(&access), apps, form);
        page = page.with_dialog(move || view! { <GeneratePanel panel/> });
    }
    Ok(ui.ok(page))
}

pub async fn post(ui: Ui, caller: Caller, access: OrgAccess, Typed(form): Typed) -> PageResult {
    let context = &ui.context;
    needs_to_generate(&access, context.store.profile())?;
    let apps = context.store.apps_of_org(&access.org.id, &access.sight(Permission::ManageKeys)).await?;
    let generated = generate(&caller, context.store.profile(), &access.org.id, form).await?;
    let page = page(&ui, context, &access, &ListQuery::default()).await.map(|(page, _)| page);
    let path = path(&access);
    let sent = Sent { ui: &ui, access: &access, path: path.clone(), apps };
    sent.answer(generated, page, |_| path).await
}

fn path(access: &OrgAccess) -> String {
    format!("/orgs/{}/keys", access.org.id)
}

/// If keys belong to apps, there has to be one.
fn can_generate(profile: &Profile, access: &OrgAccess, has_apps: bool) -> bool {
    let someone = profile.keys.owner != HolderKind::App || has_apps;
    someone && access.org.archived_at.is_none()
}

/// What has to be created before there can be a key.
async fn next(context: &Context, access: &OrgAccess) -> Result<Option<(&'static str, String)>, PageError> {
    if context.store.profile().keys.owner != HolderKind::App {
        return Ok(None);
    }
    let first = context.store.first_steps(&access.org.id, &access.named(), &access.seen()).await?;
    Ok(before_a_key(&first, &access.org.id, access.role))
}

/// The page, and whether a key can be generated there.
pub async fn page(
    ui: &Ui,
    context: &Context,
    access: &OrgAccess,
    query: &ListQuery,
) -> Result<(Page, bool), PageError> {
    access.needs_somewhere(Permission::SeeKeys)?;
    let mut chrome = shell::of_org(ui, access, Section::Keys).await?;
    if let Some(id) = &query.tenant {
        let tenant = chrome.tenants.iter().find(|tenant| tenant.id == id.as_str()).cloned();
        chrome = shell::in_tenant(chrome, tenant.ok_or(PageError::NotFound)?);
    }
    let tenant = chrome.tenant.as_ref().map(|tenant| tenant.name.clone());
    let chrome = shell::here(chrome, "API keys");
    let filter = KeyFilter { sight: access.seen(), ..query.filter() };
    let (page, frame) = context.store.framed_keys(&access.org.id, None, &filter, &access.me.user.id).await?;
    let waiting = waiting_requests(&context.store, &access.org.id, None, &filter, &access.me.user.id).await?;
    let profile = context.store.profile().clone();
    let is_tenant = |id: &TenantId| chrome.tenants.iter().any(|tenant| tenant.id == id.as_str());
    let views = frame.views.into_iter().map(|view| ListView::new(view, &profile, is_tenant)).collect();
    let can_generate = can_generate(context.store.profile(), access, frame.has_apps);
    let next = if frame.has_apps || !page.keys.is_empty() { None } else { next(context, access).await? };
    let list = KeyList {
        path: path(access),
        chosen: format!("{}/chosen", path(access)),
        source: ListSource::All,
        hides: page.keys.is_empty() && frame.has_keys,
        archived: access.org.archived_at.is_some(),
        page,
        creator: creator(&context.store, &access.org.id, &filter, &frame.creators).await?,
        creators: frame.creators,
        views,
        filter,
        viewer: Viewer::from(access),
        of_org: true,
        can_generate: needs_to_generate(access, context.store.profile()).is_ok() && can_generate,
        can_revoke_all: access.role.may(PlaceKind::Org.to_revoke_all()),
        unknown: query.is_unknown(),
        done: query.done(),
        waiting,
        approvals: (frame.approvals > 0).then(|| (frame.approvals, format!("/orgs/{}/approvals", access.org.id))),
        remedy: None,
        tenant,
        next,
        public_url: context.public_url.clone(),
        profile,
        now: context.store.now(),
    };
    let page = Page::framed("API keys", chrome, move || {
        let generate = (list.can_generate && !list.is_empty()).then(|| format!("{}?panel=generate", list.path));
        let sub = match list.profile.keys.owner {
            HolderKind::App => "Keys of every app of this organization.",
            HolderKind::Member => "Keys of all members; each acts for its owner.",
            HolderKind::Organization => "Each acts for the whole organization.",
        };
        view! {
            <PageHead
                title="API keys" sub=move || sub
                actions=move || generate.map(|href| view! { <a id="generate" class="btn btn-primary" href=href>"Generate API Key"</a> })
            />
            <KeyListView list/>
        }
    });
    Ok((page, can_generate))
}
