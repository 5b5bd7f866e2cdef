//! The warning that an old secret is about to end while it is in use.

use std::time::Duration;

use sallyport::{
    id::KeyId,
    key::{
        Ends, Key, NewRotation,
        rotation::{CutOff, QUIET},
    },
    key_notice::KeyNoticeKind,
    store::EventFilter,
    testing::TestStore,
};

use crate::{
    key_notices::{World, of, read, world},
    mail::mails,
};

sallyport::on_both_databases!(an_old_secret_in_use_is_warned_of_once, an_old_secret_that_is_quiet_is_not_warned_of,);

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);

/// The job that a rotation added, if it is due.
async fn due(store: &TestStore) -> Option<CutOff> {
    let job = store.lease_job(CutOff::QUEUE, Duration::from_secs(60)).await.expect("asked")?;
    assert!(store.finish_job(&job).await.expect("written"));
    Some(serde_json::from_value(job.payload).expect("a payload"))
}

async fn used_by_secret(store: &TestStore, key: &Key, n: u32) {
    let at = store.now().micros();
    store
        .execute(format!(
            "INSERT INTO secret_uses (key_id, n, at, accepted, network, agent, requests, first_at, last_at) \
             VALUES ('{}', {n}, {at}, 1, '203.0.113.0/24', 'curl', 1, {at}, {at})",
            key.id
        ))
        .await;
}

async fn an_old_secret_in_use_is_warned_of_once(store: &TestStore) {
    let World { act, org, app, .. } = world(store).await;
    let key = store.key(&act, &app, "CI").await.key;
    store.rotate_key(&act, &key, NewRotation { grace: DAY, ..NewRotation::default() }).await.expect("rotated");
    mails(store).await;
    // As long ago as the page still calls it in use.
    store.clock.turn(DAY - HOUR * 4 + Duration::from_secs(1));
    used_by_secret(store, &key, 1).await;
    assert_eq!(due(store).await, None);
    store.clock.turn(QUIET - Duration::from_secs(1));
    let job = due(store).await.expect("an hour before");
    assert!(store.warn_of_cut_off(&job).await.expect("warned"));
    assert_eq!(read(store).await, [of("ada@example.com", KeyNoticeKind::CutOff, "CI")]);
    // The job may run again.
    assert!(!store.warn_of_cut_off(&job).await.expect("asked"));
    assert_eq!(read(store).await, []);
    let events = store.events(&org.id, None, &EventFilter::default()).await.expect("read").events;
    assert_eq!(events.iter().filter(|event| event.action == "key.old_secret_in_use").count(), 1);
    // Extended, it is warned of before the new end.
    let later = store.extend_previous_secret(&act, &key, DAY).await.expect("extended");
    store.clock.turn(DAY);
    used_by_secret(store, &key, 1).await;
    let job = due(store).await.expect("an hour before");
    assert_eq!(job.until, later.micros());
    assert!(store.warn_of_cut_off(&job).await.expect("warned"));
}

async fn an_old_secret_that_is_quiet_is_not_warned_of(store: &TestStore) {
    let World { act, app, .. } = world(store).await;
    let key = store.key(&act, &app, "CI").await.key;
    let grace = |grace| NewRotation { grace, ..NewRotation::default() };
    store.rotate_key(&act, &key, grace(HOUR)).await.expect("rotated");
    assert_eq!(due(store).await, None, "it ends within the hour that was chosen");
    store.clock.turn(HOUR);
    store.rotate_key(&act, &key, grace(DAY)).await.expect("rotated");
    used_by_secret(store, &key, 2).await;
    store.clock.turn(DAY - HOUR);
    let job = due(store).await.expect("a job");
    assert!(!store.warn_of_cut_off(&job).await.expect("asked"), "quiet for a day");
    // It is paused, so no request is accepted that would be refused then.
    used_by_secret(store, &key, 2).await;
    store.pause_key(&act, &key).await.expect("paused");
    assert!(!store.warn_of_cut_off(&job).await.expect("asked"));
    store.resume_key(&act, &key).await.expect("resumed");
    // Its end was moved, or it ended.
    let ends = NewRotation { ends: Some(Ends::Previous), ..grace(DAY) };
    store.rotate_key(&act, &key, ends).await.expect("rotated");
    assert!(!store.warn_of_cut_off(&job).await.expect("asked"));
    let gone = CutOff { key_id: KeyId::parse("key_gone").expect("an id"), ..job };
    assert!(!store.warn_of_cut_off(&gone).await.expect("asked"));
}
