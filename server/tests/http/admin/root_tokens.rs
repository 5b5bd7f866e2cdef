//! `/admin/root-tokens`

use sallyport::store::ConsoleQuery;
use serde_json::json;

use crate::{
    client::Answer,
    portal::{TestPortal, find},
};

crate::on_both_portals!(
    a_token_is_shown_once_and_revoked,
    a_token_expires,
    when_it_was_used_last,
    what_was_typed_is_checked,
);

async fn create(portal: &TestPortal, fields: &[(&str, &str)]) -> Answer {
    let form_token = portal.get("/admin/root-tokens/new").await.hidden("form_token");
    portal.post("/admin/root-tokens/new", &[&[("form_token", form_token.as_str())], fields].concat()).await
}

fn secret(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.body);
    find(&answer.body, "sp_root_", 44).or_else(|| find(&answer.body, "sp_root_", 45)).expect("a root token")
}

async fn verifies(portal: &TestPortal, token: &str) -> u16 {
    portal.json("/v1/keys/verify", token, &json!({ "key": "sk_live_x" })).await.status.as_u16()
}

async fn a_token_is_shown_once_and_revoked(portal: &TestPortal) {
    portal.set_up().await;
    assert!(portal.get("/admin/root-tokens").await.body.contains("No root token yet"));
    let form_token = portal.get("/admin/root-tokens/new").await.hidden("form_token");
    let form = [("form_token", form_token.as_str()), ("name", "Gateway"), ("access", "verify"), ("expires", "never")];
    let answer = portal.post("/admin/root-tokens/new", &form).await;
    let token = secret(&answer);
    assert!(answer.body.contains("Save your token") && answer.body.contains("I have saved this token"));
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(verifies(portal, &token).await, 200);
    assert_eq!(portal.manage("/v1/orgs", &token, None).await.status, 403);
    let again = portal.post("/admin/root-tokens/new", &form).await;
    assert_eq!(again.status, 422, "a form sent twice makes one token");
    assert!(again.body.contains("was sent already"));

    let list = portal.get("/admin/root-tokens").await;
    assert!(!list.body.contains(&token) && list.body.contains("Gateway") && list.body.contains("Verify only"));
    let id = list.after("id=\"revoke-", '"');
    let path = format!("/admin/root-tokens/{id}/revoke");
    assert!(portal.get(&path).await.body.contains("Revoke this root token?"));
    assert_eq!(portal.post(&path, &[]).await.location(), "/admin/root-tokens?done=revoke");
    assert_eq!(verifies(portal, &token).await, 401);
    assert_eq!(portal.post(&path, &[]).await.status, 404);
    assert!(portal.get("/admin/root-tokens").await.body.contains("Revoked"));
}

async fn a_token_expires(portal: &TestPortal) {
    portal.set_up().await;
    let org = portal.org("Focus Labs").await;
    let fields = [("name", "Terraform"), ("access", "manage"), ("expires", "7"), ("org", &org)];
    let token = secret(&create(portal, &fields).await);
    let week = std::time::Duration::from_secs(7 * 86_400);
    assert_eq!(portal.manage(&format!("/v1/orgs/{org}"), &token, None).await.status, 200);
    portal.store.clock.turn(week - std::time::Duration::from_micros(1));
    assert_eq!(portal.manage(&format!("/v1/orgs/{org}"), &token, None).await.status, 200);
    portal.store.clock.turn(std::time::Duration::from_micros(1));
    for path in [format!("/v1/orgs/{org}"), "/v1/orgs".to_owned()] {
        let refused = portal.manage(&path, &token, None).await;
        assert_eq!(refused.status, 401, "{path}");
        assert!(refused.body.contains("has expired"), "{}", refused.body);
    }
}

async fn when_it_was_used_last(portal: &TestPortal) {
    portal.set_up().await;
    let fields = [("name", "Gateway"), ("access", "verify"), ("expires", "never"), ("org", "")];
    let token = secret(&create(portal, &fields).await);
    let used = || async {
        portal.state.verifier.flush().await.expect("written");
        let listed = portal.store.console_tokens(&ConsoleQuery::default()).await.expect("asked").items;
        listed[0].last_used_at
    };
    assert_eq!(used().await, None);
    assert!(
        portal.get("/admin/root-tokens").await.body.contains("<td data-label=\"Last used\" class=\"cell-muted\">Never")
    );
    verifies(portal, &token).await;
    let first = portal.store.now();
    assert_eq!(used().await, Some(first));
    portal.store.clock.turn(std::time::Duration::from_secs(30));
    verifies(portal, &token).await;
    assert_eq!(used().await, Some(first), "to the minute");
    portal.store.clock.turn(std::time::Duration::from_secs(30));
    verifies(portal, &token).await;
    assert_eq!(used().await, Some(portal.store.now()));
    assert!(!portal.get("/admin/root-tokens").await.body.contains(">Never</td><td data-label=\"Expires\""));
}

async fn what_was_typed_is_checked(portal: &TestPortal) {
    portal.set_up().await;
    for (field, value) in [
        ("name", ""),
        ("access", "all"),
        ("org", "org_nobodys_123456"),
        ("org", "focus"),
        ("expires", "yesterday"),
        ("form_token", "junk"),
    ] {
        let form = [("name", "Gateway"), ("access", "verify"), ("expires", "never"), ("org", "")];
        let form: Vec<_> =
            form.iter().map(|(name, typed)| (*name, if *name == field { value } else { typed })).collect();
        let answer = match field {
            "form_token" => portal.post("/admin/root-tokens/new", &[&form[..], &[(field, value)]].concat()).await,
            _ => create(portal, &form).await,
        };
        assert_eq!(answer.status, 422, "{field}={value:?} {}", answer.body);
        assert!(find(&answer.body, "sp_root_", 40).is_none());
    }
    assert!(portal.get("/admin/root-tokens").await.body.contains("No root token yet"));
}
