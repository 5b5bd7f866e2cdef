//! Apps, which API keys belong to.

use serde::{Deserialize, Serialize};

use crate::{
    Invalid, Timestamp,
    id::{AppId, OrgId, ProjectId, TenantId},
    key::restrictions::LimitOverride,
    service_urls::ServiceUrls,
    text,
};

/// The platform of an app.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Os {
    Android,
    Ios,
    Macos,
    Windows,
    Linux,
    #[default]
    Web,
    Backend,
}

impl Os {
    pub const ALL: [Self; 7] =
        [Self::Android, Self::Ios, Self::Macos, Self::Windows, Self::Linux, Self::Web, Self::Backend];

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|os| os.as_str() == text)
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Android => "android",
            Self::Ios => "ios",
            Self::Macos => "macos",
            Self::Windows => "windows",
            Self::Linux => "linux",
            Self::Web => "web",
            Self::Backend => "backend",
        }
    }

    pub const fn title(self) -> &'static str {
        match self {
            Self::Android => "Android",
            Self::Ios => "iOS",
            Self::Macos => "macOS",
            Self::Windows => "Windows",
            Self::Linux => "Linux",
            Self::Web => "Web",
            Self::Backend => "Backend",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct App {
    #[serde(rename = "app_id")]
    pub id: AppId,
    pub project_id: ProjectId,
    pub tenant_id: TenantId,
    pub org_id: OrgId,
    pub name: String,
    pub os: Os,
    /// Its name in an app store: an Android package or an iOS bundle id.
    pub bundle_id: Option<String>,
    pub description: String,
    pub created_at: Timestamp,
    #[serde(skip)]
    pub archived_at: Option<Timestamp>,
    /// Whether an operator has approved it to push data.
    #[serde(skip)]
    pub ingestion_verified: bool,
    /// Limits for its keys, instead of the plan's.
    #[serde(skip)]
    pub limits: LimitOverride,
}

impl App {
    /// The content of the identifiers file on its page: four names, no secret.
    pub fn identifiers(&self) -> Identifiers<'_> {
        Identifiers { org_id: &self.org_id, tenant_id: &self.tenant_id, project_id: &self.project_id, app_id: &self.id }
    }
}

impl App {
    /// The file that the app reads; without a key, there is a place for it. `services` are those of its organization.
    pub fn runtime_configuration<'a>(&'a self, key: &'a str, services: &'a ServiceUrls) -> RuntimeConfiguration<'a> {
        RuntimeConfiguration {
            app_id: &self.id,
            org_id: &self.org_id,
            app_api_key: key,
            enterprise: services,
            capability_token: None,
        }
    }
}

/// The runtime configuration.
#[derive(Clone, Copy, Serialize)]
pub struct RuntimeConfiguration<'a> {
    app_id: &'a AppId,
    org_id: &'a OrgId,
    app_api_key: &'a str,
    #[serde(skip_serializing_if = "ServiceUrls::is_empty")]
    enterprise: &'a ServiceUrls,
    #[serde(skip_serializing_if = "Option::is_none")]
    capability_token: Option<&'a str>,
}

impl<'a> RuntimeConfiguration<'a> {
    #[must_use]
    pub fn with_capability(self, token: &'a str) -> Self {
        Self { capability_token: Some(token), ..self }
    }
}

/// The identifiers JSON.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Identifiers<'a> {
    pub org_id: &'a OrgId,
    pub tenant_id: &'a TenantId,
    pub project_id: &'a ProjectId,
    pub app_id: &'a AppId,
}

/// A validated app to be created.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewApp {
    pub name: String,
    pub os: Os,
    pub bundle_id: Option<String>,
    pub description: String,
}

impl NewApp {
    pub fn check(name: &str, os: &str, bundle_id: &str, description: &str) -> Result<Self, Invalid> {
        let mut invalid = Invalid::default();
        let name = invalid.take(text::line("name", name, 100, "Give the app a name."));
        let os = invalid.take(Os::parse(os).ok_or_else(|| {
            let known = Os::ALL.map(Os::as_str).join(", ");
            Invalid::field("os", format!("Choose an operating system: {known}."))
        }));
        let bundle_id = invalid.take(check_bundle_id(bundle_id));
        let description = invalid.take(text::paragraph("description", description, 1000));
        invalid.or(Self { name, os, bundle_id, description })
    }
}

/// Android packages and bundle ids are dotted words of letters, digits, `_` and `-`.
fn check_bundle_id(text: &str) -> Result<Option<String>, Invalid> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let word = |word: &str| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
    };
    if text.len() > 155 || !text.contains('.') || !text.split('.').all(word) {
        return Err(Invalid::field("bundle_id", "Write it like com.example.focus, at most 155 characters."));
    }
    Ok(Some(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bundle_ids_are_dotted_words() {
        for good in ["com.example.focus", "com.example.my-app", "a.b_c"] {
            assert_eq!(check_bundle_id(good), Ok(Some(good.to_owned())));
        }
        for bad in ["focus", "com..focus", ".com", "com.exämple", "com.example/focus"] {
            assert!(check_bundle_id(bad).is_err(), "{bad}");
        }
        assert_eq!(check_bundle_id("  "), Ok(None));
    }

    #[test]
    fn each_wrong_field_is_named() {
        let Err(Invalid(errors)) = NewApp::check("", "amiga", "x", "") else { panic!("refused") };
        let fields: Vec<_> = errors.iter().map(|error| error.field).collect();
        assert_eq!(fields, ["name", "os", "bundle_id"]);
    }
}
