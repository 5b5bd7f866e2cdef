//! Revocation is immediate: for requests that start after its response, for those in progress, and for revocations by
//! another process.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use sallyport::{
    audit::{Act, Actor},
    store::KeyFilter,
};

use crate::portal::TestPortal;

crate::on_both_portals!(
    a_thousand_verifications_after_the_answer_are_refused,
    no_verification_that_began_after_the_answer_is_valid,
    another_process_is_heard_of,
    the_page_of_a_revoked_key_proves_it,
);

async fn a_thousand_verifications_after_the_answer_are_refused(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, secret) = portal.key(&app).await;
    assert_eq!(portal.auth("", &[("x-api-key", &secret)]).await.status, 200, "warm");
    portal.revoke(&key).await;
    let asked = (0..1_000).map(|_| {
        let (client, secret) = (portal.client.clone(), secret.clone());
        tokio::spawn(async move { client.auth("", &[("x-api-key", &secret)]).await.status.as_u16() })
    });
    for answer in asked.collect::<Vec<_>>() {
        assert_eq!(answer.await.expect("no panic"), 401);
    }
}

/// Continuous requests with keys that are created and revoked: each records whether the revocation was answered
/// before it started.
async fn no_verification_that_began_after_the_answer_is_valid(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let valid = Arc::new(AtomicUsize::new(0));
    for _ in 0..20 {
        let (key, secret) = portal.key(&app).await;
        let answered = Arc::new(AtomicBool::new(false));
        let askers: Vec<_> = (0..8)
            .map(|_| {
                let (client, secret) = (portal.client.clone(), secret.clone());
                let (answered, valid) = (Arc::clone(&answered), Arc::clone(&valid));
                tokio::spawn(async move {
                    for _ in 0..200 {
                        let after = answered.load(Ordering::SeqCst);
                        let status = client.auth("", &[("x-api-key", &secret)]).await.status;
                        assert!(!(after && status == 200), "valid, and began after the revocation was answered");
                        valid.fetch_add(usize::from(status == 200), Ordering::Relaxed);
                        tokio::task::yield_now().await;
                        if after {
                            return;
                        }
                    }
                })
            })
            .collect();
        tokio::task::yield_now().await;
        portal.revoke(&key).await;
        answered.store(true, Ordering::SeqCst);
        for asker in askers {
            asker.await.expect("none was valid too late");
        }
    }
    assert!(valid.load(Ordering::Relaxed) > 0, "some came before the revocation");
}

async fn another_process_is_heard_of(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (_, secret) = portal.key(&app).await;
    let headers = [("x-api-key", secret.as_str())];
    let ask = || portal.auth("", &headers);
    assert_eq!(ask().await.status, 200, "warm");

    let elsewhere = portal.store.reopened().await;
    let org = sallyport::id::OrgId::parse(ask().await.header("x-auth-org-id")).expect("an id");
    let keys = elsewhere.keys(&org, None, &KeyFilter::default()).await.expect("asked");
    let act = Act::by(Actor::CommandLine);
    elsewhere.revoke_key(&act, &keys.keys[0], "from a shell".to_owned()).await.expect("revoked");
    elsewhere.close().await;
    // What the worker does four times a second.
    portal.state.verifier.poll().await.expect("polled");
    assert_eq!(ask().await.status, 401);
}

/// The page shows the measured latency; for revocations by another process there is none.
async fn the_page_of_a_revoked_key_proves_it(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, secret) = portal.key(&app).await;
    assert_eq!(portal.auth("", &[("x-api-key", &secret)]).await.status, 200, "warm");
    assert!(!portal.get(&format!("/keys/{key}")).await.body.contains("verifier nodes"));
    portal.revoke(&key).await;
    portal.store.settled().await;
    let page = portal.get(&format!("/keys/{key}")).await;
    let after = page.after("1 of 1 verifier nodes refuses this key, after ", ' ');
    assert!(after.parse::<f64>().is_ok_and(|ms| (0.0..60_000.0).contains(&ms)), "{after}");

    let (key, _) = portal.key(&app).await;
    let id = sallyport::id::KeyId::parse(&key).expect("an id");
    let ada = portal.store.user_to_sign_in("ada@example.com").await.expect("asked").expect("there").0;
    let key = portal.store.find(&ada.id, &id).await.expect("asked").expect("there");
    let elsewhere = portal.store.reopened().await;
    elsewhere.revoke_key(&Act::by(Actor::CommandLine), &key, String::new()).await.expect("revoked");
    elsewhere.close().await;
    let page = portal.get(&format!("/keys/{id}")).await;
    assert!(page.body.contains("Revoked") && !page.body.contains("verifier nodes"));
}

/// Without polls for some seconds a node can't know of revocations, so it accepts no key.
#[tokio::test]
async fn a_node_that_hears_nothing_is_closed() {
    let portal = TestPortal::new(sallyport::testing::TestStore::sqlite().await).await;
    portal.set_up().await;
    let app = portal.app().await;
    let (_, secret) = portal.key(&app).await;
    assert_eq!(portal.auth("", &[("x-api-key", &secret)]).await.status, 200);
    portal.elapsed.fetch_add(4, Ordering::SeqCst);
    assert_eq!(portal.auth("", &[("x-api-key", &secret)]).await.status, 503);
    portal.state.verifier.poll().await.expect("polled");
    assert_eq!(portal.auth("", &[("x-api-key", &secret)]).await.status, 200);
    portal.end().await;
}
