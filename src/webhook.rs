//! Webhooks: endpoints of an organization that are told what happens, by signed requests (Standard Webhooks 1.0).
//!
//! The audit event is the outbox: `store::webhooks` turns events into deliveries, and the server sends these.

pub mod address;
pub mod change;
pub mod delivery;
pub mod event_types;
pub mod schedule;
pub mod schema;
pub mod signing;
pub mod target;

use std::time::Duration;

pub use change::{NewWebhook, WebhookChange, WebhookInput};
pub use delivery::{Attempt, Delivery, DeliveryStatus, LeasedDelivery};
pub use event_types::EventTypes;
pub use signing::WebhookSecret;
pub use target::{AllowedTargets, Target};

use crate::{
    Invalid, Timestamp,
    id::{OrgId, WebhookId},
};

/// The most endpoints of an organization.
pub const MOST: i64 = 20;

/// The longest time for which an old secret signs beside a new one.
pub const LONGEST_GRACE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// An endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    pub id: WebhookId,
    pub org_id: OrgId,
    pub url: String,
    pub environment: String,
    pub events: EventTypes,
    pub description: String,
    pub active: bool,
    /// Why the portal stopped it.
    pub stopped: Option<Stopped>,
    /// Nothing is sent without a secret.
    pub has_secret: bool,
    /// How many secrets it had.
    pub secret_n: i64,
    /// Until when the secret before signs, too.
    pub previous_until: Option<Timestamp>,
    /// Since when every attempt failed.
    pub failing_since: Option<Timestamp>,
    pub created_at: Timestamp,
}

impl Webhook {
    /// The host of its address: the rest may contain a secret.
    pub fn host(&self) -> String {
        target::host_of(&self.url)
    }
}

/// Why the portal stopped an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// It answered 410.
    Gone,
    /// Every attempt failed for days.
    Failing,
}

impl Stopped {
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Gone, Self::Failing].into_iter().find(|stopped| stopped.as_str() == word)
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Failing => "failing",
        }
    }
}

/// For how long the old secret signs beside the new one.
pub fn check_grace(seconds: u64) -> Result<Duration, Invalid> {
    let grace = Duration::from_secs(seconds);
    if grace <= LONGEST_GRACE {
        return Ok(grace);
    }
    Err(Invalid::field("grace_seconds", "Use 0 to 2592000 seconds (30 days)."))
}
