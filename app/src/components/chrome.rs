//! The content of the sidebar and the top bar.

use sallyport::colour::Colour;

use crate::icons::Icon;

/// The person who is signed in.
#[derive(Clone, Debug, Default)]
pub struct Viewer {
    pub name: String,
    pub email: String,
    pub operator: bool,
}

/// An organization that the person can switch to.
#[derive(Clone, Debug, Default)]
pub struct OrgEntry {
    pub id: String,
    pub name: String,
    pub colour: Option<Colour>,
    /// The digest of its logo, if it has one.
    pub logo: Option<String>,
    pub role: String,
}

/// The organization that the page is in.
#[derive(Clone, Debug, Default)]
pub struct CurrentOrg {
    pub id: String,
    pub name: String,
    pub colour: Option<Colour>,
    /// The digest of its logo, if it has one.
    pub logo: Option<String>,
    pub role: String,
    pub plan: String,
    /// The sections that have something for the person.
    pub sections: Vec<Section>,
}

/// A tenant of the current organization.
#[derive(Clone, Debug, Default)]
pub struct TenantEntry {
    pub id: String,
    pub name: String,
}

/// A step of the breadcrumbs; the last one has no link.
#[derive(Clone, Debug, Default)]
pub struct Crumb {
    pub label: String,
    pub href: Option<String>,
}

impl Crumb {
    pub fn link(label: impl Into<String>, href: impl Into<String>) -> Self {
        Self { label: label.into(), href: Some(href.into()) }
    }

    pub fn here(label: impl Into<String>) -> Self {
        Self { label: label.into(), href: None }
    }
}

/// A part of an organization, as the sidebar lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    Projects,
    Keys,
    Usage,
    Hygiene,
    Expiring,
    Activity,
    Members,
    Webhooks,
    Settings,
}

impl Section {
    /// In the sidebar's order: section, label, path below the organization, icon.
    pub(crate) const ALL: &[(Section, &str, &str, Icon)] = &[
        (Section::Projects, "Projects", "", Icon::Folder),
        (Section::Keys, "API keys", "/keys", Icon::Key),
        (Section::Usage, "Usage", "/usage", Icon::Chart),
        (Section::Hygiene, "Hygiene", "/hygiene", Icon::Check),
        (Section::Expiring, "Expiring soon", "/expiring", Icon::Bell),
        (Section::Activity, "Activity", "/activity", Icon::Activity),
        (Section::Members, "Members", "/members", Icon::Users),
        (Section::Webhooks, "Webhooks", "/webhooks", Icon::Mail),
        (Section::Settings, "Settings", "/settings", Icon::Gear),
    ];
}

/// A part of the operator's console, as the sidebar lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdminSection {
    Organizations,
    Users,
    Apps,
    RootTokens,
    Usage,
    Audit,
    Mail,
    Jobs,
    Health,
}

impl AdminSection {
    /// In the sidebar's order: section, label, path, icon.
    pub(crate) const ALL: &[(AdminSection, &str, &str, Icon)] = &[
        (AdminSection::Organizations, "Organizations", "/admin/organizations", Icon::Building),
        (AdminSection::Users, "Users", "/admin/users", Icon::Users),
        (AdminSection::Apps, "Apps", "/admin/apps", Icon::App),
        (AdminSection::RootTokens, "Root tokens", "/admin/root-tokens", Icon::Token),
        (AdminSection::Usage, "Usage", "/admin/usage", Icon::Chart),
        (AdminSection::Audit, "Audit", "/admin/audit", Icon::Activity),
        (AdminSection::Mail, "Mail", "/admin/mail", Icon::Mail),
        (AdminSection::Jobs, "Jobs", "/admin/jobs", Icon::Terminal),
        (AdminSection::Health, "Health", "/admin/health", Icon::Info),
    ];
}

/// A level that is archived, with everything below it.
#[derive(Clone, Debug, Default)]
pub struct Archived {
    pub noun: &'static str,
    pub name: String,
    /// The address of the form that restores it, if the person may.
    pub restore: Option<String>,
}

/// Everything around the body of a page.
#[derive(Clone, Debug, Default)]
pub struct Chrome {
    pub viewer: Viewer,
    pub orgs: Vec<OrgEntry>,
    pub org: Option<CurrentOrg>,
    pub tenants: Vec<TenantEntry>,
    pub tenant: Option<TenantEntry>,
    pub section: Option<Section>,
    /// Set on pages of the operator's console.
    pub admin: Option<AdminSection>,
    pub crumbs: Vec<Crumb>,
    /// The archived level that this page is in.
    pub archived: Option<Archived>,
    /// Why an operator suspended the organization that this page is in.
    pub suspended: Option<String>,
    /// Path and query of this page, to return to.
    pub here: String,
}

/// Up to two initials of a name.
pub(super) fn initials(name: &str) -> String {
    let mut words = name.split_whitespace().filter_map(|word| word.chars().find(|letter| letter.is_alphanumeric()));
    let first = words.next();
    let last = words.next_back();
    first.into_iter().chain(last).flat_map(char::to_uppercase).collect()
}

#[cfg(test)]
mod tests {
    use super::initials;

    #[test]
    fn initials_of_the_first_and_last_word() {
        assert_eq!(initials("Ada Byron"), "AB");
        assert_eq!(initials("sallyport"), "S");
        assert_eq!(initials("Grace Brewster (Murray) Hopper"), "GH");
        assert_eq!(initials(" — "), "");
    }
}
