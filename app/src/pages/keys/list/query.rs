//! What an address says of a list of keys, so that a view can be shared.

use axum::extract::Query;
use sallyport::{
    id::{TenantId, UserId},
    store::{HygieneCheck, KeyFilter, KeySort, KeyStatus, Sight},
    text,
};
use serde::Deserialize;

use super::ListSource;

/// What the URL says of the list.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ListQuery {
    include_revoked: String,
    label: String,
    environment: String,
    scope: String,
    #[serde(deserialize_with = "status")]
    pub status: Option<KeyStatus>,
    #[serde(deserialize_with = "check")]
    pub check: Option<HygieneCheck>,
    /// The page that the list is on, where it is not the list of all keys.
    #[serde(skip)]
    pub source: ListSource,
    #[serde(deserialize_with = "tenant")]
    pub tenant: Option<TenantId>,
    #[serde(deserialize_with = "person")]
    created_by: Option<UserId>,
    sort: String,
    before: Option<String>,
    after: Option<String>,
    /// `unknown` where a pasted key was not found.
    searched: String,
    /// What was just done to the keys that were selected.
    done: String,
    /// `generate` opens the side panel.
    pub panel: Option<String>,
    /// A key whose label, type and scopes the panel begins with.
    pub like: Option<String>,
    /// `1` for only what that key was used for.
    narrower: String,
}

/// An unknown one is refused: ignoring it would show more than was requested.
fn status<'de, D: serde::Deserializer<'de>>(text: D) -> Result<Option<KeyStatus>, D::Error> {
    read(text, KeyStatus::parse, "no status of a key")
}

fn check<'de, D: serde::Deserializer<'de>>(text: D) -> Result<Option<HygieneCheck>, D::Error> {
    read(text, HygieneCheck::parse, "no check of keys")
}

fn tenant<'de, D: serde::Deserializer<'de>>(text: D) -> Result<Option<TenantId>, D::Error> {
    read(text, TenantId::parse, "no id of a tenant")
}

fn person<'de, D: serde::Deserializer<'de>>(text: D) -> Result<Option<UserId>, D::Error> {
    read(text, UserId::parse, "no id of a person")
}

fn read<'de, D: serde::Deserializer<'de>, T>(
    text: D,
    parse: impl Fn(&str) -> Option<T>,
    wrong: &str,
) -> Result<Option<T>, D::Error> {
    let text = String::deserialize(text)?;
    let known = parse(&text);
    if known.is_none() && !text.is_empty() {
        return Err(serde::de::Error::custom(wrong));
    }
    Ok(known)
}

impl ListQuery {
    /// From the part of an address after `?`; none if it is not one of a list.
    pub fn parse(query: &str) -> Option<Self> {
        Some(Query::try_from_uri(&format!("/?{query}").parse().ok()?).ok()?.0)
    }

    /// Whether a filter contains a whole key or token.
    pub fn holds_secret(&self) -> bool {
        pairs(&self.filter()).any(|(_, value)| text::shown_again(value).is_empty())
    }

    /// What says which keys are listed, and how.
    pub const FILTERS: [&str; 11] = [
        "include_revoked",
        "label",
        "environment",
        "scope",
        "status",
        "check",
        "tenant",
        "created_by",
        "sort",
        "before",
        "after",
    ];

    /// The filter, of the whole organization: the page narrows it to what the person sees.
    pub fn filter(&self) -> KeyFilter {
        // Words that can't be in the database match nothing; PostgreSQL refuses some of them with an error.
        let word = |word: &str| word.replace(char::is_control, "\u{fffd}");
        KeyFilter {
            include_revoked: matches!(self.include_revoked.as_str(), "1" | "on" | "true"),
            label: word(&self.label),
            environment: word(&self.environment),
            scope: word(&self.scope),
            status: self.status,
            check: self.check,
            breaks: None,
            tenant: self.tenant.clone(),
            project: None,
            sight: Sight::ALL,
            created_by: self.created_by.clone(),
            sort: KeySort::parse(&self.sort).unwrap_or_default(),
            before: self.before.clone(),
            after: self.after.clone(),
            limit: None,
        }
    }

    /// A page, from its beginning.
    pub fn of_source(source: ListSource) -> Self {
        let (check, status) = match source {
            ListSource::All => (None, None),
            ListSource::Hygiene(check) => (Some(check), None),
            ListSource::Expiring(status) => (None, Some(status)),
        };
        Self { check, status, source, ..Self::default() }
    }

    pub fn is_narrower(&self) -> bool {
        self.narrower == "1"
    }

    pub fn is_unknown(&self) -> bool {
        self.searched == "unknown"
    }

    /// What to say of it.
    pub fn done(&self) -> Option<&'static str> {
        self.done_on(self.source)
    }

    /// The same on another page.
    pub fn done_on(&self, source: ListSource) -> Option<&'static str> {
        match self.done.as_str() {
            "paused" => {
                Some("The selected keys are paused. Requests with them are refused (403) until you resume them.")
            }
            "revoked" if source != ListSource::All || self.check.is_some() => Some("The selected keys are revoked."),
            "extended" => Some("The selected keys expire later."),
            "revoked" => Some("The selected keys are revoked. Tick Include revoked to see them."),
            _ => None,
        }
    }
}

/// A filter as the URL says it, but for the page.
pub fn pairs(filter: &KeyFilter) -> impl Iterator<Item = (&'static str, &str)> {
    let pairs = [
        ("include_revoked", if filter.include_revoked { "1" } else { "" }),
        ("label", filter.label.as_str()),
        ("environment", &filter.environment),
        ("scope", &filter.scope),
        ("status", filter.status.map_or("", KeyStatus::as_str)),
        ("check", filter.check.map_or("", HygieneCheck::as_str)),
        ("tenant", filter.tenant.as_ref().map_or("", TenantId::as_str)),
        ("created_by", filter.created_by.as_ref().map_or("", UserId::as_str)),
        ("sort", if filter.sort == KeySort::default() { "" } else { filter.sort.as_str() }),
    ];
    pairs.into_iter().filter(|(_, value)| !value.is_empty())
}

/// The filter as the part of an address after `?`, but for the page.
pub fn query_of(filter: &KeyFilter) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs(filter)).finish()
}
