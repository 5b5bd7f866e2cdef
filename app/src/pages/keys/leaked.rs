//! On every page of a key that was reported as leaked: what is known, and the way out.

use leptos::prelude::*;
use sallyport::{
    Timestamp,
    id::KeyId,
    key::{Key, Status},
    leak::KeyLeak,
};

use crate::{
    access::KeyAccess,
    context::Context,
    error::PageError,
    words::{Ago, count},
};

/// Networks that are named.
const NAMED: u32 = 5;

/// What the notice says.
#[derive(Clone)]
pub struct Leaked {
    leak: KeyLeak,
    key: KeyId,
    now_it: &'static str,
    /// Where the person goes from here: the text of the link, and its address.
    way_out: Option<(&'static str, String)>,
    /// What came with it since then.
    used: String,
}

impl Leaked {
    /// `None` if it did not leak, or not with a secret that is accepted.
    pub async fn of(context: &Context, access: &KeyAccess, another: &str) -> Result<Option<Self>, PageError> {
        let (store, key): (_, &Key) = (&context.store, &access.key);
        let Some(leak) = store.key_leak(key).await? else { return Ok(None) };
        let networks = store.networks_since(&key.id, leak.reported_at, NAMED).await?;
        let status = key.status(store.now());
        let paused = key.paused.as_ref().is_some_and(|pause| pause.for_leak);
        let rotate = format!("/keys/{}/rotate", key.id);
        let (now_it, way_out) = match status {
            Status::Revoked => ("It is revoked.", ("Generate like this one", another.to_owned())),
            Status::Expired => ("It has expired.", ("Generate like this one", another.to_owned())),
            _ if paused => (
                "It is paused until an owner or admin resumes it. Rotate it first: the new secret is another.",
                ("Rotate it", rotate),
            ),
            _ => ("It still works for whoever has it.", ("Rotate it", rotate)),
        };
        Ok(Some(Self {
            leak,
            key: key.id.clone(),
            now_it,
            way_out: access.may_change().then_some(way_out),
            used: used(&networks),
        }))
    }
}

/// "Since then 12 requests came from 203.0.113.0/24."
fn used(networks: &[(String, u64)]) -> String {
    if networks.is_empty() {
        return "No request with it was counted since then.".to_owned();
    }
    let total: u64 = networks.iter().map(|(_, requests)| requests).sum();
    let names: Vec<_> = networks.iter().map(|(network, _)| network.as_str()).collect();
    let verb = if total == 1 { "was" } else { "were" };
    format!("Since then {} with it {verb} counted, from {}.", count(total, "request"), names.join(", "))
}

#[component]
pub fn LeakedNotice(leaked: Leaked, now: Timestamp) -> impl IntoView {
    let Leaked { leak, key, now_it, way_out, used } = leaked;
    let by = if leak.by_partner { "A partner that scans for secrets" } else { "Someone who has the whole key" };
    let reported = format!("{by} reported ");
    let said = format!("{now_it} {used}");
    let requests = format!("/keys/{key}/activity/requests");
    view! {
        <div class="notice danger" role="status">
            <p>
                <b>"This key leaked. "</b>{reported}<code>{leak.shown}</code>" "<Ago at=leak.reported_at now/>"."
                {(!leak.place.is_empty()).then(|| view! { " Found at: "<code>{leak.place}</code> })}
            </p>
            <p>
                {said}" "
                {way_out.map(|(text, href)| view! { <a class="link" href=href>{text}</a>" · " })}
                <a class="link" href=requests>"See its requests"</a>
            </p>
        </div>
    }
}
