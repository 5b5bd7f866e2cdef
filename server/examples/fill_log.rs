//! For scripts/bench: many events in the audit log of an organization, as acts record them. Prints how many seconds that took.
//!
//! `fill_log DATA_FOLDER ORG_ID COUNT`

use std::{sync::Arc, time::Instant};

use sallyport::{
    audit::{Act, Action, Actor, NewEvent, Target},
    clock::SystemClock,
    entropy::OsEntropy,
    id::OrgId,
};
use sallyport_server::{config::DataLocation, data_dir::DataDir};
use serde_json::json;

/// Events recorded by a transaction.
const BATCH: usize = 500;

#[tokio::main]
#[allow(clippy::disallowed_methods, reason = "it measures")]
async fn main() -> Result<(), String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [data, org, count] = arguments.as_slice() else {
        return Err("usage: fill_log DATA_FOLDER ORG_ID COUNT".to_owned());
    };
    let count: usize = count.parse().map_err(|_| format!("{count:?} is not a number."))?;
    let org = OrgId::parse(org).ok_or_else(|| format!("{org:?} is not the id of an organization."))?;
    let place = DataLocation { data: data.into(), ..DataLocation::default() };
    let store = DataDir::find(&place).await?.open(Arc::new(SystemClock), Arc::new(OsEntropy)).await?;
    let began = Instant::now();
    for from in (0..count).step_by(BATCH) {
        let events = (from..count.min(from + BATCH)).map(|n| event(&org, n)).collect();
        store.record_batch(events).await.map_err(|error| error.to_string())?;
    }
    println!("{:.3}", began.elapsed().as_secs_f64());
    store.close().await;
    Ok(())
}

/// As long as those of requests usually are.
fn event(org: &OrgId, n: usize) -> (Act, NewEvent) {
    let mut act = Act::by(Actor::CommandLine);
    act.address = Some(format!("203.0.113.{}", n % 200));
    act.user_agent = Some("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0".to_owned());
    let target = Target::new("key", format!("key_{n:012}"), format!("Device {n}"));
    let event = NewEvent::of(org, Action::KeyEdited, target);
    (act, event.with(json!({ "label": { "from": format!("Phone {n}"), "to": format!("Device {n}") } })))
}
