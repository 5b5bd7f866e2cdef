//! What was asked for, and what came of it.

use std::sync::Arc;

use leptos::prelude::*;
use sallyport::{
    Timestamp,
    approval::{Approval, ApprovalStatus, Wish},
    profile::Profile,
};

use crate::{
    components::{Card, Chip, Fact, Facts},
    pages::keys::row::environment_title,
    words::{Ago, utc},
};

#[component]
pub(super) fn ApprovalFacts(approval: Approval, profile: Arc<Profile>, now: Timestamp) -> impl IntoView {
    let scopes = approval.wish.scopes().filter(|scopes| !scopes.is_empty()).map(<[String]>::to_vec);
    let scopes = scopes.map(|scopes| {
        let chips = scopes.into_iter().map(|scope| view! { <Chip text=scope/> }).collect_view();
        view! { <Fact label="Scopes">{chips}</Fact> }
    });
    let expires = approval.wish.expires_at().map(|at| at.map_or_else(|| "Never".to_owned(), utc));
    let addresses = approval.wish.addresses().map(|addresses| match addresses {
        "" => "Every address".to_owned(),
        addresses => addresses.replace(' ', ", "),
    });
    let unsigned = matches!(&approval.wish, Wish::Change(change) if change.require_signed == Some(false));
    let key = approval.key_id.clone();
    let (by, environment) = (asker(&approval), environment_title(&profile, &approval.environment));
    view! {
        <Facts>
            <Fact label="For">{approval.owner_name}</Fact>
            <Fact label="Environment">{environment}</Fact>
            {scopes}
            {expires.map(|text| view! { <Fact label="Expires">{text}</Fact> })}
            {addresses.map(|text| view! { <Fact label="Allowed addresses">{text}</Fact> })}
            {unsigned.then(|| view! { <Fact label="Signed requests">"Not required any more"</Fact> })}
            {key.map(|key| {
                let href = format!("/keys/{key}");
                view! { <Fact label="Key"><a class="link" href=href>{key.to_string()}</a></Fact> }
            })}
            <Fact label="Asked by">{by}</Fact>
            <Fact label="Asked"><Ago at=approval.asked_at now/></Fact>
        </Facts>
    }
}

/// "Ada Byron", "Automation (root token)".
pub fn asker(approval: &Approval) -> String {
    let name = match approval.asked_by_name.as_str() {
        "" => "Somebody who is gone",
        name => name,
    };
    match approval.asked_by.kind.as_str() {
        "root_token" => format!("{name} (root token)"),
        "key" => format!("{name} (API key)"),
        "command_line" => "An operator".to_owned(),
        _ => name.to_owned(),
    }
}

/// Who decided it and why, or that nobody did in time.
#[component]
pub(super) fn Decided(approval: Approval, now: Timestamp) -> impl IntoView {
    let expired = approval.status(now) == ApprovalStatus::Expired;
    let decided = approval.decision.map(|decision| {
        let by = if decision.by.is_empty() { "Somebody who is gone".to_owned() } else { decision.by };
        let label = if decision.approved { "Approved by" } else { "Refused by" };
        view! {
            <Facts>
                <Fact label>{by}</Fact>
                <Fact label="Decided"><Ago at=decision.at now/></Fact>
                {(!decision.reason.is_empty()).then(|| view! { <Fact label="Reason">{decision.reason}</Fact> })}
            </Facts>
        }
    });
    let late = expired.then(|| view! { <p class="muted">"Its time is over. Ask again if it is still needed."</p> });
    (decided.is_some() || late.is_some())
        .then(|| view! { <Card title="Decision"><div class="stack">{decided}{late}</div></Card> })
}
