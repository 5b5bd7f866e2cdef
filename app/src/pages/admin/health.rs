//! `/admin/health`: whether this server can do its work, and on what it runs.

use std::time::Duration;

use leptos::prelude::*;
use sallyport::{
    Timestamp,
    store::{DatabaseFacts, Forwarding, ListedNode},
    verifier::health::HealthCheck,
};

use super::forwarding::ForwardingCard;
use crate::{
    access::OperatorAccess,
    components::{Badge, Card, Fact, Facts, Notice, PageHead, Tone, When},
    error::PageResult,
    icons::{Icon, IconView},
    portal::{AdminSection, Page},
    shell,
    ui::Ui,
    words::{Ago, digits},
};

pub async fn get(ui: Ui, access: OperatorAccess) -> PageResult {
    let (store, verifier) = (&ui.context.store, &ui.context.verifier);
    let checks = verifier.health().await;
    let lag = verifier.lag();
    let facts = store.database_facts().await?;
    let forwarding = store.forwarding().await?;
    let nodes = store.nodes().await?;
    let chrome = shell::at_last(shell::of_admin(&ui, &access.me, AdminSection::Health).await?);
    let now = store.now();
    let page = Page::framed("Health", chrome, move || view! { <Body checks lag facts forwarding nodes now/> });
    Ok(ui.ok(page))
}

/// "3.4 MB".
fn size(bytes: i64) -> String {
    match bytes {
        ..1_000_000 => format!("{} kB", digits(bytes / 1_000)),
        1_000_000..1_000_000_000 => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
        _ => format!("{}.{} GB", digits(bytes / 1_000_000_000), bytes % 1_000_000_000 / 100_000_000),
    }
}

/// What a check is about, in words.
fn about(name: &str) -> &'static str {
    match name {
        "database" => "The database answers",
        "revocations" => "Revocations are received",
        "writes" => "Writes succeed",
        "redis" => "Redis shares limits and signatures",
        _ => "Another requirement",
    }
}

/// What depends on a check, shown while it is OK.
fn meaning(name: &str) -> &'static str {
    match name {
        "database" => "Keys that are not in memory can be looked up.",
        "revocations" => "A key that was revoked on another server is refused here, too.",
        "writes" => "Keys can be generated, changed and revoked.",
        "redis" => "A limit is counted for all nodes together, and a signature is accepted once.",
        _ => "",
    }
}

#[component]
fn Body(
    checks: Vec<HealthCheck>,
    lag: Duration,
    facts: DatabaseFacts,
    forwarding: Option<Forwarding>,
    nodes: Vec<ListedNode>,
    now: Timestamp,
) -> impl IntoView {
    let failing = checks.iter().filter(|check| !check.ok && check.required).count();
    let (tone, verdict) = match failing {
        0 => (Tone::Good, "This server is ready."),
        _ => (Tone::Danger, "This server is not ready: /readyz answers 503 until each check below is OK."),
    };
    let clock = now.to_chrono().format("%H:%M:%S UTC").to_string();
    let rows = checks.into_iter().map(|check| {
        // "ok" is the status.
        let detail = Some(check.detail).filter(|detail| detail != "ok");
        let (tone, word, icon) = match check.ok {
            true => (Tone::Good, "OK", Icon::Check),
            false if !check.required => (Tone::Warning, "Degraded", Icon::Close),
            false => (Tone::Danger, "Failing", Icon::Close),
        };
        view! {
            <li>
                <span class="step-mark" class:good=check.ok class:danger=!check.ok><IconView icon/></span>
                <span>{about(check.name)}<small>{detail.unwrap_or_else(|| meaning(check.name).to_owned())}</small></span>
                <Badge tone text=word/>
            </li>
        }
    });
    let lag = format!("Checked {} ms ago", lag.as_millis());
    let migrations = format!("{} applied, the last is {:04}", facts.migrations, facts.last_migration);
    let peppers = if facts.peppers == 1 { "1 pepper".to_owned() } else { format!("{} peppers", facts.peppers) };
    view! {
        <PageHead title="Health" sub=|| view! { <span>"The checks that /readyz reports to load balancers"</span> }/>
        <Notice tone>
            <div class="notice-line"><b>{verdict}</b><span>"Checked at "<When at=now.to_rfc3339() text=clock/></span></div>
        </Notice>
        <Card title="Checks"><ul class="rows">{rows.collect_view()}</ul></Card>
        {(!nodes.is_empty()).then(|| view! { <Nodes nodes now/> })}
        {forwarding.map(|of| view! { <ForwardingCard of now/> })}
        <Card title="This server">
            <Facts>
                <Fact label="Version">{env!("CARGO_PKG_VERSION")}</Fact>
                <Fact label="Revocations">{lag}</Fact>
                <Fact label="Database">{facts.product}</Fact>
                <Fact label="Size">{size(facts.bytes)}</Fact>
                <Fact label="Migrations">{migrations}</Fact>
                <Fact label="Fingerprint of the master key"><code>{facts.master_key}</code></Fact>
                <Fact label="Pepper">
                    {format!("Version {} of {peppers}, created ", facts.pepper)}<Ago at=facts.pepper_created_at now/>
                </Fact>
            </Facts>
        </Card>
    }
}

/// The servers on this database.
#[component]
fn Nodes(nodes: Vec<ListedNode>, now: Timestamp) -> impl IntoView {
    let rows = nodes.into_iter().map(move |node| {
        let (tone, word) = match node.lease {
            Some(_) => (Tone::Good, "OK"),
            None => (Tone::Danger, "Cut off and closed"),
        };
        let applied =
            format!(", at {}, version {}, applied up to change {}", node.address, node.version, node.applied_revision);
        view! {
            <li>
                <span><code>{node.id.to_string()}</code><small>"Seen "<Ago at=node.seen_at now/>{applied}</small></span>
                <Badge tone text=word/>
            </li>
        }
    });
    view! { <Card title="Nodes"><ul class="rows">{rows.collect_view()}</ul></Card> }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_in_words() {
        let sizes = [0, 999_999, 3_456_789, 1_234_567_890].map(size);
        assert_eq!(sizes, ["0 kB", "999 kB", "3.4 MB", "1.2 GB"]);
    }
}
