//! A form that was sent after its session ended: it is shown again after the sign-in, and has no effect before.

use crate::{
    client::{Answer, Client},
    portal::{PASSWORD, TestPortal},
};

crate::on_both_portals!(
    what_was_typed_comes_back_in_its_form,
    secrets_do_not_come_back,
    it_is_kept_for_a_quarter_of_an_hour,
    forged_cookies_are_ignored,
    it_is_not_shown_to_others,
);

async fn sign_in(browser: &Client) -> Answer {
    browser.post("/sign-in", &[("email", "ada@example.com"), ("password", PASSWORD), ("next", "/account")]).await
}

/// A key, and the same browser after its session was ended elsewhere.
async fn signed_out(portal: &TestPortal) -> String {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, _) = portal.key(&app).await;
    let cookie = portal.cookie("sallyport").expect("a session");
    portal.post("/sign-out", &[]).await;
    portal.set_cookie("sallyport", &cookie);
    key
}

async fn what_was_typed_comes_back_in_its_form(portal: &TestPortal) {
    let key = signed_out(portal).await;
    let edit = format!("/keys/{key}/edit");
    let form = [("label", "Nightly <export>"), ("metadata", "{\"team\":\n\"x\"}")];
    let sent = portal.post(&edit, &form).await;
    let next = url::form_urlencoded::byte_serialize(edit.as_bytes()).collect::<String>();
    assert_eq!((sent.status.as_u16(), sent.location()), (303, format!("/sign-in?next={next}").as_str()));
    assert!(!portal.cookie("typed").expect("kept").contains("Nightly"), "sealed");
    let back = sign_in(portal).await;
    assert_eq!(back.status, 200);
    assert!(
        back.body.contains("You are signed in again") && back.body.contains("Nightly &lt;export&gt;"),
        "{}",
        back.body
    );
    assert_eq!(portal.cookie("typed"), None);
    let action = back.after("method=\"post\" action=\"", '"');
    assert_eq!(action, format!("{edit}?resumed=1"));
    // As the browser sends it.
    let shown = portal.post(&action, &form).await;
    assert_eq!(shown.status, 422);
    assert!(
        shown.body.contains("Check what you typed, then send it.") && shown.body.contains("Nightly &lt;export&gt;")
    );
    assert!(portal.get(&format!("/keys/{key}")).await.body.contains("<h1>CI</h1>"), "nothing was done");
    assert_eq!(portal.post(&edit, &form).await.status, 303);
    assert!(portal.get(&format!("/keys/{key}")).await.body.contains("Nightly &lt;export&gt;"));
}

async fn secrets_do_not_come_back(portal: &TestPortal) {
    signed_out(portal).await;
    let token = portal.root_token().await;
    let form = [
        ("do", "password"),
        ("current_password", "hunter-two-three"),
        ("new_password", "a-new-one-of-mine"),
        ("note", &token),
    ];
    portal.post("/account", &form).await;
    let back = sign_in(portal).await.body;
    assert!(back.contains("value=\"password\""), "{back}");
    for secret in ["hunter-two", "a-new-one", token.as_str()] {
        assert!(!back.contains(secret), "{back}");
    }
}

async fn it_is_kept_for_a_quarter_of_an_hour(portal: &TestPortal) {
    let key = signed_out(portal).await;
    portal.post(&format!("/keys/{key}/revoke"), &[("reason", "Lost")]).await;
    portal.store.clock.turn(std::time::Duration::from_secs(15 * 60 + 1));
    assert_eq!(sign_in(portal).await.location(), "/account");
    // A form that is too large for a cookie is not kept, and the sign-in still leads to the page.
    portal.post("/sign-out", &[]).await;
    let long = "x".repeat(6_000);
    let sent = portal.post(&format!("/keys/{key}/edit"), &[("label", "x"), ("metadata", &long)]).await;
    assert!(sent.location().starts_with("/sign-in?next=%2Fkeys%2F"), "{}", sent.location());
    assert!(sent.cookies().iter().all(|cookie| !cookie.starts_with("typed=")), "{:?}", sent.cookies());
}

async fn forged_cookies_are_ignored(portal: &TestPortal) {
    signed_out(portal).await;
    for junk in ["AAAA", "", "eyJwYXRoIjoiL2tleXMifQ", "%00"] {
        portal.set_cookie("typed", junk);
        assert_eq!(sign_in(portal).await.location(), "/account", "{junk}");
        portal.post("/sign-out", &[]).await;
    }
}

async fn it_is_not_shown_to_others(portal: &TestPortal) {
    let key = signed_out(portal).await;
    let eve = portal.stranger().await;
    portal.post(&format!("/keys/{key}/edit"), &[("label", "Nightly"), ("metadata", "{}")]).await;
    let typed = portal.cookie("typed").expect("kept");
    let fields = [("email", "eve@example.com"), ("password", PASSWORD), ("next", "/account")];
    // Planted in another browser, and if another person signs in to this one.
    eve.post("/sign-out", &[]).await;
    eve.set_cookie("typed", &typed);
    for browser in [&eve, &portal.client] {
        assert_eq!(browser.post("/sign-in", &fields).await.location(), "/account");
    }
    // Nor is anything kept for an unknown browser.
    let sent = portal.client.another().post(&format!("/keys/{key}/edit"), &[("label", "Nightly")]).await;
    assert_eq!(sent.status, 303);
    assert!(sent.cookies().iter().all(|cookie| !cookie.starts_with("typed=")), "{:?}", sent.cookies());
}
