//! The request compared with the key.

use std::sync::Arc;

use leptos::prelude::*;
use sallyport::{
    decision::{Decision, Step},
    key::verdict::Check,
    profile::Profile,
};

use super::signed::clock;
use crate::components::{Badge, DataTable, Tone};

/// The maximum number of address blocks shown.
const BLOCKS: usize = 8;

struct Row {
    name: &'static str,
    steps: &'static [Step],
    asked: String,
    has: String,
}

#[component]
pub fn Compared(decision: Decision, profile: Arc<Profile>) -> impl IntoView {
    let failed = decision.step;
    let mut rows = Vec::from(rows(&decision, &profile));
    // What failed first.
    rows.sort_by_key(|row| !row.steps.contains(&failed));
    let rows = rows.into_iter().map(|row| {
        let has_failed = row.steps.contains(&failed);
        let mark = has_failed.then(|| view! { <Badge tone=Tone::Danger text="Failed"/> });
        view! {
            <tr class=has_failed.then_some("danger")>
                <td class="cell-head">{row.name}</td>
                <td class="cell-rest" data-label="Request">{row.asked}</td>
                <td class="cell-rest" data-label="Key">{row.has}</td>
                <td class="cell-end">{mark}</td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    view! {
        <section class="section">
            <h2 class="section-title">"The request compared with the key"</h2>
            <DataTable label="The request compared with the key" columns=&["Check", "Request", "Key", ""]>
                {rows}
            </DataTable>
        </section>
    }
}

fn rows(decision: &Decision, profile: &Profile) -> [Row; 9] {
    let (asked, key) = (&decision.asked, &decision.key);
    let text = |text: &Option<Box<str>>, or: &str| text.as_ref().map_or(or.to_owned(), ToString::to_string);
    let list = |names: Vec<&str>, or: &str| if names.is_empty() { or.to_owned() } else { names.join(", ") };
    let line: Vec<_> = [&asked.method, &asked.path].into_iter().flatten().map(|part| &**part).collect();
    let row = |name, steps, asked: String, has: String| Row { name, steps, asked, has };
    [
        row(
            "State",
            &[
                Step::Check(Check::Revocation),
                Step::Check(Check::Expiry),
                Step::Check(Check::Pause),
                Step::Check(Check::Suspension),
            ],
            "A key in use".to_owned(),
            state(decision),
        ),
        row(
            "Workspace",
            &[Step::Check(Check::Workspace)],
            text(&asked.workspace, "Any"),
            decision.org_id().to_string(),
        ),
        row("Address", &[Step::Check(Check::Address)], address(decision), addresses(decision)),
        row(
            "Mode",
            &[Step::Check(Check::Mode)],
            asked.mode.map_or("Either", |mode| mode.as_str()).to_owned(),
            format!("{} ({})", key.mode().as_str(), key.environment.name),
        ),
        row(
            "App",
            &[Step::Check(Check::App)],
            text(&asked.app_id, "Any"),
            key.app_id().map_or("None".to_owned(), ToString::to_string),
        ),
        row(
            "Scopes",
            &[Step::Check(Check::Scopes), Step::Check(Check::Request)],
            match (list(asked.scopes.iter().map(|scope| &**scope).collect(), ""), line.join(" ")) {
                (scopes, line) if scopes.is_empty() && line.is_empty() => "None".to_owned(),
                (scopes, line) if line.is_empty() => scopes,
                (scopes, line) if scopes.is_empty() => format!("What {line} needs"),
                (scopes, line) => format!("{scopes}, and what {line} needs"),
            },
            list(profile.names(profile.granted(key.scopes)).collect(), "None"),
        ),
        row(
            "Ingestion",
            &[Step::Check(Check::Ingestion)],
            if asked.ingestion { "Yes" } else { "No" }.to_owned(),
            if key.app().is_some_and(|app| app.ingestion_verified) { "Verified" } else { "Not verified" }.to_owned(),
        ),
        row(
            "Signature",
            &[Step::Signature, Step::Replay],
            asked
                .signed
                .as_ref()
                .map_or_else(|| "Not signed".to_owned(), |signed| format!("Signed; clock {}", lower(&clock(signed)))),
            if key.restrictions().is_some_and(|own| own.require_signed) { "Required" } else { "Not required" }
                .to_owned(),
        ),
        row("Limits", &[Step::Limits], cost(asked.cost), limit(decision)),
    ]
}

fn lower(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(char::to_lowercase).chain(letters).collect()
}

fn state(decision: &Decision) -> String {
    let key = &decision.key;
    match key.expires_at {
        _ if key.revoked => "Revoked".to_owned(),
        Some(at) if at <= decision.at => format!("Expired {}", at.to_rfc3339()),
        _ if key.paused => "Paused".to_owned(),
        _ if key.owner.suspended => "Suspended with its owner".to_owned(),
        Some(at) => format!("Active until {}", at.to_rfc3339()),
        None => "Active, never expires".to_owned(),
    }
}

fn address(decision: &Decision) -> String {
    decision.asked.ip.map_or_else(|| "Not specified".to_owned(), |ip| ip.to_string())
}

fn addresses(decision: &Decision) -> String {
    let Some(own) = decision.key.restrictions().filter(|own| !own.addresses.is_empty()) else {
        return "Any address".to_owned();
    };
    let shown: Vec<_> = own.addresses.lines().take(BLOCKS).collect();
    let more = own.addresses.len().saturating_sub(BLOCKS);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let noted = if own.addresses_enforced { "" } else { " (monitor only)" };
    format!("{}{more}{noted}", shown.join(", "))
}

fn cost(cost: u32) -> String {
    if cost == 1 { "1 request".to_owned() } else { format!("As {cost} requests") }
}

fn limit(decision: &Decision) -> String {
    let plan = decision.key.owner.plan.title();
    match &decision.rate {
        Some(rate) => {
            let window = rate.policy.window.as_secs();
            format!("{} in {window} s, {} left (plan {plan})", rate.policy.requests, rate.remaining)
        }
        None => format!("Plan {plan}"),
    }
}
