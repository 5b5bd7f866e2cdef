//! Checkpoints over HTTP: the signed text, at least once.

use std::time::Duration;

use sallyport::{audit::checkpoint::Checkpoint, store::CheckpointPace};
use sallyport_server::jobs::checkpoints::{Checkpoints, run};

use super::{
    TOKEN, collector, http,
    receiver::{Behaviour, Receiver},
};
use crate::portal::TestPortal;

crate::on_both_portals!(each_arrives_whatever_happens_to_the_file);

async fn each_arrives_whatever_happens_to_the_file(portal: &TestPortal) {
    portal.set_up().await;
    let org = portal.org("Focus Labs").await;
    let receiver = Receiver::start().await;
    let pace = CheckpointPace { events: 1, every: Duration::from_secs(60) };
    // A folder that is missing.
    let file = Some("/nowhere/checkpoints.jsonl".into());
    let settings = |port| Checkpoints {
        portal: "keys.example.com/audit".to_owned(),
        pace,
        file: None,
        receiver: Some(collector(http(port))),
    };
    let with_file = Checkpoints { file, ..settings(receiver.port()) };
    let error = run(&with_file, &portal.store).await.expect_err("no file").to_string();
    assert!(error.contains("audit.checkpoint_file"), "{error}");
    let kept = async || {
        let mut notes: Vec<_> =
            portal.store.checkpoints(&org).await.expect("read").into_iter().map(|kept| kept.note).collect();
        notes.extend(portal.store.checkpoints("system").await.expect("read").into_iter().map(|kept| kept.note));
        notes.sort();
        notes
    };
    let sorted = |mut bodies: Vec<String>| {
        bodies.sort();
        bodies
    };
    assert_eq!(sorted(receiver.bodies()), kept().await);
    let (port, mut bodies) = (receiver.port(), receiver.bodies());
    receiver.kill();
    portal.app_in(&org, "Focus and calm").await;
    let error = run(&settings(port), &portal.store).await.expect_err("nobody is there").to_string();
    assert!(error.contains("audit.checkpoint_url") && !error.contains(TOKEN), "{error}");
    let receiver = Receiver::start_at(port).await;
    receiver.behave(Behaviour::TakeAndFail);
    run(&settings(port), &portal.store).await.expect_err("500");
    receiver.behave(Behaviour::Take);
    run(&settings(port), &portal.store).await.expect("sent");
    run(&settings(port), &portal.store).await.expect("nothing to send");
    bodies.extend(receiver.bodies());
    assert_eq!(bodies.len(), kept().await.len() + 1, "one of them twice");
    let mut bodies = sorted(bodies);
    bodies.dedup();
    assert_eq!(bodies, kept().await);
    let keys = portal.store.audit_keys().await.expect("keys");
    let public: Vec<_> = keys.iter().map(|key| key.public).collect();
    for body in &bodies {
        Checkpoint::open(body, &public).expect("signed by this portal");
    }
}
