//! `/apps/{app_id}/keys`: the app's keys; `?panel=generate` opens the panel, whose form is sent here.

use axum::extract::State;
use leptos::prelude::*;
use sallyport::{member::Permission, profile::HolderKind, store::KeyFilter};

use super::head::AppHead;
use crate::{
    access::AppAccess,
    acts::Caller,
    context::Context,
    error::{PageError, PageResult},
    pages::keys::{
        answer::Sent,
        generate::{filled, generate},
        list::{KeyList, KeyListView, ListQuery, ListSource, ListView, Viewer, creator, waiting_requests},
        panel::{GeneratePanel, Panel},
    },
    portal::Page,
    shell,
    ui::{Typed, Ui, UrlQuery},
};

pub async fn get(
    ui: Ui,
    State(context): State<Context>,
    access: AppAccess,
    UrlQuery(query): UrlQuery<ListQuery>,
) -> PageResult {
    let mut page = page(&ui, &context, &access, &query).await?;
    if query.panel.as_deref() == Some("generate") && can_generate(&context, &access) {
        access.org().needs(Permission::ManageKeys)?;
        let apps = context.store.apps_of_org(&access.app.org_id, &access.org().sight(Permission::ManageKeys)).await?;
        let form = filled(&context, access.org(), Some(&access.app), &query).await?;
        let panel = Panel::new(&context, access.org(), &path(&access), apps, form);
        page = page.with_dialog(move || view! { <GeneratePanel panel/> });
    }
    Ok(ui.ok(page))
}

pub async fn post(ui: Ui, caller: Caller, access: AppAccess, Typed(form): Typed) -> PageResult {
    access.org().needs(Permission::ManageKeys)?;
    let context = &ui.context;
    let owner = context.store.profile().keys.owner;
    if owner != HolderKind::App {
        return Err(PageError::BadRequest(owner.who_generates().to_owned()));
    }
    let apps = context.store.apps_of_org(&access.app.org_id, &access.org().sight(Permission::ManageKeys)).await?;
    let generated = generate(&caller, context.store.profile(), &access.app.org_id, form).await?;
    // Rendered after the key is created, so that the list behind the dialog contains it.
    let page = page(&ui, context, &access, &ListQuery::default()).await;
    let sent = Sent { ui: &ui, access: access.org(), path: path(&access), apps };
    // The keys of the chosen app, which may be another one.
    let here = path(&access);
    sent.answer(generated, page, |issued| issued.app.as_ref().map_or(here, |app| format!("/apps/{}/keys", app.id)))
        .await
}

fn path(access: &AppAccess) -> String {
    format!("/apps/{}/keys", access.app.id)
}

/// If keys belong to apps, and this app is active.
pub fn can_generate(context: &Context, access: &AppAccess) -> bool {
    context.store.profile().keys.owner == HolderKind::App && !access.is_archived()
}

pub async fn page(ui: &Ui, context: &Context, access: &AppAccess, query: &ListQuery) -> Result<Page, PageError> {
    let chrome = shell::at_last(shell::of_app(ui, access).await?);
    // The tenant is the app's.
    let filter = KeyFilter { tenant: None, sight: access.org().seen(), ..query.filter() };
    let me = &access.org().me.user.id;
    let (page, frame) = context.store.framed_keys(&access.app.org_id, Some(&access.app.id), &filter, me).await?;
    let waiting = waiting_requests(&context.store, &access.app.org_id, Some(&access.app.id), &filter, me).await?;
    let profile = context.store.profile().clone();
    let views = frame.views.into_iter().map(|view| ListView::new(view, &profile, |_| false)).collect();
    let list = KeyList {
        path: path(access),
        chosen: format!("{}/chosen", path(access)),
        source: ListSource::All,
        hides: page.keys.is_empty() && frame.has_keys,
        archived: access.is_archived(),
        page,
        creator: creator(&context.store, &access.app.org_id, &filter, &frame.creators).await?,
        creators: frame.creators,
        views,
        filter,
        viewer: Viewer::from(access.org()),
        of_org: false,
        can_generate: access.org().role.may(Permission::ManageKeys) && can_generate(context, access),
        can_revoke_all: access.org().role.may(Permission::ManageKeys),
        unknown: query.is_unknown(),
        done: query.done(),
        waiting,
        approvals: (frame.approvals > 0).then(|| (frame.approvals, format!("/orgs/{}/approvals", access.app.org_id))),
        remedy: None,
        tenant: None,
        next: None,
        public_url: context.public_url.clone(),
        profile,
        now: context.store.now(),
    };
    let app = access.app.clone();
    Ok(Page::framed(format!("API keys · {}", app.name), chrome, move || {
        // An empty list contains the button itself.
        let generate = list.can_generate && !list.is_empty();
        view! {
            <AppHead app current="API keys" generate/>
            <KeyListView list/>
        }
    }))
}
