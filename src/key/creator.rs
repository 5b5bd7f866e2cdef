//! Who created a key.

use crate::id::UserId;

/// A person who created a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Creator {
    pub id: UserId,
    pub name: String,
}
