//! What is sent to an endpoint, and how that went.

use std::time::Duration;

use serde_json::json;

use crate::{
    Timestamp,
    audit::Event,
    id::{DeliveryId, OrgId, WebhookId},
    profile::Profile,
};

use super::{WebhookSecret, event_types::TEST};

/// How far a delivery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryStatus {
    /// It is sent, or tried again later.
    Pending,
    Delivered,
    /// It was tried for days, and is not tried again.
    Failed,
}

impl DeliveryStatus {
    pub const ALL: [Self; 3] = [Self::Pending, Self::Delivered, Self::Failed];

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }

    pub const fn title(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Delivered => "Delivered",
            Self::Failed => "Failed",
        }
    }
}

/// A delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    pub id: DeliveryId,
    pub webhook_id: WebhookId,
    pub org_id: OrgId,
    pub seq: i64,
    pub event: String,
    pub body: String,
    pub created_at: Timestamp,
    pub status: DeliveryStatus,
    pub attempts: i64,
    pub next_at: Option<Timestamp>,
    /// The last attempt: when, how long it took, and what was answered.
    pub tried_at: Option<Timestamp>,
    pub duration_ms: Option<i64>,
    pub code: Option<i64>,
    pub response: Option<String>,
    pub error: Option<String>,
}

/// A delivery that this process sends now.
#[derive(Clone, Debug)]
pub struct LeasedDelivery {
    pub id: DeliveryId,
    pub webhook_id: WebhookId,
    pub seq: i64,
    pub url: String,
    pub body: String,
    /// Those that sign, the newest first.
    pub secrets: Vec<WebhookSecret>,
    /// Including this one.
    pub attempts: i64,
}

/// How an attempt went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attempt {
    pub duration: Duration,
    /// The status of the response; `None` if there was none.
    pub code: Option<u16>,
    /// The beginning of the response, if it may be kept.
    pub response: Option<String>,
    pub error: Option<String>,
}

impl Attempt {
    /// Only 2xx says that it was taken; redirects are not followed.
    pub fn is_delivered(&self) -> bool {
        self.code.is_some_and(|code| (200..300).contains(&code))
    }

    /// The receiver wants nothing more.
    pub fn is_gone(&self) -> bool {
        self.code == Some(410)
    }
}

/// The environment of an event about a key; `None` if it concerns all of them. `of_key` is that of the key, if it exists.
pub fn environment_of(event: &Event, of_key: Option<String>, profile: &Profile) -> Option<String> {
    let said = || {
        let details: serde_json::Value = serde_json::from_str(&event.details).ok()?;
        details["environment"].as_str().map(str::to_owned)
    };
    of_key.or_else(said).filter(|name| profile.environment(name).is_some())
}

/// The body about an event: ids, and neither names nor secrets. More is read from the API.
pub fn body(name: &str, event: &Event, environment: Option<&str>, seq: i64) -> String {
    json!({
        "type": name,
        "timestamp": event.at,
        "data": {
            "sequence": seq,
            "org_id": event.chain,
            "environment": environment,
            "event_seq": event.seq,
            "action": event.action,
            "outcome": if event.outcome.code() == 0 { "done" } else { "refused" },
            "actor_kind": event.actor_kind,
            "actor_id": event.actor_id,
            "target_kind": event.target_kind,
            "target_id": event.target_id,
            "app_id": event.app_id,
        },
    })
    .to_string()
}

/// The body of a test event.
pub fn test_body(org: &OrgId, environment: &str, seq: i64, at: Timestamp) -> String {
    let data = json!({ "sequence": seq, "org_id": org, "environment": environment });
    json!({ "type": TEST, "timestamp": at, "data": data }).to_string()
}
