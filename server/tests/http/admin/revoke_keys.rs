//! `/admin/revoke-keys`

use sallyport::{id::OrgId, store::EventFilter};

use crate::portal::{PASSWORD, TestPortal};

const PATH: &str = "/admin/revoke-keys";

crate::on_both_portals!(
    every_key_of_every_organization_is_revoked,
    not_without_the_word_the_reason_and_the_password,
    guesses_of_the_password_are_throttled,
);

fn form<'a>(typed: &'a str, reason: &'a str, password: &'a str) -> [(&'a str, &'a str); 3] {
    [("typed_name", typed), ("reason", reason), ("password", password)]
}

async fn every_key_of_every_organization_is_revoked(portal: &TestPortal) {
    portal.set_up().await;
    let (focus, calm) = (portal.app().await, portal.org("Calm Co").await);
    let other = portal.app_in(&calm, "Calm").await;
    let ((_, first), (_, second)) = (portal.key(&focus).await, portal.key(&other).await);
    let empty = portal.org("Nothing here").await;
    let token = portal.root_token().await;
    assert_eq!(portal.auth("", &[("x-api-key", &first)]).await.status, 200);

    assert!(portal.get("/admin/organizations").await.body.contains("href=\"/admin/revoke-keys\""));
    let dialog = portal.get(PATH).await.body;
    assert!(dialog.contains("2 keys will be revoked; ") && dialog.contains("Type “All keys” to confirm."), "{dialog}");
    let answer = portal.post(PATH, &form("All keys", "The vault leaked", PASSWORD)).await;
    assert_eq!(answer.location(), "/admin/organizations?done=revoke-keys", "{}", answer.body);
    assert!(portal.get(answer.location()).await.body.contains("Every key of the portal is revoked."));
    for key in [&first, &second] {
        assert_eq!(portal.auth("", &[("x-api-key", key)]).await.status, 401);
        let verdict = portal.json("/v1/keys/verify", &token, &serde_json::json!({ "key": key })).await;
        assert_eq!(verdict.json()["code"], "revoked");
    }
    assert!(portal.get(PATH).await.body.contains("No key is left to revoke."));
    let (_, later) = portal.key(&focus).await;
    assert_eq!(portal.auth("", &[("x-api-key", &later)]).await.status, 200, "new keys work");

    let filter = |action: &str| EventFilter { action: action.to_owned(), ..EventFilter::default() };
    let decided = portal.store.system_events(&filter("portal.keys_revoked")).await.expect("asked").events;
    assert_eq!((decided.len(), decided[0].details.as_str()), (1, r#"{"reason":"The vault leaked"}"#));
    let focus_labs = portal.get(&format!("/apps/{focus}/identifiers.json")).await.json()["org_id"].clone();
    for (org, times) in [(focus_labs.as_str().expect("text"), 1), (calm.as_str(), 1), (empty.as_str(), 0)] {
        let id = OrgId::parse(org).expect("an id");
        let events = portal.store.events(&id, None, &filter("keys.revoked_all")).await.expect("asked").events;
        assert_eq!(events.len(), times, "{org}");
        for event in events {
            assert_eq!(event.details, r#"{"keys":1,"reason":"The vault leaked"}"#);
            assert_eq!(event.actor_name, "Ada Byron");
        }
        assert!(portal.store.check_chain(org).await.expect("asked").is_ok());
    }
}

async fn not_without_the_word_the_reason_and_the_password(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (_, key) = portal.key(&app).await;
    let long = "x".repeat(201);
    for (typed, reason, password, said) in [
        ("all", "Leak", PASSWORD, "as it is written here: All keys"),
        ("All keys", " ", PASSWORD, "Say why."),
        ("All keys", "Leak", "", "Enter your password."),
        ("All keys", "Leak", "wrong horse battery", "This is not your password. Nothing was changed."),
        ("All keys", long.as_str(), PASSWORD, "200"),
    ] {
        let answer = portal.post(PATH, &form(typed, reason, password)).await;
        assert_eq!(answer.status, 422, "{typed} {reason}");
        assert!(answer.body.contains(said) && answer.body.contains("Revoke all keys of the portal?"), "{said}");
        assert!(password.is_empty() || !answer.body.contains(password), "a password is never shown");
    }
    assert_eq!(portal.auth("", &[("x-api-key", &key)]).await.status, 200);
    let filter = EventFilter { action: "portal.keys_revoked".to_owned(), ..EventFilter::default() };
    assert!(portal.store.system_events(&filter).await.expect("asked").events.is_empty());
}

async fn guesses_of_the_password_are_throttled(portal: &TestPortal) {
    portal.set_up().await;
    for _ in 0..20 {
        let answer = portal.post(PATH, &form("All keys", "Leak", "wrong horse battery")).await;
        if answer.status == 429 {
            let right = portal.post(PATH, &form("All keys", "Leak", PASSWORD)).await;
            assert_eq!(right.status, 429);
            return;
        }
        assert_eq!(answer.status, 422);
    }
    panic!("never throttled");
}
