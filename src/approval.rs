//! Keys, and changes of keys, that wait for the approval of another person.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    Invalid, Timestamp,
    audit::Actor,
    id::{AppId, ApprovalId, KeyId, OrgId, UserId},
    key::{
        Addresses, ExpiryInput, KeyChange, KeySettings, NewKey,
        new::{KeyInput, check_scopes},
    },
    profile::Profile,
    text,
};

/// How long a request waits for a decision.
pub const DECIDED_WITHIN: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How long an approved one waits to be claimed.
pub const CLAIMED_WITHIN: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// The most of an app, a person or an organization that wait at once.
pub const MOST_OPEN: i64 = 20;

/// The most of them that are asked for in a day, since people are told of each by mail.
pub const MOST_IN_A_DAY: i64 = 100;

/// What came of a wish: it was done, or waits for an approval.
#[derive(Debug)]
pub enum Asked<T> {
    Done(T),
    Waits(ApprovalId),
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    pub id: ApprovalId,
    pub org_id: OrgId,
    pub app_id: Option<AppId>,
    /// The name of the app, person or organization.
    pub owner_name: String,
    pub owner_id: Option<UserId>,
    /// The key to change, or the one that was made.
    pub key_id: Option<KeyId>,
    pub label: String,
    pub environment: String,
    pub wish: Wish,
    pub asked_by: Asker,
    pub asked_by_name: String,
    /// The person behind it, who does not decide.
    pub person_id: Option<String>,
    pub asked_at: Timestamp,
    pub expires_at: Timestamp,
    pub decision: Option<Decision>,
    pub withdrawn_at: Option<Timestamp>,
    pub claimed_at: Option<Timestamp>,
}

/// Who asked or decided: an actor without its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asker {
    pub kind: String,
    pub id: String,
}

impl Asker {
    pub fn is(&self, actor: &Actor) -> bool {
        self.kind == actor.kind() && self.id == actor.id()
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    pub approved: bool,
    pub at: Timestamp,
    pub by: Asker,
    /// Its name; empty if it is gone.
    pub by_name: String,
    pub reason: String,
}

/// How far a request is. It expires by the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApprovalStatus {
    Waiting,
    Approved,
    Refused,
    Withdrawn,
    Claimed,
    Expired,
}

impl ApprovalStatus {
    pub const ALL: [Self; 6] =
        [Self::Waiting, Self::Approved, Self::Refused, Self::Withdrawn, Self::Claimed, Self::Expired];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting_for_approval",
            Self::Approved => "approved",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
            Self::Claimed => "claimed",
            Self::Expired => "expired",
        }
    }

    pub const fn title(self) -> &'static str {
        match self {
            Self::Waiting => "Waiting for approval",
            Self::Approved => "Approved",
            Self::Refused => "Refused",
            Self::Withdrawn => "Withdrawn",
            Self::Claimed => "Claimed",
            Self::Expired => "Expired",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

impl Approval {
    pub fn status(&self, now: Timestamp) -> ApprovalStatus {
        match &self.decision {
            _ if self.claimed_at.is_some() => ApprovalStatus::Claimed,
            _ if self.withdrawn_at.is_some() => ApprovalStatus::Withdrawn,
            Some(Decision { approved: false, .. }) => ApprovalStatus::Refused,
            _ if self.expires_at <= now => ApprovalStatus::Expired,
            Some(_) => ApprovalStatus::Approved,
            None => ApprovalStatus::Waiting,
        }
    }

    /// Whether that actor, or the person behind it, asked.
    pub fn is_of(&self, actor: &Actor, person: Option<&str>) -> bool {
        self.asked_by.is(actor) || (person.is_some() && self.person_id.as_deref() == person)
    }
}

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Wish {
    Key(WishedKey),
    Change(WishedChange),
}

impl Wish {
    /// Its name in JSON.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Key(_) => "key",
            Self::Change(_) => "change",
        }
    }

    /// The scopes of the key as it would be, if they are asked for.
    pub fn scopes(&self) -> Option<&[String]> {
        match self {
            Self::Key(key) => Some(&key.scopes),
            Self::Change(change) => change.scopes.as_deref(),
        }
    }

    /// The scopes of the key as it would be.
    pub fn scopes_then(&self) -> &[String] {
        match self {
            Self::Key(key) => &key.scopes,
            Self::Change(change) => change.scopes.as_ref().unwrap_or(&change.before.scopes),
        }
    }

    /// Its expiry, if that is asked for.
    pub fn expires_at(&self) -> Option<Option<Timestamp>> {
        match self {
            Self::Key(key) => Some(key.expires_at.map(Timestamp::from_micros)),
            Self::Change(change) => change.expires_at.map(WishedExpiry::at),
        }
    }

    /// Everything that is asked for, by the names of `/v1`; of a change, what it is `from` and `to`.
    pub fn asked(&self) -> Value {
        let at = |at: Option<i64>| json!(at.map(Timestamp::from_micros));
        let list = |addresses: &str| json!(addresses.split_whitespace().collect::<Vec<_>>());
        match self {
            Self::Key(key) => json!({
                "scopes": key.scopes,
                "expires_at": at(key.expires_at),
                "metadata": serde_json::from_str::<Value>(&key.metadata).unwrap_or_default(),
                "signing_secret": key.signing_secret,
                "addresses": list(&key.addresses),
                "addresses_enforced": key.addresses_enforced,
            }),
            Self::Change(change) => {
                let before = &change.before;
                let changed = [
                    ("scopes", json!(before.scopes), change.scopes.as_ref().map(|to| json!(to))),
                    ("expires_at", at(before.expires_at.at), change.expires_at.map(|to| at(to.at))),
                    ("addresses", list(&before.addresses), change.addresses.as_deref().map(list)),
                    (
                        "addresses_enforced",
                        json!(before.addresses_enforced),
                        change.addresses_enforced.map(Value::from),
                    ),
                    ("require_signed", json!(before.require_signed), change.require_signed.map(Value::from)),
                ];
                let changed = changed
                    .into_iter()
                    .filter_map(|(name, from, to)| to.map(|to| (name.to_owned(), json!({ "from": from, "to": to }))));
                Value::Object(changed.collect())
            }
        }
    }

    /// Its addresses, if they are asked for.
    pub fn addresses(&self) -> Option<&str> {
        match self {
            Self::Key(key) => Some(&key.addresses),
            Self::Change(change) => change.addresses.as_deref(),
        }
    }
}

/// A key to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WishedKey {
    label: String,
    environment: String,
    scopes: Vec<String>,
    /// In microseconds since 1970.
    expires_at: Option<i64>,
    metadata: String,
    signing_secret: bool,
    addresses: String,
    addresses_enforced: bool,
}

impl From<&NewKey> for WishedKey {
    fn from(new: &NewKey) -> Self {
        Self {
            label: new.label.clone(),
            environment: new.environment.name.clone(),
            scopes: new.scopes.clone(),
            expires_at: new.expires_at.map(Timestamp::micros),
            metadata: new.metadata.to_string(),
            signing_secret: new.signing_secret,
            addresses: new.addresses.to_string(),
            addresses_enforced: new.addresses_enforced,
        }
    }
}

impl WishedKey {
    /// Where it would be used, for people.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Checked again: the profile may have changed, and its expiry may be near.
    pub fn check(&self, profile: &Profile, now: Timestamp) -> Result<NewKey, Invalid> {
        let expires_at = self.expires_at.map(|at| Timestamp::from_micros(at).to_rfc3339());
        let input = KeyInput {
            label: &self.label,
            environment: &self.environment,
            scopes: self.scopes.iter().map(String::as_str).collect(),
            expires: expires_at.as_deref().map_or(ExpiryInput::Never, ExpiryInput::Moment),
            metadata: &self.metadata,
            signing_secret: self.signing_secret,
            addresses: &self.addresses,
            addresses_enforced: self.addresses_enforced,
        };
        NewKey::check(&input, profile, now)
    }
}

/// An expiry, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct WishedExpiry {
    /// In microseconds since 1970.
    at: Option<i64>,
}

impl WishedExpiry {
    fn at(self) -> Option<Timestamp> {
        self.at.map(Timestamp::from_micros)
    }
}

/// What a key had when a change of it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct AskedOn {
    scopes: Vec<String>,
    expires_at: WishedExpiry,
    addresses: String,
    addresses_enforced: bool,
    require_signed: bool,
}

impl From<&KeySettings> for AskedOn {
    fn from(settings: &KeySettings) -> Self {
        let own = &settings.restrictions;
        Self {
            scopes: settings.scopes.clone(),
            expires_at: WishedExpiry { at: settings.expires_at.map(Timestamp::micros) },
            addresses: own.addresses.to_string(),
            addresses_enforced: own.addresses_enforced,
            require_signed: own.require_signed,
        }
    }
}

/// What a key would have instead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WishedChange {
    before: AskedOn,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scopes: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<WishedExpiry>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    addresses: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    addresses_enforced: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub require_signed: Option<bool>,
}

impl WishedChange {
    /// What differs. Fails if anything else is changed with it, which would have to wait too.
    pub fn of(before: &KeySettings, after: &KeySettings) -> Result<Self, Invalid> {
        let (own, old) = (&after.restrictions, &before.restrictions);
        let mut invalid = Invalid::default();
        for (field, differs) in [
            ("label", before.label != after.label),
            ("metadata", before.metadata != after.metadata),
            ("limit_per_minute", old.limits.per_minute != own.limits.per_minute),
            ("limit_per_day", old.limits.per_day != own.limits.per_day),
            ("paused", before.paused != after.paused),
        ] {
            if differs {
                invalid.push(field, "Change this by itself: the rest waits for an approval.");
            }
        }
        invalid.or(Self {
            before: AskedOn::from(before),
            scopes: (before.scopes != after.scopes).then(|| after.scopes.clone()),
            expires_at: (before.expires_at != after.expires_at)
                .then(|| WishedExpiry { at: after.expires_at.map(Timestamp::micros) }),
            addresses: (old.addresses != own.addresses).then(|| own.addresses.to_string()),
            addresses_enforced: (old.addresses_enforced != own.addresses_enforced).then_some(own.addresses_enforced),
            require_signed: (old.require_signed != own.require_signed).then_some(own.require_signed),
        })
    }

    /// Whether a key has still what it had when this was asked for: who approved it saw that, and nothing else.
    pub fn is_asked_on(&self, settings: &KeySettings) -> bool {
        self.before == AskedOn::from(settings)
    }

    /// Checked again: the profile may have changed.
    pub fn change(&self, profile: &Profile) -> Result<KeyChange, Invalid> {
        let names =
            |scopes: &Vec<String>| check_scopes(&scopes.iter().map(String::as_str).collect::<Vec<_>>(), profile);
        Ok(KeyChange {
            scopes: self.scopes.as_ref().map(names).transpose()?,
            expires_at: self.expires_at.map(WishedExpiry::at),
            addresses: self.addresses.as_deref().map(Addresses::check).transpose()?,
            addresses_enforced: self.addresses_enforced,
            require_signed: self.require_signed,
            ..KeyChange::default()
        })
    }
}

/// The reason of a refusal, which whoever asked reads.
pub fn check_reason(text: &str) -> Result<String, Invalid> {
    text::line("reason", text, 200, "Say why, so that they know what to ask for instead.")
}
