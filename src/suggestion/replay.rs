//! What the verifier would say of the recorded kinds of requests with another key.

use std::{net::IpAddr, sync::Arc};

use ipnet::IpNet;

use super::{KeyHistory, OTHER, UNSPECIFIED};
use crate::{
    Timestamp,
    key::{
        Addresses, Ask, Key, KeyRecord, Restrictions,
        record::{Extras, KeyEnvironment, KeyHolder},
        verdict::verdict,
    },
    plan::Plan,
    profile::Profile,
    scope::Request,
};

/// Whether a key with these scopes and addresses is accepted wherever the key itself is now. Enforced addresses are judged
/// also if they are to be monitored first.
pub(super) fn fits(
    key: &Key,
    scopes: &[String],
    addresses: Option<&Addresses>,
    history: &KeyHistory,
    profile: &Profile,
) -> bool {
    let own = &key.restrictions;
    let before = record(key, &key.scopes, own.addresses.clone(), own.addresses_enforced, profile);
    let (addresses, enforced) = match addresses {
        Some(addresses) => (addresses.clone(), true),
        None => (own.addresses.clone(), own.addresses_enforced),
    };
    let after = record(key, scopes, addresses, enforced, profile);
    let clients = clients(history);
    // The verdict does not depend on the time: the keys of a replay never end.
    let accepts = |key: &KeyRecord, ask: &Ask<'_>| verdict(ask, key, profile, Timestamp::from_seconds(0)).is_valid();
    let fits = |ask: &Ask<'_>| !accepts(&before, ask) || accepts(&after, ask);
    let named = history.accepted.keys().map(|scopes| scopes.split_whitespace().collect::<Vec<_>>());
    named.chain([Vec::new()]).all(|scopes| {
        let methods = history.methods.keys().map(|method| Some(method.as_str()).filter(|name| *name != UNSPECIFIED));
        methods.chain([None]).all(|method| {
            // What named neither is no request whose scopes can be judged.
            (scopes.is_empty() && method.is_none())
                || clients.iter().all(|ip| {
                    let request = Request::new(method, None);
                    fits(&Ask { scopes: scopes.clone(), request, ip: *ip, ..Ask::default() })
                })
        })
    })
}

/// The first and the last address of each network.
fn clients(history: &KeyHistory) -> Vec<Option<IpAddr>> {
    let mut clients = Vec::new();
    for network in history.networks.keys().take(super::addresses::MOST + 1) {
        match network.parse::<IpNet>() {
            Ok(block) => clients.extend([Some(block.network()), Some(block.broadcast())]),
            Err(_) if network == OTHER => {}
            Err(_) => clients.push(None),
        }
    }
    if clients.is_empty() {
        clients.push(None);
    }
    clients
}

/// As a verifier would have it.
fn record(key: &Key, scopes: &[String], addresses: Addresses, enforced: bool, profile: &Profile) -> KeyRecord {
    let restrictions = Restrictions { addresses, addresses_enforced: enforced, ..Restrictions::default() };
    let owner = KeyHolder { org_id: key.org_id.clone(), app: None, plan: Plan::Starter, suspended: false };
    KeyRecord {
        key_id: key.id.clone(),
        label: key.label.as_str().into(),
        owner: Arc::new(owner),
        environment: Arc::new(KeyEnvironment { name: key.environment.as_str().into(), mode: key.mode }),
        scopes: profile.set(scopes.iter().map(String::as_str)),
        expires_at: None,
        revoked: false,
        paused: false,
        secret_n: 1,
        secret_ended: false,
        extras: Extras { restrictions, ..Extras::default() }.boxed(),
    }
}
