//! The recorded request of a decision: without secrets, without the query, each part short.

use std::net::IpAddr;

use sha2::{Digest, Sha256};

use crate::{
    Timestamp,
    key::{Ask, verdict::Via},
    profile::{Mode, Profile},
    signature::{Checked, Signed},
};

use super::sanitized::sanitized;

/// Scopes that are kept; no request needs more.
const MOST_SCOPES: usize = 20;
const SCOPE: usize = 64;
const METHOD: usize = 24;
const PATH: usize = 300;
/// The maximum length of an id or of a root token's name.
const NAME: usize = 84;
const TIMESTAMP: usize = 24;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestRecord {
    pub caller: Caller,
    pub scopes: Box<[Box<str>]>,
    pub method: Option<Box<str>>,
    /// Without its query.
    pub path: Option<Box<str>>,
    /// Servers may read the path in different ways, so no scope allows it.
    pub path_is_unclear: bool,
    pub mode: Option<Mode>,
    pub app_id: Option<Box<str>>,
    pub workspace: Option<Box<str>>,
    pub ingestion: bool,
    pub ip: Option<IpAddr>,
    pub cost: u32,
    pub signed: Option<SignedText>,
}

/// The signed parts, without the body, which is the caller's data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedText {
    pub timestamp: Box<str>,
    pub body_bytes: usize,
    pub body_sha256: [u8; 32],
    /// The result without the secret: never valid here, only wrong with a valid timestamp, out of time, or malformed.
    pub checked: Checked,
}

impl SignedText {
    pub fn new(signed: &Signed<'_>, profile: &Profile, at: Timestamp) -> Self {
        Self {
            timestamp: sanitized(signed.timestamp, TIMESTAMP, profile),
            body_bytes: signed.body.len(),
            body_sha256: Sha256::digest(signed.body).into(),
            checked: signed.check([], at),
        }
    }

    /// By how many seconds the signer's clock is ahead of ours, if its timestamp is readable.
    pub fn ahead(&self) -> Option<i64> {
        match self.checked {
            Checked::Wrong { ahead } | Checked::OutOfTime { ahead } => Some(ahead),
            Checked::Good(_) | Checked::Malformed(_) => None,
        }
    }
}

/// The caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    Gateway,
    /// With the name of its root token, if that belongs to the organization.
    Backend(Option<Box<str>>),
}

impl RequestRecord {
    pub(crate) fn new(ask: &Ask<'_>, profile: &Profile, at: Timestamp) -> Self {
        let short = |text: &str, most| sanitized(text, most, profile);
        let path = ask.request.target.map(|target| target.split(['?', '#']).next().unwrap_or_default());
        Self {
            caller: match ask.via {
                Via::Gateway => Caller::Gateway,
                Via::Backend { token } => Caller::Backend(token.map(|name| short(name, NAME))),
            },
            scopes: ask.scopes.iter().take(MOST_SCOPES).map(|scope| short(scope, SCOPE)).collect(),
            method: ask.request.method.map(|method| short(method, METHOD)),
            path: path.map(|path| short(path, PATH)),
            path_is_unclear: matches!(ask.request.path, Some(None)),
            mode: ask.mode,
            app_id: ask.app_id.map(|app| short(app, NAME)),
            workspace: ask.workspace.map(|org| short(org, NAME)),
            ingestion: ask.ingestion,
            ip: ask.ip.map(|ip| ip.to_canonical()),
            cost: ask.cost,
            signed: ask.signed.as_ref().map(|signed| SignedText::new(signed, profile, at)),
        }
    }

    pub(super) fn weight(&self) -> usize {
        let token = match &self.caller {
            Caller::Backend(token) => token.as_ref(),
            Caller::Gateway => None,
        };
        let texts = [&self.method, &self.path, &self.app_id, &self.workspace].into_iter().flatten().chain(token);
        let text = |text: &str| text.len() + size_of::<Box<str>>();
        texts.chain(&self.scopes).map(|one| text(one)).sum()
    }
}
