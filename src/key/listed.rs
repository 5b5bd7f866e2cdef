//! A row of a list of keys.

use crate::{
    Timestamp,
    id::{KeyId, UserId},
    key::{Creator, Status},
    member::Permission,
    profile::{HolderKind, Mode, Profile},
};

/// The days of which a list shows the requests.
pub const DAYS: usize = 7;

/// The part of a [`Key`](super::Key) that lists show: half of its columns, because lists are read most often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedKey {
    pub id: KeyId,
    pub owner: HolderKind,
    /// The person whose personal token it is.
    pub owner_id: Option<UserId>,
    /// The name of the app, person or organization. Empty in the list of a single app.
    pub owner_name: String,
    pub label: String,
    pub environment: String,
    pub mode: Mode,
    /// The shortened secret, enough to recognize it.
    pub shown: String,
    /// Whether its secret was made elsewhere.
    pub is_imported: bool,
    pub scopes: Vec<String>,
    pub created_at: Timestamp,
    /// None if a program created it.
    pub created_by: Option<Creator>,
    pub expires_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
    /// The requests of each of the last days (UTC), today's last, if it was used in these.
    pub days: Option<[u64; DAYS]>,
    /// Until when its previous secret is accepted, if it still is.
    pub rotating_until: Option<Timestamp>,
    /// When its secret is, or was, due to be replaced by the organization's rules.
    pub rotation_due_at: Option<Timestamp>,
    /// When it is paused by the organization's rules, unless it is used.
    pub paused_from: Option<Timestamp>,
    pub status: Status,
    /// Even if another status takes precedence.
    pub paused: bool,
}

impl ListedKey {
    /// The permission needed to change it.
    pub fn needs(&self, who: &UserId, profile: &Profile) -> Permission {
        super::needed(self.owner, self.owner_id.as_ref(), self.mode, &self.scopes, who, profile)
    }
}
