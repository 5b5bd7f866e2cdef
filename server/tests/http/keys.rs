//! `/keys/{key_id}`

mod activity;
mod change;
mod narrower;
mod profiles;
mod restrictions;
mod rotate;
mod signing_secret;

mod test;

use crate::portal::{TestPortal, find};

crate::on_both_portals!(
    a_key_is_revoked_with_a_reason,
    revoking_asks_first,
    a_refused_reason_is_kept,
    last_used_comes_from_the_verifier,
    pausing_is_immediate_and_undone,
    editing_changes_words_alone,
    bad_metadata_is_refused_and_kept,
    what_another_tab_changed_is_not_overwritten_unseen,
    a_whole_secret_is_refused_and_not_shown_again,
    the_page_shows_calls_without_the_secret,
    a_key_is_paused_from_its_list,
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
    // A refusal is not a use.
    assert_eq!(portal.auth("?scope=write", &[("x-api-key", &secret)]).await.status, 403);
    portal.state.verifier.flush().await.expect("written");
    assert!(portal.get(&format!("/keys/{key}")).await.body.contains("3 min ago"));
}

async fn pausing_is_immediate_and_undone(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, secret) = portal.key(&app).await;
    let headers = [("x-api-key", secret.as_str())];
    assert_eq!(portal.auth("", &headers).await.status, 200);
    let answer = portal.post(&format!("/keys/{key}/pause"), &[]).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (303, format!("/keys/{key}?done=paused").as_str()));
    assert_eq!(portal.auth("", &headers).await.status, 403);
    let token = portal.root_token().await;
    let verdict = portal.json("/v1/keys/verify", &token, &serde_json::json!({ "key": secret })).await.json();
    assert_eq!((&verdict["code"], &verdict["status"]), (&"paused".into(), &403.into()));
    let page = portal.get(answer.location()).await.body;
    assert!(page.contains("Paused") && page.contains(">Resume<") && !page.contains(">Pause<"));
    assert!(page.contains("until you resume it"));
    portal.post(&format!("/keys/{key}/resume"), &[]).await;
    assert_eq!(portal.auth("", &headers).await.status, 200);
    assert!(!portal.get(&format!("/keys/{key}?done=paused")).await.body.contains("until you resume it"));
}

async fn editing_changes_words_alone(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, secret) = portal.key(&app).await;
    let panel = portal.get(&format!("/keys/{key}/edit")).await.body;
    assert!(panel.contains("Edit key") && panel.contains("value=\"CI\""));
    let fields = [("label", "Nightly </textarea>"), ("metadata", r#"{"team": "</textarea><script>"}"#)];
    let answer = portal.post(&format!("/keys/{key}/edit"), &fields).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (303, format!("/keys/{key}?done=edited").as_str()));
    let token = portal.root_token().await;
    let verdict = portal.json("/v1/keys/verify", &token, &serde_json::json!({ "key": secret })).await.json();
    assert_eq!(verdict["label"], "Nightly </textarea>");
    assert_eq!(verdict["metadata"], serde_json::json!({ "team": "</textarea><script>" }));
    for page in [format!("/keys/{key}"), format!("/keys/{key}/edit")] {
        let body = portal.get(&page).await.body;
        assert!(body.contains("Nightly") && !body.contains("<script>\""), "{page}");
        assert!(!body.contains("</textarea><script>"), "{page}");
    }
}

async fn bad_metadata_is_refused_and_kept(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, _) = portal.key(&app).await;
    let long = format!("{{\"a\":\"{}\"}}", "x".repeat(2048));
    for (metadata, message) in
        [("[1]", "Write a JSON object"), ("{\"a\":", "This is not JSON"), (long.as_str(), "At most 2048 bytes")]
    {
        let answer = portal.post(&format!("/keys/{key}/edit"), &[("label", "Kept"), ("metadata", metadata)]).await;
        assert_eq!(answer.status, 422);
        assert!(answer.body.contains(message) && answer.body.contains("value=\"Kept\""), "{message}");
    }
    assert!(portal.get(&format!("/keys/{key}")).await.body.contains("<h1>CI</h1>"), "nothing was changed");
}

async fn what_another_tab_changed_is_not_overwritten_unseen(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, _) = portal.key(&app).await;
    for (path, field) in [(format!("/keys/{key}/edit"), "label"), (format!("/apps/{app}/settings"), "name")] {
        let seen = portal.get(&path).await.hidden("seen");
        assert_eq!(portal.post(&path, &[(field, "One tab"), ("seen", &seen)]).await.status, 303);
        let refused = portal.post(&path, &[(field, "Other <tab>"), ("seen", &seen)]).await;
        assert_eq!(refused.status, 422, "{path}");
        for words in ["Someone else changed this; it is now: One tab.", "value=\"Other &lt;tab&gt;\""] {
            assert!(refused.body.contains(words), "{path}: {words}");
        }
        let seen = refused.hidden("seen");
        assert_eq!(portal.post(&path, &[(field, "Other tab"), ("seen", &seen)]).await.status, 303, "now it was seen");
        assert!(portal.get(&path).await.body.contains("Other tab"));
    }
}

async fn the_page_shows_calls_without_the_secret(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, _) = portal.key(&app).await;
    let page = portal.get(&format!("/keys/{key}")).await.body;
    for language in ["curl", "JavaScript", "Python", "Go", "Rust"] {
        assert!(page.contains(&format!("<summary>{language}</summary>")), "{language}");
    }
    assert!(page.contains("http://127.0.0.1:3000/v1/auth"));
    assert!(page.contains(&format!("/apps/{app}/keys?panel=generate&amp;like={key}")));
}

async fn a_whole_secret_is_refused_and_not_shown_again(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let shown = portal.generate(&app, "CI", &["read"], true).await;
    let signing = shown.signing_secret.clone().expect("a signing secret");
    let (key, _) = portal.key(&app).await;
    for secret in [shown.secret.as_str(), &signing, &portal.root_token().await] {
        let form = portal.panel(&app).await.with("label", secret);
        let panel = portal.post(&format!("/apps/{app}/keys"), &form.fields()).await;
        let edit = format!("/keys/{key}/edit");
        let label = portal.post(&edit, &[("label", secret), ("metadata", "")]).await;
        let metadata = format!("{{\"key\": \"{secret}\"}}");
        let metadata = portal.post(&edit, &[("label", "CI"), ("metadata", &metadata)]).await;
        let reason = portal.post(&format!("/keys/{key}/revoke"), &[("reason", secret)]).await;
        for (what, answer) in [("panel", panel), ("label", label), ("metadata", metadata), ("reason", reason)] {
            assert_eq!(answer.status, 422, "{what}");
            assert!(answer.body.contains("signing secret in this text") && !answer.body.contains(secret), "{what}");
        }
    }
}

async fn a_key_is_paused_from_its_list(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, _) = portal.key(&app).await;
    let list = format!("/apps/{app}/keys");
    let page = portal.get(&list).await.body;
    assert!(page.contains("data-act=\"/act/keys/pause\"") && page.contains("aria-label=\"Pause CI\""), "{page}");
    assert!(page.contains("Waiting for the first request…"), "{page}");
    let pause = format!("/keys/{key}/pause");
    for (back, to) in [(list.as_str(), list.as_str()), ("https://evil.example", "/"), ("//evil.example", "/")] {
        let answer = portal.post(&pause, &[("key", &key), ("back", back)]).await;
        assert_eq!((answer.status.as_u16(), answer.location()), (303, to));
    }
    let page = portal.get(&list).await.body;
    assert!(page.contains("data-act=\"/act/keys/resume\"") && page.contains("aria-label=\"Resume CI\""), "{page}");
    portal.revoke(&key).await;
    let page = portal.get(&format!("{list}?include_revoked=1")).await.body;
    assert!(!page.contains("data-act=\"/act/keys/"), "{page}");
}
