//! Filters of events.

use super::Sight;
use crate::Timestamp;

/// Which events to show. Empty fields do not filter.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EventFilter {
    /// The id of a person, a root token or a key; a kind that has no ids, such as `command_line`; or the name of a
    /// recent actor, if it is unique.
    pub actor: String,
    /// Events about what has this id: a key, an app, a person.
    pub target: String,
    /// Events that came from this address.
    pub address: String,
    pub action: String,
    /// `done` or `refused`.
    pub outcome: String,
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
    /// Events on a page, instead of the portal's default.
    pub limit: Option<u8>,
    /// Sequence numbers of an [`EventPage`](super::EventPage): the events before, or after.
    pub before: Option<i64>,
    pub after: Option<i64>,
    /// The part of the organization that the reader sees.
    pub sight: Sight,
    /// The last sequence number to include, in either order.
    pub until: Option<i64>,
}

impl EventFilter {
    /// Whether it leaves out nothing but what is newer than its end.
    pub fn is_of_all(&self) -> bool {
        *self == Self { until: self.until, sight: Sight::ALL, ..Self::default() }
    }
}
