//! `/apps/{app_id}/activity/refused`.

use axum::extract::State;
use leptos::prelude::*;
use sallyport::member::Permission;

use super::head::AppHead;
use crate::{
    access::AppAccess,
    context::Context,
    error::PageResult,
    pages::refused::{Refused, RefusedQuery, RefusedView},
    portal::Page,
    shell,
    ui::{Ui, UrlQuery},
};

pub async fn get(
    ui: Ui,
    State(context): State<Context>,
    access: AppAccess,
    UrlQuery(query): UrlQuery<RefusedQuery>,
) -> PageResult {
    let chrome = shell::here(shell::of_app(&ui, &access).await?, "Refused requests");
    let generate = access.org().role.may(Permission::ManageKeys);
    let app = access.app;
    let activity = format!("/apps/{}/activity", app.id);
    let refused = Refused::of_app(&context, format!("{activity}/refused"), &app, query);
    let is_refused = refused.is_refused();
    let page = Page::framed(format!("Refused requests · {}", app.name), chrome, move || {
        view! {
            <AppHead app current="Activity" generate/>
            <RefusedView refused activity/>
        }
    });
    Ok(if is_refused { ui.refused(page) } else { ui.ok(page) })
}
