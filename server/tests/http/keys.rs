//! `/keys/{key_id}`

use crate::portal::{TestPortal, find};

crate::on_both_portals!(
    a_key_is_revoked_with_a_reason,
    revoking_asks_first,
    a_refused_reason_is_kept,
    last_used_comes_from_the_verifier
);

async fn a_key_is_revoked_with_a_reason(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, secret) = portal.key(&app).await;
    let page = portal.get(&format!("/keys/{key}")).await.body;
    assert!(page.contains("Active") && page.contains("never used") && page.contains("by Ada Byron"));
    assert_eq!(find(&page, "sk_live_", 44), None);
    assert_eq!(portal.auth("", &[("x-api-key", &secret)]).await.status, 200);
    let answer = portal.post(&format!("/keys/{key}/revoke"), &[("reason", "Laptop stolen")]).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (303, format!("/keys/{key}").as_str()));
    assert_eq!(portal.auth("", &[("x-api-key", &secret)]).await.status, 401);
    let page = portal.get(&format!("/keys/{key}")).await.body;
    assert!(page.contains("Revoked") && page.contains("Laptop stolen"));
    assert!(!page.contains("/revoke\""), "nothing is left to revoke");
}

async fn revoking_asks_first(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, secret) = portal.key(&app).await;
    let page = portal.get(&format!("/keys/{key}/revoke")).await;
    assert!(page.body.contains("Revoke key") && page.body.contains("Reason"));
    assert_eq!(portal.auth("", &[("x-api-key", &secret)]).await.status, 200, "looking revokes nothing");
    portal.revoke(&key).await;
    assert_eq!(portal.get(&format!("/keys/{key}/revoke")).await.location(), format!("/keys/{key}"));
}

async fn a_refused_reason_is_kept(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, secret) = portal.key(&app).await;
    let reason = "x".repeat(201);
    let answer = portal.post(&format!("/keys/{key}/revoke"), &[("reason", &reason)]).await;
    assert_eq!(answer.status, 422);
    assert!(answer.body.contains(&reason) && answer.body.contains("At most 200 characters"));
    assert_eq!(portal.auth("", &[("x-api-key", &secret)]).await.status, 200);
}

async fn last_used_comes_from_the_verifier(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, secret) = portal.key(&app).await;
    portal.auth("", &[("x-api-key", &secret)]).await;
    portal.state.verifier.flush().await.expect("written");
    portal.store.clock.turn(std::time::Duration::from_secs(180));
    assert!(portal.get(&format!("/keys/{key}")).await.body.contains("3 min ago"));
    // A refusal is no use.
    assert_eq!(portal.auth("?scope=write", &[("x-api-key", &secret)]).await.status, 403);
    portal.state.verifier.flush().await.expect("written");
    assert!(portal.get(&format!("/keys/{key}")).await.body.contains("3 min ago"));
}
