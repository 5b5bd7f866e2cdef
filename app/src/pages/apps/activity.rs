//! `/apps/{app_id}/activity`.

use axum::extract::State;
use leptos::prelude::*;

use super::head::AppHead;
use crate::{
    access::AppAccess,
    context::Context,
    error::PageResult,
    pages::{
        activity::{Activity, ActivityQuery, ActivityView},
        refused::ActivityViews,
    },
    portal::Page,
    shell,
    ui::{Ui, UrlQuery},
};

pub async fn get(
    ui: Ui,
    State(context): State<Context>,
    access: AppAccess,
    UrlQuery(query): UrlQuery<ActivityQuery>,
) -> PageResult {
    let chrome = shell::at_last(shell::of_app(&ui, &access).await?);
    let (store, app) = (&context.store, access.app);
    let activity = Activity::of(store, format!("/apps/{}/activity", app.id), &app.org_id, Some(&app.id), query).await?;
    let is_refused = activity.is_refused();
    let page = Page::framed(format!("Activity · {}", app.name), chrome, move || {
        view! {
            <AppHead app current="Activity" generate=true/>
            <ActivityViews path=activity.path.clone() refused=false/>
            <ActivityView activity/>
        }
    });
    Ok(if is_refused { ui.refused(page).await } else { ui.ok(page).await })
}
