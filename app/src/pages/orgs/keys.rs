//! `/orgs/{org_id}/keys`: all its keys. If keys belong to apps, the panel asks for the app.

use axum::extract::State;
use leptos::prelude::*;
use sallyport::{
    member::Permission,
    profile::{HolderKind, Profile},
};

use super::get_started::before_a_key;
use crate::{
    access::OrgAccess,
    acts::Caller,
    components::PageHead,
    context::Context,
    error::{PageError, PageResult},
    pages::keys::{
        answer::Sent,
        generate::{generate, like, untouched},
        list::{KeyList, KeyListView, ListQuery, Viewer, creator},
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
        access.needs(Permission::ManageKeys)?;
        let apps = context.store.apps_of_org(&access.org.id).await?;
        let like = like(&context, &access, query.like.as_deref()).await?;
        let form = untouched(context.store.profile(), None, like.as_ref());
        let panel = Panel::new(&context, &access, &path(&access), apps, form);
        page = page.with_dialog(move || view! { <GeneratePanel panel/> });
    }
    Ok(ui.ok(page).await)
}

pub async fn post(ui: Ui, caller: Caller, access: OrgAccess, Typed(form): Typed) -> PageResult {
    access.needs(Permission::ManageKeys)?;
    let context = &ui.context;
    let apps = context.store.apps_of_org(&access.org.id).await?;
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
    let first = context.store.first_steps(&access.org.id).await?;
    Ok(before_a_key(&first, &access.org.id, access.role))
}

/// The page, and whether a key can be generated there.
pub async fn page(
    ui: &Ui,
    context: &Context,
    access: &OrgAccess,
    query: &ListQuery,
) -> Result<(Page, bool), PageError> {
    let mut chrome = shell::of_org(ui, access, Section::Keys).await?;
    if let Some(id) = &query.tenant {
        let tenant = chrome.tenants.iter().find(|tenant| tenant.id == id.as_str()).cloned();
        chrome = shell::in_tenant(chrome, tenant.ok_or(PageError::NotFound)?);
    }
    let tenant = chrome.tenant.as_ref().map(|tenant| tenant.name.clone());
    let chrome = shell::here(chrome, "API keys");
    let filter = query.filter();
    let page = context.store.listed_keys(&access.org.id, None, &filter).await?;
    let (has_apps, has_keys) = context.store.has_apps_and_keys(&access.org.id).await?;
    let can_generate = can_generate(context.store.profile(), access, has_apps);
    let next = if has_apps || !page.keys.is_empty() { None } else { next(context, access).await? };
    let list = KeyList {
        path: path(access),
        hides: page.keys.is_empty() && has_keys,
        archived: access.org.archived_at.is_some(),
        page,
        creator: creator(&context.store, &access.org.id, &filter).await?,
        filter,
        viewer: Viewer::from(access),
        of_org: true,
        can_generate: access.role.may(Permission::ManageKeys) && can_generate,
        can_revoke_all: access.role.may(Permission::ManageOrg),
        unknown: query.is_unknown(),
        done: query.done(),
        tenant,
        next,
        public_url: context.public_url.clone(),
        profile: context.store.profile().clone(),
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
