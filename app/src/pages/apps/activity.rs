//! `/apps/{app_id}/activity`.

use axum::extract::State;
use leptos::prelude::*;
use sallyport::{member::Permission, store::Sight};

use super::head::AppHead;
use crate::{
    access::AppAccess,
    context::Context,
    error::PageResult,
    pages::{
        activity::{Activity, ActivityQuery, ActivityView, Exports},
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
    let generate = access.org().role.may(Permission::ManageKeys);
    let (store, app) = (&context.store, access.app);
    let path = format!("/apps/{}/activity", app.id);
    let activity = Activity::of(store, path, &app.org_id, Some(&app.id), Sight::ALL, query).await?;
    let (is_refused, links) = (activity.is_refused(), activity.exports());
    let page = Page::framed(format!("Activity · {}", app.name), chrome, move || {
        let path = activity.path.clone();
        view! {
            <AppHead app current="Activity" generate/>
            <ActivityView
                search=move || view! { <ActivityViews path current="Events"/> }
                side=move || view! { <Exports links/> }
                activity
            />
        }
    });
    Ok(if is_refused { ui.refused(page) } else { ui.ok(page) })
}
