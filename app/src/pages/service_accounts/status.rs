//! How a service account is, and what it may do, in words.

use leptos::prelude::*;
use sallyport::{
    place::PlaceKind,
    service_account::{AccountRole, AccountStatus, ServiceAccount},
};

use crate::components::{Badge, Tone};

#[component]
pub(super) fn StatusBadge(status: AccountStatus) -> impl IntoView {
    let (tone, text) = match status {
        AccountStatus::Active => (Tone::Good, "Active"),
        AccountStatus::Disabled => (Tone::Neutral, "Disabled"),
        AccountStatus::NoRole => (Tone::Warning, "No role"),
        AccountStatus::Stopped => (Tone::Warning, "Place not in use"),
    };
    view! { <Badge tone text/> }
}

/// "Developer · Checkout".
pub(super) fn role(account: &ServiceAccount) -> String {
    match &account.role {
        Some(AccountRole { role, place_name, .. }) => format!("{} · {place_name}", role.title()),
        None => "None: its place was deleted".to_owned(),
    }
}

/// "Checkout (project)".
pub(super) fn place(kind: PlaceKind, name: &str) -> String {
    format!("{name} ({})", kind.noun())
}
