//! A database that was restored, and of which not everything is known, lets operators in alone.

use sallyport::{
    audit::{Act, Actor},
    journal::Damage,
    store::{HowToRestore, Reconciled},
};

use crate::{
    client::Answer,
    portal::{PASSWORD, TestPortal},
};

crate::on_both_portals!(only_operators_sign_in_until_one_has_decided);

async fn sign_in(portal: &TestPortal, email: &str) -> Answer {
    portal.another().post("/sign-in", &[("email", email), ("password", PASSWORD)]).await
}

async fn only_operators_sign_in_until_one_has_decided(portal: &TestPortal) {
    portal.set_up().await;
    let eve = portal.stranger().await;
    let reconcile = async |how: HowToRestore| {
        let how = HowToRestore { portal: "keys.example.com/audit".to_owned(), ..how };
        portal.store.reconcile(&Act::by(Actor::Sallyport), &[], how).await.expect("compared")
    };
    let damage = Damage { why: "line 7".to_owned(), up_to: i64::MAX, ends: Vec::new() };
    let found = reconcile(HowToRestore { damage: Some(damage), ..HowToRestore::default() }).await;
    assert!(matches!(found, Reconciled::Quarantined { .. }), "{found:?}");
    assert_eq!(eve.get("/account").await.status, 303, "everybody is signed out");
    let refused = sign_in(portal, "eve@example.com").await;
    assert_eq!(refused.status, 403);
    assert!(refused.body.contains("Only operators can sign in right now"), "{}", refused.body);
    assert_eq!(sign_in(portal, "ada@example.com").await.status, 303);

    let accepted = HowToRestore { accepted: Some("a disk failed".to_owned()), ..HowToRestore::default() };
    assert!(matches!(reconcile(accepted).await, Reconciled::Restored(_)));
    assert_eq!(sign_in(portal, "eve@example.com").await.status, 303);
}
