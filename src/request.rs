//! The sender of a request, for verdicts, events and logs.

use std::net::IpAddr;

use crate::{
    audit::{Act, Actor},
    id::RequestId,
};

/// The sender of a request, as far as the connection shows, and the request's id.
#[derive(Clone, Debug)]
pub struct Client {
    pub ip: IpAddr,
    /// The address of the connection: the client, or the last proxy before this server.
    pub peer: IpAddr,
    /// The peer is a trusted proxy, which may forward other addresses.
    pub proxied: bool,
    pub user_agent: Option<String>,
    pub request_id: RequestId,
}

impl Client {
    pub fn address(&self) -> String {
        self.ip.to_string()
    }

    /// An act of `actor` in this request.
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
