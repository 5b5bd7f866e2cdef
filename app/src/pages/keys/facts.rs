//! The properties of a key that rarely change.

use std::{sync::Arc, time::Duration};

use leptos::prelude::*;
use sallyport::{
    Timestamp,
    id::NodeId,
    key::Key,
    node::Refusal,
    profile::{HolderKind, Profile},
};

use crate::{
    components::{Card, Fact, Facts, IdChip},
    words::{Ago, Ahead},
};

/// What neither the head nor the strip says.
#[component]
pub fn KeyFacts(key: Key, profile: Arc<Profile>, now: Timestamp) -> impl IntoView {
    let signing = profile.keys.signing_secret || key.has_signing_secret;
    let imported = key.is_imported;
    let (id, signs, owned) = (key.id.to_string(), key.clone(), key.clone());
    view! {
        <Card title="Key">
            <Facts>
                <Fact label="Key ID"><IdChip id name="Copy key id"/></Fact>
                {imported.then(|| view! { <Fact label="Origin">"Imported: rotate it when you can"</Fact> })}
                <OwnerFact key=owned/>
                {signing.then(|| view! { <Fact label="Signing secret"><Signing key=signs now/></Fact> })}
                <Ended key now/>
            </Facts>
        </Card>
    }
}

/// The holder, unless it is an app, which is above the page.
#[component]
fn OwnerFact(key: Key) -> impl IntoView {
    let (label, href) = match key.owner {
        HolderKind::App => return ().into_any(),
        HolderKind::Member => ("Person", format!("/orgs/{}/members", key.org_id)),
        HolderKind::Organization => ("Organization", format!("/orgs/{}", key.org_id)),
    };
    view! { <Fact label><a href=href>{key.owner_name}</a></Fact> }.into_any()
}

/// What was found right after the revocation: that every node refuses the key, and since when each of them does.
#[component]
fn Proof(after: Duration, nodes: Vec<(NodeId, Refusal)>) -> impl IntoView {
    let count = nodes.len().max(1);
    let refuse = if count == 1 { "refuses" } else { "refuse" };
    let said = format!("{count} of {count} verifier nodes {refuse} this key, after {}", milliseconds(after));
    let each = |(id, refusal): (NodeId, Refusal)| {
        let how = match refusal {
            Refusal::Applied(after) => format!("applied after {}", milliseconds(after)),
            Refusal::Closed => "cut off and closed".to_owned(),
        };
        view! { <li><code>{id.to_string()}</code>": "{how}</li> }
    };
    let each = (count > 1).then(|| view! { <ul>{nodes.into_iter().map(each).collect_view()}</ul> });
    view! { {said}{each} }
}

fn milliseconds(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1_000.0)
}

/// Whether it can sign, and until when with two secrets.
#[component]
pub fn Signing(key: Key, now: Timestamp) -> impl IntoView {
    let before = key.signing_before_until.filter(|until| *until > now);
    let before = before.map(|until| view! { "; the previous one is accepted too, and ends "<Ahead at=until now/> });
    view! { {if key.has_signing_secret { "Yes" } else { "None" }}{before} }
}

/// When, by whom and why it was revoked.
#[component]
fn Ended(key: Key, now: Timestamp) -> impl IntoView {
    key.revoked.map(|revoked| {
        view! {
            <Fact label="Revoked">{format!("by {}, ", revoked.by)}<Ago at=revoked.at now/></Fact>
            {(!revoked.reason.is_empty()).then(|| view! { <Fact label="Reason">{revoked.reason}</Fact> })}
            {revoked.refused_after.map(|after| view! { <Fact label="Proof"><Proof after nodes=revoked.refused_by/></Fact> })}
        }
    })
}
