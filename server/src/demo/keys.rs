//! What happened to the keys of the example company: one in every status.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::Duration,
};

use sallyport::{
    Error, Timestamp,
    app::App,
    audit::Act,
    id::RequestId,
    key::{Issued, KeyRecord, NewKey, Verdict, new::KeyInput, secret::Checked},
    place::Place,
    store::{Refused, Store, Used},
};

use super::{DAY, HOUR, MINUTE, clock::StoryClock, company::Company};

/// Something that happened to a key, by its label.
enum Step<'a> {
    Generate { by: &'a Act, app: &'a App, label: &'a str, environment: &'a str, scopes: &'a [&'a str], days: &'a str },
    Use(&'a str),
    Refuse(&'a str, Verdict, u64),
    Pause(&'a str),
    Revoke(&'a str, &'a str),
    Archive(&'a App),
}

/// The one that the terminal tells of.
const TOLD: &str = "Ingest worker eu-west";

/// How long ago, and what. Keys are in every status at the end.
fn steps(company: &Company) -> Vec<(Duration, Step<'_>)> {
    use Step::{Archive, Generate, Pause, Refuse, Revoke, Use};
    let Company { ada, sam, focus, watch, ingest, landing, intake } = company;
    let key = |by, app, label, environment, scopes, days| Generate { by, app, label, environment, scopes, days };
    vec![
        (44 * DAY, key(ada, focus, "iOS app, App Store build", "production", &["read", "write"], "never")),
        (42 * DAY, key(ada, focus, "Data migration 2026", "production", &["admin"], "never")),
        (41 * DAY, Use("Data migration 2026")),
        (40 * DAY, key(sam, landing, "Old newsletter form", "production", &["write"], "never")),
        (38 * DAY, key(sam, watch, "Watch prototype", "development", &["read"], "never")),
        (6 * DAY + 20 * HOUR, key(ada, focus, "Contractor import", "production", &["admin"], "never")),
        (6 * DAY + 2 * HOUR, Use("Contractor import")),
        (5 * DAY + 3 * HOUR, key(sam, focus, "CI smoke tests", "testing", &["read", "write", "delete"], "never")),
        (4 * DAY + 7 * HOUR, key(ada, focus, "Staging backend", "staging", &["read", "write"], "90")),
        (4 * DAY + 6 * HOUR, Use("Staging backend")),
        (4 * DAY + HOUR, key(sam, intake, "Intake form", "production", &["write"], "365")),
        (3 * DAY + 5 * HOUR, key(ada, focus, "Nightly export", "production", &["read"], "1")),
        (3 * DAY, Use("Nightly export")),
        (2 * DAY + HOUR, key(ada, ingest, TOLD, "production", &["read", "write"], "never")),
        (2 * DAY, Use(TOLD)),
        (2 * DAY - HOUR, Archive(landing)),
        (40 * HOUR, Refuse("Nightly export", Verdict::Expired, 12)),
        (30 * HOUR, key(sam, focus, "Partner preview", "staging", &["read"], "never")),
        (29 * HOUR, Use("Partner preview")),
        (26 * HOUR, Pause("Partner preview")),
        (25 * HOUR, Refuse("Partner preview", Verdict::Paused, 3)),
        (DAY, key(sam, focus, "Sam’s laptop", "development", &["read"], "7")),
        (20 * HOUR, Use("Intake form")),
        (9 * HOUR, Refuse("CI smoke tests", Verdict::InsufficientScope, 1)),
        (3 * HOUR, Revoke("Contractor import", "The contract ended")),
        (2 * HOUR, Refuse("Contractor import", Verdict::Revoked, 41)),
        (30 * MINUTE, Use("CI smoke tests")),
        (2 * MINUTE, Use("iOS app, App Store build")),
        (Duration::from_secs(8), Use(TOLD)),
    ]
}

/// Tells the story in order, so that the activity view reads from the newest down; the secret of one key comes back.
pub async fn live(store: &Store, story: &StoryClock, now: Timestamp, company: &Company) -> Result<String, Error> {
    let mut issued: Vec<Issued> = Vec::new();
    let mut steps = steps(company);
    steps.sort_by_key(|(ago, _)| std::cmp::Reverse(*ago));
    let find = |issued: &[Issued], label: &str| -> Result<usize, Error> {
        issued.iter().position(|issued| issued.key.label == label).ok_or(Error::NotFound)
    };
    for (ago, step) in steps {
        story.set(now - ago);
        match step {
            Step::Generate { by, app, label, environment, scopes, days } => {
                let input = KeyInput {
                    label,
                    environment,
                    scopes: scopes.to_vec(),
                    expires: days.into(),
                    signing_secret: true,
                    ..KeyInput::default()
                };
                let new = NewKey::check(&input, store.profile(), store.now())?;
                issued.push(store.issue_key(by, app, new, None).await?);
            }
            Step::Use(label) => {
                let key = record(store, &issued[find(&issued, label)?]).await?;
                let (address, user_agent) = caller();
                store.record_usage(vec![Used { key, at: now - ago, address, user_agent }], Vec::new()).await?;
            }
            Step::Refuse(label, verdict, times) => {
                let key = record(store, &issued[find(&issued, label)?]).await?;
                let (address, user_agent) = caller();
                let request_id = RequestId::mint(store.entropy());
                let refused = Refused { key, verdict, passed: false, times, address, user_agent, ip: None, request_id };
                store.record_usage(Vec::new(), vec![refused]).await?;
            }
            Step::Pause(label) => store.pause_key(&company.sam, &issued[find(&issued, label)?].key).await?,
            Step::Revoke(label, reason) => {
                let key = &issued[find(&issued, label)?].key;
                store.revoke_key(&company.ada, key, reason.to_owned()).await?;
            }
            Step::Archive(app) => store.archive_place(&company.sam, &Place::from(app)).await?,
        }
    }
    Ok(issued[find(&issued, TOLD)?].secret.expose().to_owned())
}

fn caller() -> (Option<IpAddr>, Option<String>) {
    (Some(Ipv4Addr::new(198, 51, 100, 23).into()), Some("focus-backend/3.2".to_owned()))
}

async fn record(store: &Store, issued: &Issued) -> Result<Arc<KeyRecord>, Error> {
    let secret = issued.secret.expose();
    let checked = store.profile().prefix_of(secret).and_then(|prefix| Checked::parse(prefix, secret));
    let digest = checked.and_then(|checked| store.digests(checked).next()).ok_or(Error::NotFound)?;
    Ok(Arc::new(store.key_by_digest(&digest).await?.ok_or(Error::NotFound)?.record))
}
