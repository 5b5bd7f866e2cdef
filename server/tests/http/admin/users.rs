//! `/admin/users`

use crate::portal::{PASSWORD, TestPortal};

crate::on_both_portals!(a_person_is_disabled_and_enabled, not_oneself, everybody_is_signed_out,);

async fn id(portal: &TestPortal, email: &str) -> String {
    portal.store.account_by_email(email).await.expect("asked").expect("there").user.id.to_string()
}

async fn a_person_is_disabled_and_enabled(portal: &TestPortal) {
    portal.set_up().await;
    let eve = portal.stranger().await;
    let user = id(portal, "eve@example.com").await;
    // Ids are searched, too, and one of another person may contain "eve": with an @, it can not.
    for words in ["EVE%40EXAMPLE", "eve%40example", &user] {
        let found = portal.get(&format!("/admin/users?q={words}")).await.body;
        assert!(found.contains("eve@example.com") && !found.contains("ada@example.com</span>"), "{words}");
    }
    let path = format!("/admin/users/{user}");
    assert_eq!(portal.post(&format!("{path}/sign-out"), &[]).await.status, 303);
    assert!(eve.get("/account").await.location().starts_with("/sign-in"), "the session ended");
    let fields = [("email", "eve@example.com"), ("password", PASSWORD)];
    assert_eq!(eve.post("/sign-in", &fields).await.status, 303);

    assert!(portal.get(&format!("{path}/disable")).await.body.contains("Disable this account?"));
    let answer = portal.post(&format!("{path}/disable"), &[]).await;
    assert_eq!(answer.location(), format!("/admin/users?done=disable&q={user}"));
    let page = portal.get(answer.location()).await.body;
    assert!(page.contains("Disabled") && page.contains(&format!("{path}/enable")));
    assert!(eve.get("/account").await.location().starts_with("/sign-in"));
    assert_eq!(eve.post("/sign-in", &fields).await.status, 422);
    assert_eq!(portal.post(&format!("{path}/enable"), &[]).await.status, 303);
    assert_eq!(eve.post("/sign-in", &fields).await.status, 303);
}

async fn not_oneself(portal: &TestPortal) {
    portal.set_up().await;
    let user = id(portal, "ada@example.com").await;
    let refused = portal.post(&format!("/admin/users/{user}/disable"), &[]).await;
    assert_eq!(refused.status, 409);
    assert!(refused.body.contains("Another operator can disable it"), "{}", refused.body);
    assert_eq!(portal.get("/account").await.status, 200);
}

async fn everybody_is_signed_out(portal: &TestPortal) {
    portal.set_up().await;
    let eve = portal.stranger().await;
    let path = "/admin/users/sign-out";
    assert!(portal.get(path).await.body.contains("Type “Everybody” to confirm."));
    assert_eq!(portal.post(path, &[("typed_name", "everyone")]).await.status, 422);
    assert_eq!(eve.get("/account").await.status, 200);
    assert_eq!(portal.post(path, &[("typed_name", "Everybody")]).await.location(), "/sign-in");
    for browser in [&eve, &portal.client] {
        assert!(browser.get("/account").await.location().starts_with("/sign-in"));
    }
}
