//! `/account/confirm`: a fresh sign-in, before what takes much away or gives much.

use std::time::Duration;

use super::two_step::{codes, events, next_code, set_up_app};
use crate::portal::{PASSWORD, TestPortal};

crate::on_both_portals!(
    after_ten_minutes_an_act_needs_a_confirmation,
    what_was_typed_comes_back_after_the_confirmation,
    a_wrong_password_confirms_nothing_and_has_to_wait,
    with_a_second_factor_a_code_confirms,
    each_of_these_needs_a_fresh_sign_in,
    what_takes_less_does_not,
    it_leads_back_here_alone,
    a_confirmation_gives_the_session_another_token,
);

const LATER: Duration = Duration::from_secs(10 * 60 + 1);

async fn after_ten_minutes_an_act_needs_a_confirmation(portal: &TestPortal) {
    portal.set_up().await;
    let org = portal.org("Focus Labs").await;
    let path = format!("/orgs/{org}/keys/revoke-all");
    portal.store.clock.turn(Duration::from_secs(10 * 60));
    assert_eq!(portal.post(&path, &[("typed_name", "Focus Labs")]).await.status, 303, "still fresh");
    portal.store.clock.turn(LATER);
    let refused = portal.post(&path, &[("typed_name", "Focus Labs")]).await;
    let next: String = url::form_urlencoded::byte_serialize(path.as_bytes()).collect();
    assert_eq!(refused.location(), format!("/account/confirm?next={next}"));
    let page = portal.get(refused.location()).await;
    assert!(page.body.contains("Confirm that it’s you") && page.body.contains("name=\"password\""), "{}", page.body);
    assert_eq!(events(portal, "session.confirmed").await, 0);
}

async fn what_was_typed_comes_back_after_the_confirmation(portal: &TestPortal) {
    portal.set_up().await;
    let org = portal.org("Focus Labs").await;
    portal.store.clock.turn(LATER);
    let path = format!("/orgs/{org}/keys/revoke-all");
    portal.post(&path, &[("typed_name", "Focus Labs"), ("reason", "A laptop <was> lost")]).await;
    let back = portal.post("/account/confirm", &[("next", &path), ("password", PASSWORD)]).await;
    assert_eq!(back.status, 200, "{}", back.body);
    assert!(back.body.contains("A laptop &lt;was&gt; lost"), "{}", back.body);
    let action = back.after("method=\"post\" action=\"", '"');
    assert_eq!(action, format!("{path}?resumed=confirmed"));
    let form = [("typed_name", "Focus Labs"), ("reason", "A laptop <was> lost")];
    let again = portal.post(&action, &form).await;
    assert!(again.status == 422 && again.body.contains("Check what you typed, then send it."), "{}", again.body);
    assert!(again.body.contains("A laptop &lt;was&gt; lost"), "{}", again.body);
    assert_eq!(portal.post(&path, &form).await.status, 303, "done");
    assert_eq!(events(portal, "session.confirmed").await, 1);
}

async fn a_wrong_password_confirms_nothing_and_has_to_wait(portal: &TestPortal) {
    portal.set_up().await;
    portal.store.clock.turn(LATER);
    assert_eq!(portal.post("/account/confirm", &[]).await.status, 422);
    for _ in 0..10 {
        assert_eq!(portal.post("/account/confirm", &[("password", "wrong horse battery")]).await.status, 422);
    }
    assert_eq!(portal.post("/account/confirm", &[("password", PASSWORD)]).await.status, 429);
    assert_eq!(
        portal.post("/account/recovery-codes", &[]).await.location(),
        "/account/confirm?next=%2Faccount%2Frecovery-codes"
    );
}

async fn with_a_second_factor_a_code_confirms(portal: &TestPortal) {
    portal.set_up().await;
    let (secret, answer) = set_up_app(portal, &portal.client).await;
    portal.store.clock.turn(LATER);
    let page = portal.get("/account/confirm").await.body;
    assert!(page.contains("name=\"code\"") && !page.contains("name=\"password\""), "{page}");
    assert_eq!(portal.post("/account/confirm", &[("password", PASSWORD)]).await.status, 422, "it is not enough");
    assert_eq!(portal.post("/account/confirm", &[("code", "000000")]).await.status, 422);
    let code = next_code(portal, &secret);
    assert_eq!(portal.post("/account/confirm", &[("code", &code), ("next", "/account")]).await.location(), "/account");
    assert_eq!(portal.post("/account/confirm", &[("code", &code)]).await.status, 422, "it was used");
    let recovery = codes(&answer).remove(0);
    assert_eq!(portal.post("/account/confirm", &[("code", &recovery)]).await.status, 303);
    assert_eq!(portal.post("/account/recovery-codes", &[]).await.status, 200);
}

async fn each_of_these_needs_a_fresh_sign_in(portal: &TestPortal) {
    portal.set_up().await;
    let org = portal.org("Focus Labs").await;
    let seen = portal.get(&format!("/orgs/{org}/settings/key-rules")).await.hidden("seen");
    let token = portal.get("/account/tokens/new").await.hidden("form_token");
    let root = portal.get("/admin/root-tokens/new").await.hidden("form_token");
    portal.store.clock.turn(LATER);
    let forms: [(String, Vec<(&str, &str)>); 9] = [
        (format!("/orgs/{org}/keys/revoke-all"), vec![("typed_name", "Focus Labs")]),
        (format!("/orgs/{org}/settings/delete"), vec![("typed_name", "Focus Labs")]),
        (format!("/orgs/{org}/settings/key-rules"), vec![("seen", &seen)]),
        (format!("/orgs/{org}/activity/evidence"), vec![]),
        ("/account/tokens/new".to_owned(), vec![("form_token", &token), ("token_name", "CI"), ("expires", "90")]),
        (
            "/admin/root-tokens/new".to_owned(),
            vec![("form_token", &root), ("name", "CI"), ("access", "verify"), ("expires", "never")],
        ),
        ("/account/authenticator/remove".to_owned(), vec![]),
        ("/account/recovery-codes".to_owned(), vec![]),
        ("/admin/revoke-keys".to_owned(), vec![("typed_name", "All keys"), ("reason", "x"), ("password", PASSWORD)]),
    ];
    for (path, form) in forms {
        let answer = portal.post(&path, &form).await;
        assert!(answer.location().starts_with("/account/confirm?next="), "{path}: {} {}", answer.status, answer.body);
    }
    for path in ["activity.csv", "activity.jsonl"] {
        let answer = portal.get(&format!("/orgs/{org}/{path}?action=app.created")).await;
        assert!(answer.location().ends_with("%3Faction%3Dapp.created"), "{path}: {}", answer.location());
    }
    assert!(portal.get("/admin/audit.csv").await.location().starts_with("/account/confirm"));
}

async fn what_takes_less_does_not(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    portal.store.clock.turn(LATER);
    assert_eq!(portal.get(&format!("/apps/{app}/activity.csv")).await.status, 200);
    assert_eq!(portal.post("/account", &[("do", "name"), ("name", "Ada King")]).await.status, 303);
    assert_eq!(portal.post("/account", &[("do", "sessions")]).await.location(), "/account?changed=sessions");
}

async fn it_leads_back_here_alone(portal: &TestPortal) {
    portal.set_up().await;
    for next in ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"] {
        let answer = portal.post("/account/confirm", &[("password", PASSWORD), ("next", next)]).await;
        assert_eq!((answer.status.as_u16(), answer.location()), (303, "/"), "{next}");
    }
}

async fn a_confirmation_gives_the_session_another_token(portal: &TestPortal) {
    portal.set_up().await;
    let old = portal.cookie("sallyport").expect("a session");
    portal.confirm(PASSWORD).await;
    assert_ne!(portal.cookie("sallyport").expect("a session"), old);
    assert_eq!(portal.get("/account").await.body.matches("This session").count(), 1);
    portal.set_cookie("sallyport", &old);
    assert_eq!(portal.get("/account").await.status, 303);
}
