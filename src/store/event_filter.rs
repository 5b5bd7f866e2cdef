//! Which events are asked for.

use crate::{Timestamp, id::KeyId};

/// Which events to show. Empty words ask for nothing.
#[derive(Clone, Debug, Default)]
pub struct EventFilter {
    /// The id of a person, a root token or a key; a kind that needs none, such as `command_line`; or the name of one
    /// that acted lately, where no other has it.
    pub actor: String,
    /// What was done to this key.
    pub key: Option<KeyId>,
    pub action: String,
    /// `done` or `refused`.
    pub outcome: String,
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
    /// How many on a page, where the portal's own number won't do.
    pub limit: Option<u8>,
    /// Sequence numbers of an [`EventPage`](super::EventPage): the events before, or after.
    pub before: Option<i64>,
    pub after: Option<i64>,
    /// The last sequence number that is asked for at all, in whatever order.
    pub until: Option<i64>,
}
