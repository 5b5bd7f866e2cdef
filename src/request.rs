//! Who sent a request: what verdicts, events and logs tell of it.

use std::net::IpAddr;

use crate::{
    audit::{Act, Actor},
    id::RequestId,
};

/// Who sent a request, as far as the connection shows, and how the request is named.
#[derive(Clone, Debug)]
pub struct Client {
    pub ip: IpAddr,
    /// The other end of the connection is a trusted proxy, which may speak for others.
    pub proxied: bool,
    pub user_agent: Option<String>,
    pub request_id: RequestId,
}

impl Client {
    pub fn address(&self) -> String {
        self.ip.to_string()
    }

    /// What `actor` does in this request.
    pub fn act(&self, actor: Actor) -> Act {
        Act {
            actor,
            address: Some(self.address()),
            user_agent: self.user_agent.clone(),
            request_id: Some(self.request_id.clone()),
            once: None,
        }
    }
}
