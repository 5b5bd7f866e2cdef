//! `/setup`

use crate::portal::{PASSWORD, TestPortal};

crate::on_both_portals!(
    the_first_account_is_signed_in,
    closed_once_there_is_an_account,
    it_needs_the_token_wherever_one_is,
    what_was_typed_is_kept,
    an_oversized_form_is_refused,
);

async fn the_first_account_is_signed_in(portal: &TestPortal) {
    assert_eq!(portal.get("/").await.location(), "/setup");
    assert_eq!(portal.get("/sign-in").await.location(), "/setup");
    portal.set_up().await;
    assert_eq!(portal.get("/").await.location(), "/orgs/new");
    assert_eq!(portal.get("/orgs/new").await.status, 200);
}

async fn closed_once_there_is_an_account(portal: &TestPortal) {
    portal.set_up().await;
    let other = portal.another();
    assert_eq!(other.get("/setup").await.location(), "/sign-in");
    let fields = [("name", "Eve"), ("email", "eve@example.com"), ("password", PASSWORD)];
    assert_eq!(other.post("/setup", &fields).await.status, 403);
    assert_eq!(other.get("/orgs/new").await.status, 303, "and nobody is signed in");
}

/// A local person can't be distinguished from a proxy that adds no header.
async fn it_needs_the_token_wherever_one_is(portal: &TestPortal) {
    let fields = |token| [("name", "Eve"), ("email", "eve@example.com"), ("password", PASSWORD), ("token", token)];
    for client in [portal.another(), portal.from("203.0.113.9"), portal.from("::1")] {
        for path in ["/setup", "/setup?token=", "/setup?token=guess"] {
            assert!(client.get(path).await.body.contains("Setup token"), "{path} asks for it");
        }
        for wrong in ["", "guess"] {
            let answer = client.post("/setup", &fields(wrong)).await;
            assert_eq!(answer.status, 422);
            assert!(answer.body.contains("eve@example.com"), "what was typed is kept");
            assert!(portal.store.is_empty().await.expect("asked"));
        }
    }
    let token = portal.state.context.setup_token.clone();
    let page = portal.get(&format!("/setup?token={token}")).await;
    assert!(!page.body.contains("Setup token"), "the printed address holds it");
    assert_eq!(page.hidden("token"), token);
    assert_eq!(portal.post("/setup", &fields(&token)).await.status, 303);
}

async fn what_was_typed_is_kept(portal: &TestPortal) {
    let token = portal.state.context.setup_token.as_str();
    let fields = [("name", "Ada <Byron>"), ("email", "not an address"), ("password", "short"), ("token", token)];
    let answer = portal.post("/setup", &fields).await;
    assert_eq!(answer.status, 422);
    assert!(answer.body.contains("Ada &lt;Byron&gt;"), "kept, and escaped");
    assert!(answer.body.contains("Write it like ada@example.com."));
    assert!(answer.body.contains("Use at least 12 characters"));
    assert!(!answer.body.contains("short\""), "a password is never written back");
    assert!(portal.store.is_empty().await.expect("asked"));
}

async fn an_oversized_form_is_refused(portal: &TestPortal) {
    let name = "x".repeat(70_000);
    let answer = portal.post("/setup", &[("name", &name)]).await;
    assert_eq!(answer.status, 413);
    assert!(answer.body.contains("larger than the portal accepts"));
}
