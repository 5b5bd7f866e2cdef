//! `/docs/audit`: the public keys with which anybody checks the audit log, for auditors without an account.

use axum::extract::State;
use leptos::prelude::*;
use sallyport::{
    Timestamp,
    audit::{checkpoint::portal_name, hex},
    store::AuditKey,
};

use crate::{
    components::{Badge, Card, CodeBlock, DataTable, Tone},
    context::Context,
    error::PageResult,
    portal::Page,
    ui::Ui,
};

const TITLE: &str = "Public keys of the audit log";

pub async fn get(ui: Ui, State(context): State<Context>) -> PageResult {
    let keys = context.store.audit_keys().await?;
    let (portal, public_url) = (portal_name(&context.public_url), context.public_url.clone());
    let page = Page::open(TITLE, "/docs/audit", move || view! { <Shown keys portal public_url/> });
    Ok(ui.ok(page))
}

#[component]
fn Shown(keys: Vec<AuditKey>, portal: String, public_url: String) -> impl IntoView {
    let check = format!(
        "curl {public_url}/.well-known/sallyport-audit.json > keys.json\n\
         python3 verify.py log.jsonl --checkpoint kept.txt --public-key keys.json\n\
         python3 verify.py --proof proof.json --public-key keys.json"
    );
    let list = if keys.is_empty() {
        view! { <p class="muted">"There is none before the first checkpoint."</p> }.into_any()
    } else {
        let rows = keys.into_iter().map(|key| view! { <KeyRow key portal=portal.clone()/> }).collect_view();
        let heads = &["Key ID", "Verifier key", "Signs from", "Until", "State"];
        view! { <DataTable label=TITLE columns=heads>{rows}</DataTable> }.into_any()
    };
    view! {
        <div class="page-head">
            <div class="page-title">
                <h1>{TITLE}</h1>
                <p>"Each organization’s activity is a log that proves itself: what happened can’t be changed later without that being found."</p>
                <p class="page-sub">
                    <span>"As a file: "<a href="/.well-known/sallyport-audit.json">"sallyport-audit.json"</a></span>
                    <span><a href="/docs">"API reference"</a></span>
                </p>
            </div>
        </div>
        <Card title="Keys">
            {list}
            <p>"Keep a copy of these keys and of checkpoints: those that you took on an earlier day show if somebody exchanged either."</p>
        </Card>
        <Card title="Check a log or a proof">
            <p>
                <code>"verify.py"</code>" is in Sallyport’s folder "<code>"examples/audit"</code>
                ". It needs nothing but Python, and shares no code with this portal."
            </p>
            <CodeBlock text=check unbroken=true name="Copy commands"/>
        </Card>
    }
}

#[component]
fn KeyRow(key: AuditKey, portal: String) -> impl IntoView {
    let day = |at: Timestamp| at.to_chrono().format("%Y-%m-%d %H:%M UTC").to_string();
    let (tone, state) = match (key.revoked, key.until) {
        (Some(at), _) => (Tone::Danger, format!("Revoked {}", day(at))),
        (None, Some(_)) => (Tone::Neutral, "Signed before".to_owned()),
        (None, None) => (Tone::Good, "Signs".to_owned()),
    };
    view! {
        <tr>
            <td class="cell-mono cell-head">{hex(&key.public.id(&portal))}</td>
            <td class="cell-mono" data-label="Verifier key"><code>{key.public.verifier_key(&portal)}</code></td>
            <td data-label="Signs from">{day(key.from)}</td>
            <td data-label="Until">{key.until.map(day)}</td>
            <td data-label="State"><Badge tone text=state/></td>
        </tr>
    }
}
