//! `/orgs/{org_id}/activity/{seq}/proof`: what shows that an event is in the log, and how to check it without the portal.

pub mod file;

use axum::{
    extract::{FromRequestParts, Path, State},
    http::request::Parts,
};
use leptos::prelude::*;
use sallyport::{
    audit::{checkpoint::portal_name, hex, proof::EventProof},
    member::Permission,
    store::EventFilter,
};

use crate::{
    access::OrgAccess,
    components::{Card, CodeBlock, Fact, Facts, IdChip, Notice, PageHead, Tone},
    context::Context,
    error::{PageError, PageResult},
    portal::{Crumb, Page, Section},
    shell,
    ui::Ui,
    words::{Ago, digits},
};

/// An event of an organization's log that the person sees, by its number.
pub struct SeenEvent {
    access: OrgAccess,
    seq: i64,
}

impl FromRequestParts<Context> for SeenEvent {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, context: &Context) -> Result<Self, PageError> {
        let access = OrgAccess::from_request_parts(parts, context).await?;
        access.needs_somewhere(Permission::SeeKeys)?;
        let path = Path::<(String, i64)>::from_request_parts(parts, context).await;
        let Path((_, seq)) = path.map_err(|_| PageError::NotFound)?;
        let newest = EventFilter { sight: access.seen(), until: Some(seq), limit: Some(1), ..EventFilter::default() };
        let page = context.store.events(&access.org.id, None, &newest).await?;
        match page.events.first() {
            Some(event) if event.seq == seq => Ok(Self { access, seq }),
            _ => Err(PageError::NotFound),
        }
    }
}

impl SeenEvent {
    async fn proof(&self, context: &Context) -> sallyport::Result<EventProof> {
        let portal = portal_name(&context.public_url);
        context.store.event_proof(&portal, self.access.org.id.as_str(), self.seq).await
    }
}

/// The name of the file with the proof.
fn file_name(seq: i64) -> String {
    format!("proof-{seq}.json")
}

pub async fn get(ui: Ui, State(context): State<Context>, seen: SeenEvent) -> PageResult {
    let mut chrome = shell::of_org(&ui, &seen.access, Section::Activity).await?;
    chrome.crumbs.push(Crumb::link("Activity", format!("/orgs/{}/activity", seen.access.org.id)));
    chrome.crumbs.push(Crumb::here("Inclusion proof"));
    let (proof, now) = (seen.proof(&context).await?, context.store.now());
    let public_url = context.public_url.clone();
    let page = Page::framed("Inclusion proof", chrome, move || view! { <Shown proof now public_url/> });
    Ok(ui.ok(page))
}

#[component]
fn Shown(proof: EventProof, now: sallyport::Timestamp, public_url: String) -> impl IntoView {
    let event = proof.event.event.clone();
    let (seq, title, at) = (event.seq, event.action_title().to_owned(), event.at);
    let file = format!("/orgs/{}/activity/{seq}/proof.json", event.chain);
    let size = digits(proof.tree_size);
    let proves = format!(
        "Event {seq} was in this log when it had {size} events, exactly as shown here: the portal signed a number that \
         depends on every one of them."
    );
    let path: Vec<_> = proof.path.iter().map(|hash| hex(hash)).collect();
    let path = if path.is_empty() { "None: the log has one event".to_owned() } else { path.join("\n") };
    let check = format!(
        "curl {public_url}/.well-known/sallyport-audit.json > keys.json\n\
         python3 verify.py --proof {} --public-key keys.json",
        file_name(seq)
    );
    let before = if proof.hash_before.is_empty() { None } else { Some(hex(&proof.hash_before)) };
    let (hash, root) = (hex(&proof.event.hash), hex(&proof.root));
    view! {
        <PageHead
            title="Inclusion proof"
            sub=move || view! {
                <span>{format!("Event {seq}: {title}")}</span>
                <span><Ago at now/></span>
            }
            actions=move || view! { <a class="btn" href=file download>"Download JSON"</a> }
        />
        <Notice tone=Tone::Neutral>
            <p>{proves}" Whoever has this proof and the public keys can check that without the portal, and learns nothing about the other events."</p>
        </Notice>
        <div class="columns">
            <Card title="Event">
                <Facts>
                    <Fact label="Actor">{event.actor_name.clone()}</Fact>
                    <Fact label="Action"><code>{event.action.clone()}</code></Fact>
                    <Fact label="Target">{event.target_name.clone()}</Fact>
                    <Fact label="Outcome">{event.outcome.title()}</Fact>
                    <Fact label="Time"><Ago at now/></Fact>
                    <Fact label="Hash"><IdChip id=hash.clone() shown=hash name="Copy hash"/></Fact>
                    {before.map(|hash| view! {
                        <Fact label="Hash of the event before"><IdChip id=hash.clone() shown=hash name="Copy hash of the event before"/></Fact>
                    })}
                </Facts>
            </Card>
            <Card title="Tree">
                <Facts>
                    <Fact label="Leaf index">{proof.leaf_index.to_string()}</Fact>
                    <Fact label="Tree size">{size}</Fact>
                    <Fact label="Root"><IdChip id=root.clone() shown=root name="Copy root"/></Fact>
                </Facts>
                <h3>"Path from the leaf to the root"</h3>
                <CodeBlock text=path name="Copy path"/>
            </Card>
        </div>
        <Card title="Signed checkpoint"><CodeBlock text=proof.note name="Copy checkpoint"/></Card>
        <Card title="Check it">
            <p>
                "Download the JSON, and "<code>"verify.py"</code>" of Sallyport’s folder "<code>"examples/audit"</code>
                ", which needs nothing but Python. The "<a href="/docs/audit">"public keys"</a>
                " are worth more if you keep them from an earlier day."
            </p>
            <CodeBlock text=check unbroken=true name="Copy commands"/>
        </Card>
    }
}
