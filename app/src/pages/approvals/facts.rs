//! What was asked for, and what came of it.

use std::sync::Arc;

use leptos::prelude::*;
use sallyport::{
    Timestamp,
    approval::{Approval, ApprovalStatus},
    profile::Profile,
};
use serde_json::Value;

use crate::{
    components::{Card, Chip, Fact, Facts},
    pages::keys::row::environment_title,
    words::{Ago, Ahead, utc},
};

#[component]
pub(super) fn ApprovalFacts(approval: Approval, profile: Arc<Profile>, now: Timestamp) -> impl IntoView {
    let asked = approval.wish.asked();
    let from_anywhere = asked["addresses"].as_array().is_some_and(Vec::is_empty);
    let mut asked: Vec<_> = asked.as_object().into_iter().flatten().collect();
    asked.retain(|(name, _)| !(from_anywhere && *name == "addresses_enforced"));
    asked.sort_by_key(|(name, _)| FACTS.iter().position(|one| one == name).unwrap_or(FACTS.len()));
    let asked = asked.into_iter().map(|(name, value)| {
        let value = shown(name, value, now);
        view! { <Fact label=label(name)>{value}</Fact> }
    });
    let asked = asked.collect_view();
    let key = approval.key_id.clone();
    let environment = environment_title(&profile, &approval.environment);
    view! {
        <Facts>
            <Fact label="For">{approval.owner_name}</Fact>
            <Fact label="Environment">{environment}</Fact>
            {asked}
            {key.map(|key| {
                let href = format!("/keys/{key}");
                view! { <Fact label="Key"><a class="link" href=href>{key.to_string()}</a></Fact> }
            })}
        </Facts>
    }
}

/// What matters most first.
const FACTS: [&str; 6] =
    ["scopes", "expires_at", "signing_secret", "require_signed", "addresses", "addresses_enforced"];

/// Scopes as in lists of keys, and a time from now.
fn shown(name: &str, value: &Value, now: Timestamp) -> AnyView {
    match (name, value) {
        ("scopes", Value::Array(scopes)) if !scopes.is_empty() => {
            let scopes = scopes.iter().filter_map(Value::as_str);
            scopes.map(|scope| view! { <Chip text=scope.to_owned()/>" " }).collect_view().into_any()
        }
        ("expires_at", Value::String(at)) => match Timestamp::parse_rfc3339(at) {
            Some(at) if at > now => view! { <Ahead at now/> }.into_any(),
            Some(at) => utc(at).into_any(),
            None => at.clone().into_any(),
        },
        _ => change(name, value).into_any(),
    }
}

fn label(name: &str) -> &'static str {
    match name {
        "scopes" => "Scopes",
        "expires_at" => "Expires",
        "addresses" => "Allowed addresses",
        "addresses_enforced" => "Requests from elsewhere",
        "require_signed" => "Signed requests",
        "signing_secret" => "Signing secret",
        _ => "Metadata",
    }
}

/// Of a change both values.
fn change(name: &str, value: &Value) -> String {
    match (value.get("from"), value.get("to")) {
        (Some(from), Some(to)) if name != "metadata" => format!("{} → {}", words(name, from), words(name, to)),
        _ => words(name, value),
    }
}

fn words(name: &str, value: &Value) -> String {
    let list = |none: &str, list: &[Value]| match list {
        [] => none.to_owned(),
        list => list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
    };
    let yes = value.as_bool() == Some(true);
    let text = match (name, value) {
        ("scopes", Value::Array(scopes)) => return list("None", scopes),
        ("addresses", Value::Array(addresses)) => return list("Every address", addresses),
        ("expires_at", Value::String(at)) => return Timestamp::parse_rfc3339(at).map_or_else(|| at.clone(), utc),
        ("expires_at", _) => "Never",
        ("addresses_enforced", _) if yes => "Refused",
        ("addresses_enforced", _) => "Monitored only",
        ("require_signed", _) if yes => "Required",
        ("require_signed", _) => "Not required",
        ("signing_secret", _) if yes => "Yes",
        ("signing_secret", _) => "None",
        (_, Value::Object(metadata)) if metadata.is_empty() => "None",
        _ => return value.to_string(),
    };
    text.to_owned()
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
        let by = if decision.by_name.is_empty() { "Somebody who is gone".to_owned() } else { decision.by_name };
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
