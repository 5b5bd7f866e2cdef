//! Ids in arguments: checked by their form, so that a name or a pasted address is noticed at once.

use sallyport::id::{AppId, ApprovalId, DeliveryId, KeyId, OrgId, ProjectId, TenantId, UserId, WebhookId};

fn looks_like(example: &str) -> String {
    format!("it should look like {example}, as its page shows it")
}

pub(super) fn org(text: &str) -> Result<OrgId, String> {
    OrgId::parse(text).ok_or_else(|| looks_like("org_focus_labs_kB8mPx"))
}

pub(super) fn tenant(text: &str) -> Result<TenantId, String> {
    TenantId::parse(text).ok_or_else(|| looks_like("ten_clinics_kB8mPx"))
}

pub(super) fn project(text: &str) -> Result<ProjectId, String> {
    ProjectId::parse(text).ok_or_else(|| looks_like("prj_website_kB8mPx"))
}

pub(super) fn app(text: &str) -> Result<AppId, String> {
    AppId::parse(text).ok_or_else(|| looks_like("app_focus_and_kB8mPx"))
}

pub(super) fn key(text: &str) -> Result<KeyId, String> {
    KeyId::parse(text).ok_or_else(|| looks_like("key_7Hq2aB3cD4eF5gH6"))
}

pub(super) fn approval(text: &str) -> Result<ApprovalId, String> {
    ApprovalId::parse(text).ok_or_else(|| looks_like("apr_5F4iGN2e1DLYq3Xw"))
}

pub(super) fn webhook(text: &str) -> Result<WebhookId, String> {
    WebhookId::parse(text).ok_or_else(|| looks_like("whk_5F4iGN2e1DLYq3Xw"))
}

pub(super) fn delivery(text: &str) -> Result<DeliveryId, String> {
    DeliveryId::parse(text).ok_or_else(|| looks_like("msg_5F4iGN2e1DLYq3Xw7Hq2"))
}

/// What the API calls a person by.
pub(super) fn is_user(text: &str) -> bool {
    UserId::parse(text).is_some()
}
