//! The file format of a profile: names and types are checked here, values in `check`.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::{HolderKind, HowMany, Mode, RotationKind};
use crate::{key_policy::KeyPolicy, plan::Plan};

/// A text with its position.
pub(super) type Text = Spanned<String>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub name: Text,
    pub brand: BrandEntry,
    pub credentials: Spanned<CredentialsEntry>,
    #[serde(default)]
    pub keys: KeysEntry,
    #[serde(default)]
    pub rotation: RotationEntry,
    #[serde(default)]
    pub capabilities: CapabilitiesEntry,
    pub key_policy: Option<Spanned<KeyPolicy>>,
    pub environments: Vec<Spanned<EnvironmentEntry>>,
    #[serde(default)]
    pub scopes: Vec<ScopeEntry>,
    #[serde(default)]
    pub bundles: Vec<BundleEntry>,
    #[serde(default)]
    pub plans: BTreeMap<Plan, PlanEntry>,
    #[serde(default)]
    pub limits: LimitsEntry,
    pub signatures: Option<SignaturesEntry>,
    #[serde(default)]
    pub webhooks: WebhooksEntry,
    #[serde(default)]
    pub runtime: RuntimeEntry,
    #[serde(default)]
    pub errors: ErrorsEntry,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BrandEntry {
    pub name: Text,
    pub docs_url: Option<Text>,
    pub accent: Option<Text>,
    pub logo: Option<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CredentialsEntry {
    #[serde(default)]
    pub headers: Vec<Text>,
    #[serde(default)]
    pub bearer: bool,
    pub query: Option<Text>,
    pub workspace_header: Option<Text>,
    #[serde(default)]
    pub https_only: bool,
    #[serde(default)]
    pub pass_options: bool,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeysEntry {
    #[serde(default)]
    pub owner: HolderKind,
    pub scopes: Option<Spanned<HowMany>>,
    #[serde(default)]
    pub signing_secret: bool,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuntimeEntry {
    pub file_name: Option<Text>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RotationEntry {
    pub kind: Option<Spanned<RotationKind>>,
    pub grace_seconds: Option<Spanned<u32>>,
    pub longest_grace_seconds: Option<Spanned<u32>>,
    pub by_itself: Option<Spanned<bool>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CapabilitiesEntry {
    #[serde(default)]
    pub modules: Vec<Text>,
    #[serde(default)]
    pub channels: Vec<Text>,
    pub lifetime_seconds: Option<Spanned<u32>>,
    pub longest_lifetime_seconds: Option<Spanned<u32>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EnvironmentEntry {
    pub name: Text,
    pub title: Text,
    pub mode: Mode,
    pub prefix: Text,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ScopeEntry {
    pub name: Text,
    pub title: Text,
    pub description: Option<Text>,
    #[serde(default)]
    pub methods: Vec<Text>,
    #[serde(default)]
    pub paths: Vec<Text>,
    #[serde(default)]
    pub implies: Vec<Text>,
    pub manages: Option<Spanned<bool>>,
    pub mint_capabilities: Option<Spanned<bool>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BundleEntry {
    pub name: Text,
    pub title: Text,
    pub description: Option<Text>,
    pub scopes: Spanned<Vec<Text>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlanEntry {
    pub per_minute: Option<Spanned<u32>>,
    pub per_day: Option<Spanned<u32>>,
    #[serde(default)]
    pub classes: BTreeMap<String, Spanned<u32>>,
    #[serde(default)]
    pub paths: Vec<PathEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PathEntry {
    pub pattern: Text,
    pub per_minute: Spanned<u32>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LimitsEntry {
    pub limit: Option<Text>,
    pub remaining: Option<Text>,
    pub reset: Option<Text>,
    pub retry_after: Option<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SignaturesEntry {
    pub signature: Text,
    pub timestamp: Text,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WebhooksEntry {
    pub signature: Option<Text>,
    pub prefix: Option<Text>,
    pub timestamp: Option<Text>,
    pub sequence: Option<Text>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ErrorsEntry {
    pub content_type: Option<Text>,
    pub template: Option<Text>,
    pub doc_url: Option<Text>,
    #[serde(default)]
    pub messages: BTreeMap<String, Text>,
    #[serde(default)]
    pub unauthorized: ClassEntry,
    #[serde(default)]
    pub forbidden: ClassEntry,
    #[serde(default)]
    pub rate_limited: ClassEntry,
    #[serde(default)]
    pub bad_request: ClassEntry,
    #[serde(default)]
    pub unavailable: ClassEntry,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClassEntry {
    pub template: Option<Text>,
    pub code: Option<Text>,
    pub message: Option<Text>,
    pub doc_url: Option<Text>,
}
