//! The page that a list of keys is on, which what is done to selected keys leads back to.

use sallyport::{
    id::OrgId,
    store::{HygieneCheck, KeyStatus},
};

use crate::{error::PageError, form::FormState};

/// A page with a list of keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ListSource {
    /// All keys of an app or an organization.
    #[default]
    All,
    /// Those that a check finds.
    Hygiene(HygieneCheck),
    /// Those of which something is due.
    Expiring(KeyStatus),
}

impl ListSource {
    /// What is due, in the order of the page.
    pub const EXPIRING: [KeyStatus; 4] =
        [KeyStatus::Expiring, KeyStatus::ExpiringLater, KeyStatus::RotationDue, KeyStatus::PausedSoon];

    /// From the field of a form.
    pub fn of(form: &FormState) -> Result<Self, PageError> {
        let (check, expiring) = (form.value("check"), form.value("expiring"));
        match (check.as_str(), expiring.as_str()) {
            ("", "") => Ok(Self::All),
            ("", word) => Self::expiring(word).ok_or(PageError::NotFound),
            (word, _) => HygieneCheck::parse(word).map(Self::Hygiene).ok_or(PageError::NotFound),
        }
    }

    fn expiring(word: &str) -> Option<Self> {
        KeyStatus::parse(word).filter(|status| Self::EXPIRING.contains(status)).map(Self::Expiring)
    }

    /// The field of a form that says it.
    pub const fn field(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::All => None,
            Self::Hygiene(check) => Some(("check", check.as_str())),
            Self::Expiring(status) => Some(("expiring", status.as_str())),
        }
    }

    /// The address of the page of an organization; `None` for the list itself.
    pub fn path(self, org: &OrgId) -> Option<String> {
        match self {
            Self::All => None,
            Self::Hygiene(check) => Some(format!("/orgs/{org}/hygiene?check={}", check.as_str())),
            Self::Expiring(status) => Some(format!("/orgs/{org}/expiring?status={}", status.as_str())),
        }
    }
}
