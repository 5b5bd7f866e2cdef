//! `…/activity/{seq}/proof`: what shows that an event is in the log, and how to check it without the portal.

pub mod file;
mod log;

use axum::extract::{Path, State};
use leptos::prelude::*;
use sallyport::{
    Timestamp,
    audit::{checkpoint::portal_name, hex, proof::EventProof},
    store::EventFilter,
};

pub use self::log::ProvenLog;
use crate::{
    components::{Card, CodeBlock, Fact, Facts, IdChip, Notice, PageHead, Tone},
    context::Context,
    error::{PageError, PageResult},
    portal::{Crumb, Page},
    ui::Ui,
    words::{Ago, digits},
};

/// The number of the event, at the end of the address.
pub type Seq = Path<Vec<(String, String)>>;

/// The proof of an event that the person sees.
async fn proof_of(context: &Context, log: &impl ProvenLog, path: &Seq) -> Result<EventProof, PageError> {
    let sight = log.sight()?;
    let seq = path.last().and_then(|(_, seq)| seq.parse().ok()).filter(|seq| *seq > 0);
    let seq: i64 = seq.ok_or(PageError::NotFound)?;
    let (store, chain) = (&context.store, log.chain());
    if !sight.is_all() {
        let newest = EventFilter { sight, until: Some(seq), limit: Some(1), ..EventFilter::default() };
        let page = store.events_of_chain(&chain, None, &newest).await?;
        if page.events.first().is_none_or(|event| event.seq != seq) {
            return Err(PageError::NotFound);
        }
    }
    Ok(store.event_proof(&portal_name(&context.public_url), &chain, seq).await?)
}

/// The name of the file with the proof.
fn file_name(proof: &EventProof) -> String {
    format!("proof-{}.json", proof.event.event.seq)
}

pub async fn get<L: ProvenLog>(ui: Ui, State(context): State<Context>, log: L, path: Seq) -> PageResult {
    log.note_view(&ui);
    let proof = proof_of(&context, &log, &path).await?;
    let mut chrome = log.chrome(&ui).await?;
    chrome.crumbs.push(Crumb::here("Inclusion proof"));
    let file = format!("{}.json", ui.path());
    let (now, public_url) = (context.store.now(), context.public_url.clone());
    let page = Page::framed("Inclusion proof", chrome, move || view! { <Shown proof file now public_url/> });
    Ok(ui.ok(page))
}

#[component]
fn Shown(proof: EventProof, file: String, now: Timestamp, public_url: String) -> impl IntoView {
    let event = proof.event.event.clone();
    let (seq, title, at) = (event.seq, event.action_title().to_owned(), event.at);
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
        file_name(&proof)
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
