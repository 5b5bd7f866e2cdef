//! Levels of the places that addresses and acts name.

use sallyport::place::PlaceKind;

use super::rules::ActRule;

/// The level of the place that the first id in a template names: keys and their requests are seen with their app.
pub fn level(template: &str) -> PlaceKind {
    let named = template.split('{').nth(1).and_then(|rest| rest.split('}').next());
    match named {
        // That of the world is to the organization.
        Some("org_id" | "invitation_id" | "approval_id" | "webhook_id" | "delivery_id") | None => PlaceKind::Org,
        Some("service_account_id" | "service_token_id") => PlaceKind::Org,
        Some("tenant_id") => PlaceKind::Tenant,
        Some("project_id") => PlaceKind::Project,
        Some(_) => PlaceKind::App,
    }
}

impl ActRule {
    /// The level of its place.
    pub fn level(&self) -> PlaceKind {
        self.form.iter().find(|(_, value)| value.contains('{')).map_or(PlaceKind::Org, |(_, value)| level(value))
    }
}
