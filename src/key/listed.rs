//! A key as lists show it.

use crate::{
    Timestamp,
    id::KeyId,
    key::Status,
    profile::{Mode, Owner},
};

/// What a list shows of a [`Key`](super::Key); half of its columns, since lists are read most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedKey {
    pub id: KeyId,
    pub owner: Owner,
    /// What the app, the person or the organization is called.
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
}
