//! `/requests/{request_id}`: why a request was refused: the failed check, the request, the key, and how to fix it.

pub mod checks;
pub mod compared;
pub mod fix;
pub mod signed;

use axum::extract::State;
use leptos::prelude::*;
use sallyport::{
    Timestamp,
    decision::{Caller, Decision, KeptDecision},
    member::Permission,
    profile::Profile,
};

use crate::{
    access::DecisionAccess,
    components::{Badge, Card, Fact, Facts, IdChip, Notice, PageHead, Tone},
    context::Context,
    error::PageResult,
    portal::{Crumb, Page, Section},
    shell,
    ui::Ui,
    words::{Ago, digits, refusal},
};
use checks::Checks;
use compared::Compared;
use fix::{cure, fix};
use signed::SignedFacts;

pub async fn get(ui: Ui, State(context): State<Context>, access: DecisionAccess) -> PageResult {
    let mut chrome = shell::of_org(&ui, &access.within, Section::Activity).await?;
    let list = format!("/orgs/{}/activity/refused", access.within.org.id);
    chrome.crumbs.push(Crumb::link("Refused requests", list));
    chrome.crumbs.push(Crumb::here("Request"));
    let may_change = access.within.role.may(Permission::ManageKeys);
    let (kept, now, profile) = (access.kept, context.store.now(), context.store.profile().clone());
    let of = kept.decision.key.app_id().into_iter();
    let app = context.store.apps_of(&access.within.org.id, of).await?.into_values().next().map(|app| app.name);
    Ok(ui.ok(Page::framed("Refused request", chrome, move || view! { <Shown kept app may_change now profile/> })))
}

#[component]
fn Shown(
    kept: KeptDecision,
    /// The name of the key's app.
    app: Option<String>,
    /// Whether the person may do what a cure asks for.
    may_change: bool,
    now: Timestamp,
    profile: std::sync::Arc<Profile>,
) -> impl IntoView {
    let KeptDecision { decision, left_out, .. } = kept;
    let decision = (*decision).clone();
    let (id, at) = (decision.request_id.to_string(), decision.at);
    let code = format!("{} {}", decision.verdict.status(), decision.verdict.code());
    let (why, fix) = (sentence(&refusal(decision.verdict.code())), fix(&decision, &profile));
    let cure = cure(&decision).filter(|_| may_change);
    let (request, steps, signed) = (decision.clone(), decision.steps().collect(), decision.asked.signed.clone());
    let key = format!("/keys/{}", decision.key.key_id);
    let try_again = format!("{key}/test?request={id}");
    let left_out = (left_out > 0).then(|| {
        let n = digits(left_out);
        view! { <p class="muted">{format!("{n} more like it came within that minute and were not kept.")}</p> }
    });
    view! {
        <PageHead
            title="Refused request"
            sub=move || view! {
                <span><IdChip id=id.clone() shown=id name="Copy request id"/></span>
                <span><Badge tone=Tone::Danger text=code/></span>
                <span><Ago at now/></span>
            }
            actions=move || view! {
                <a class="btn" href=key>"Open key"</a>
                <a class="btn btn-primary" href=try_again>"Test it again"</a>
            }
        />
        <Notice tone=Tone::Danger>
            <div class="notice-line">
                <p><b>{why}</b>" "{fix}</p>
                {cure.map(|(name, href)| view! { <a class="btn btn-small" href=href>{name}</a> })}
            </div>
        </Notice>
        <div class="columns">
            <Card title="Request"><RequestFacts decision=request app/>{left_out}</Card>
            <Card title="Checks"><Checks steps/></Card>
        </div>
        <Compared decision profile/>
        {signed.map(|signed| view! { <SignedFacts signed/> })}
    }
}

/// "The key lacks a scope."
pub fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).chain(['.']).collect()
}

#[component]
fn RequestFacts(decision: Decision, app: Option<String>) -> impl IntoView {
    let Decision { asked, key, .. } = decision;
    let app = key.app_id().map(|id| (format!("/apps/{id}"), app.unwrap_or_else(|| id.to_string())));
    let by = match asked.caller {
        Caller::Gateway => "A gateway".to_owned(),
        Caller::Backend(None) => "A backend".to_owned(),
        Caller::Backend(Some(token)) => format!("A backend, with the root token {token}"),
    };
    let line = [asked.method, asked.path].into_iter().flatten().map(String::from).collect::<Vec<_>>().join(" ");
    view! {
        <Facts>
            <Fact label="Key"><a href=format!("/keys/{}", key.key_id)>{key.label.to_string()}</a></Fact>
            {app.map(|(href, name)| view! { <Fact label="App"><a href=href>{name}</a></Fact> })}
            <Fact label="Method and path">
                {if line.is_empty() { view! { "Not specified" }.into_any() } else { view! { <code>{line}</code> }.into_any() }}
            </Fact>
            <Fact label="Client’s address">{asked.ip.map_or_else(|| "Not specified".to_owned(), |ip| ip.to_string())}</Fact>
            <Fact label="Checked by">{by}</Fact>
        </Facts>
    }
}
