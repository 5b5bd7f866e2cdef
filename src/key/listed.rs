//! A key as lists show it.

use crate::{
    Timestamp,
    id::{KeyId, UserId},
    key::Status,
    member::Permission,
    profile::{HolderKind, Mode, Profile},
};

/// What a list shows of a [`Key`](super::Key); half of its columns, since lists are read most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedKey {
    pub id: KeyId,
    pub owner: HolderKind,
    /// The person whose token it is.
    pub owner_id: Option<UserId>,
    /// What the app, the person or the organization is called.
    /// Empty in the list of one app, whose keys they all are.
    pub owner_name: String,
    pub label: String,
    pub environment: String,
    pub mode: Mode,
    /// Enough of it to tell it from others.
    pub shown: String,
    pub scopes: Vec<String>,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
    pub status: Status,
    /// Whatever else it is.
    pub paused: bool,
}

impl ListedKey {
    /// What somebody has to be allowed to change it.
    pub fn needs(&self, who: &UserId, profile: &Profile) -> Permission {
        super::needed(self.owner, self.owner_id.as_ref(), self.mode, &self.scopes, who, profile)
    }
}
