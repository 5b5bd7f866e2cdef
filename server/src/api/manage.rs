//! The management endpoints: organizations, their contents and keys, for root tokens and keys that may manage,
//! and for people with personal tokens.
//!
//! They call the same methods of the store as the pages, with the same checks and the same events, under the caller's
//! name.

mod access;
mod answer;
mod approvals;
mod apps;
mod audit;
mod audit_proof;
mod capabilities;
mod creation;
mod deliveries;
mod evidence;
mod hygiene;
mod imports;
mod invitations;
mod key_policy;
mod key_requests;
mod key_response;
mod key_update;
mod keys;
mod me;
mod members;
mod nodes;
mod orgs;
mod projects;
mod query;
mod revocation;
mod rotation;
mod service_accounts;
mod service_tokens;
mod suggestion;
mod tenants;
mod trust_rules;
mod usage;
mod webhooks;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::state::AppState;

/// Mounts and describes the endpoints.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(me::read))
        .routes(routes!(orgs::list, orgs::create))
        .routes(routes!(orgs::read))
        .routes(routes!(tenants::list, tenants::create))
        .routes(routes!(tenants::read))
        .routes(routes!(projects::list, projects::create))
        .routes(routes!(projects::read))
        .routes(routes!(apps::list, apps::create))
        .routes(routes!(apps::read))
        .routes(routes!(keys::list, keys::create))
        .routes(routes!(keys::list_of_org, keys::create_of_org))
        .routes(routes!(keys::read, key_update::update))
        .routes(routes!(rotation::rotate))
        .routes(routes!(rotation::end_previous))
        .routes(routes!(rotation::extend_previous))
        .routes(routes!(revocation::revoke))
        .routes(routes!(revocation::revoke_all_of_app))
        .routes(routes!(revocation::revoke_all_of_org))
        .routes(routes!(imports::list, imports::create))
        .routes(routes!(imports::read))
        .routes(routes!(capabilities::mint))
        .routes(routes!(capabilities::revoke_all))
        .routes(routes!(key_policy::read, key_policy::set))
        .routes(routes!(trust_rules::list, trust_rules::create))
        .routes(routes!(trust_rules::read, trust_rules::update, trust_rules::delete))
        .routes(routes!(approvals::list))
        .routes(routes!(approvals::read))
        .routes(routes!(approvals::approve))
        .routes(routes!(approvals::refuse))
        .routes(routes!(approvals::claim))
        .routes(routes!(approvals::withdraw))
        .routes(routes!(webhooks::list, webhooks::create))
        .routes(routes!(webhooks::read, webhooks::update, webhooks::delete))
        .routes(routes!(webhooks::change_secret))
        .routes(routes!(deliveries::test))
        .routes(routes!(deliveries::list))
        .routes(routes!(deliveries::resend_failed))
        .routes(routes!(deliveries::read))
        .routes(routes!(deliveries::resend))
        .routes(routes!(members::list_of_org))
        .routes(routes!(members::give_in_org, members::remove_from_org))
        .routes(routes!(members::list_of_tenant))
        .routes(routes!(members::give_in_tenant, members::remove_from_tenant))
        .routes(routes!(members::list_of_project))
        .routes(routes!(members::give_in_project, members::remove_from_project))
        .routes(routes!(service_accounts::list, service_accounts::create))
        .routes(routes!(service_accounts::read, service_accounts::update, service_accounts::remove))
        .routes(routes!(service_tokens::list, service_tokens::create))
        .routes(routes!(service_tokens::revoke))
        .routes(routes!(invitations::invite_to_org))
        .routes(routes!(invitations::invite_to_tenant))
        .routes(routes!(invitations::invite_to_project))
        .routes(routes!(invitations::revoke))
        .routes(routes!(audit::list))
        .routes(routes!(key_requests::list))
        .routes(routes!(usage::of_key))
        .routes(routes!(usage::file_of_key))
        .routes(routes!(usage::of_app))
        .routes(routes!(usage::file_of_app))
        .routes(routes!(usage::of_project))
        .routes(routes!(usage::file_of_project))
        .routes(routes!(usage::of_org))
        .routes(routes!(usage::file_of_org))
        .routes(routes!(suggestion::of_key))
        .routes(routes!(hygiene::of_org))
        .routes(routes!(audit_proof::checkpoint))
        .routes(routes!(audit_proof::proof))
        .routes(routes!(evidence::pack))
        .routes(routes!(nodes::list))
}
