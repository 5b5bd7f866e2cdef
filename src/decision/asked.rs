//! What was asked of a key, as it is kept: without secrets, without the query, each part short.

use std::net::IpAddr;

use crate::{
    key::{Ask, verdict::Via},
    profile::{Mode, Profile},
};

use super::plain::plain;

/// Scopes that are kept; nobody asks for more.
const MOST_SCOPES: usize = 20;
const SCOPE: usize = 64;
const METHOD: usize = 24;
const PATH: usize = 300;
/// An id, or the name of a root token.
const NAME: usize = 84;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
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
}

/// Who asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    Gateway,
    Grpc,
    /// With the name of its root token, where that is the organization's own.
    Backend(Option<Box<str>>),
}

impl Asked {
    pub(super) fn new(ask: &Ask<'_>, profile: &Profile) -> Self {
        let short = |text: &str, most| plain(text, most, profile);
        let path = ask.request.target.map(|target| target.split(['?', '#']).next().unwrap_or_default());
        Self {
            caller: match ask.via {
                Via::Gateway => Caller::Gateway,
                Via::Grpc => Caller::Grpc,
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
        }
    }

    pub(super) fn weight(&self) -> usize {
        let token = match &self.caller {
            Caller::Backend(token) => token.as_ref(),
            Caller::Gateway | Caller::Grpc => None,
        };
        let texts = [&self.method, &self.path, &self.app_id, &self.workspace].into_iter().flatten().chain(token);
        let text = |text: &str| text.len() + size_of::<Box<str>>();
        texts.chain(&self.scopes).map(|one| text(one)).sum()
    }
}
