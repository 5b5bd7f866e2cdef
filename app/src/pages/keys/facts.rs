//! The properties of a key that rarely change.

use std::{sync::Arc, time::Duration};

use leptos::prelude::*;
use sallyport::{
    Timestamp,
    key::Key,
    profile::{HolderKind, Profile},
};

use super::row::{environment_title, environment_tone};
use crate::{
    components::{Badge, Card, Chip, Fact, Facts, IdChip},
    words::{Ago, Ahead},
};

#[component]
pub fn KeyFacts(key: Key, profile: Arc<Profile>, now: Timestamp) -> impl IntoView {
    let environment = environment_title(&profile, &key.environment);
    let signing = profile.keys.signing_secret || key.has_signing_secret;
    let chips = key.scopes.clone().into_iter().map(|scope| view! { <Chip text=scope/> }).collect_view();
    let (owned, signs, ended) = (key.clone(), key.clone(), key.clone());
    view! {
        <Card title="Key">
            <Facts>
                <Fact label="Key ID"><IdChip id=key.id.to_string() name="Copy key id"/></Fact>
                <OwnerFact key=owned/>
                <Fact label="Environment"><Badge tone=environment_tone(key.mode) text=environment/></Fact>
                {(!key.scopes.is_empty()).then(|| view! { <Fact label="Scopes">{chips}</Fact> })}
                {signing.then(|| view! { <Fact label="Signing secret"><Signing key=signs now/></Fact> })}
                {key.created_by.map(|name| view! { <Fact label="Created">{format!("by {name}, ")}<Ago at=key.created_at now/></Fact> })}
                <Ended key=ended now/>
            </Facts>
        </Card>
    }
}

/// The holder.
#[component]
fn OwnerFact(key: Key) -> impl IntoView {
    match (key.owner, key.app_id) {
        (HolderKind::App, Some(app)) => {
            view! { <Fact label="App"><a href=format!("/apps/{app}")>{key.owner_name}</a></Fact> }.into_any()
        }
        (HolderKind::Member, _) => {
            let members = format!("/orgs/{}/members", key.org_id);
            view! { <Fact label="Person"><a href=members>{key.owner_name}</a></Fact> }.into_any()
        }
        _ => {
            let org = format!("/orgs/{}", key.org_id);
            view! { <Fact label="Organization"><a href=org>{key.owner_name}</a></Fact> }.into_any()
        }
    }
}

/// The verifier's result right after the revocation.
fn proof(after: Duration) -> String {
    format!("1 of 1 verifier nodes refuses this key, after {:.1} ms", after.as_secs_f64() * 1_000.0)
}

/// Whether it can sign, and until when with two secrets.
#[component]
pub fn Signing(key: Key, now: Timestamp) -> impl IntoView {
    let before = key.signing_before_until.filter(|until| *until > now);
    let before = before.map(|until| view! { "; the previous one is accepted too, and ends "<Ahead at=until now/> });
    view! { {if key.has_signing_secret { "Yes" } else { "None" }}{before} }
}

/// When, by whom and why it was paused or revoked.
#[component]
fn Ended(key: Key, now: Timestamp) -> impl IntoView {
    let paused = key.paused.filter(|_| key.revoked.is_none()).map(|pause| {
        view! { <Fact label="Paused">{format!("by {}, ", pause.by)}<Ago at=pause.at now/></Fact> }
    });
    let revoked = key.revoked.map(|revoked| {
        view! {
            <Fact label="Revoked">{format!("by {}, ", revoked.by)}<Ago at=revoked.at now/></Fact>
            {(!revoked.reason.is_empty()).then(|| view! { <Fact label="Reason">{revoked.reason}</Fact> })}
            {revoked.refused_after.map(|after| view! { <Fact label="Proof">{proof(after)}</Fact> })}
        }
    });
    view! { {paused}{revoked} }
}
