//! The portal's addresses: a page and the form on it share one.

use axum::{
    Router,
    routing::{get, post},
};

use crate::{context::Context, error::PageError, pages::*};

pub fn routes() -> Router<Context> {
    Router::new()
        .route("/", get(home::get))
        .route("/setup", get(setup::get).post(setup::post))
        .route("/sign-in", get(sign_in::get).post(sign_in::post))
        .route("/sign-out", post(sign_out::post))
        .route("/theme", post(theme::post))
        .route("/account", get(account::get).post(account::post))
        .route("/orgs/new", get(orgs::new::get).post(orgs::new::post))
        .route("/orgs/{org_id}", get(orgs::overview::get))
        .route("/orgs/{org_id}/keys", get(orgs::keys::get).post(orgs::keys::post))
        .route("/orgs/{org_id}/activity", get(orgs::activity::get))
        .route("/orgs/{org_id}/members", get(orgs::members::get).post(orgs::members::post))
        .route("/orgs/{org_id}/tenants/new", get(tenants::new::get).post(tenants::new::post))
        .route("/tenants/{tenant_id}", get(tenants::overview::get))
        .route("/tenants/{tenant_id}/projects/new", get(projects::new::get).post(projects::new::post))
        .route("/projects/{project_id}", get(projects::overview::get))
        .route("/projects/{project_id}/apps/new", get(apps::new::get).post(apps::new::post))
        .route("/apps/{app_id}", get(apps::overview::get))
        .route("/apps/{app_id}/identifiers.json", get(apps::identifiers::get))
        .route("/apps/{app_id}/keys", get(apps::keys::get).post(apps::keys::post))
        .route("/apps/{app_id}/activity", get(apps::activity::get))
        .route("/keys/{key_id}", get(keys::overview::get))
        .route("/keys/{key_id}/revoke", get(keys::revoke::get).post(keys::revoke::post))
        .fallback(|| async { PageError::NotFound })
}
