//! `/sign-in`, `/sign-out`

use sallyport::testing::TestStore;

use crate::{
    middleware::headers::without_what_differs,
    portal::{PASSWORD, TestPortal},
};

crate::on_both_portals!(
    unknown_and_wrong_get_the_same_answer,
    one_comes_back_to_where_one_was,
    signing_in_makes_a_new_id,
    signing_out_ends_the_session_at_once,
    the_database_does_not_hold_the_id,
    a_redirect_stays_here,
);

async fn unknown_and_wrong_get_the_same_answer(portal: &TestPortal) {
    portal.set_up().await;
    let browser = portal.another();
    let answer = |email: &'static str| {
        let browser = browser.clone();
        async move {
            let answer = browser.post("/sign-in", &[("email", email), ("password", "wrong horse battery")]).await;
            (answer.status, without_what_differs(&answer).1.replace(email, "EMAIL"))
        }
    };
    let (unknown, wrong) = (answer("nobody@example.com").await, answer("ada@example.com").await);
    assert_eq!(unknown.0, 422);
    assert_eq!(answer("\0").await.0, 422);
    assert_eq!(unknown, wrong);
}

async fn one_comes_back_to_where_one_was(portal: &TestPortal) {
    portal.set_up().await;
    let org = portal.org("Focus Labs").await;
    let browser = portal.another();
    let path = format!("/orgs/{org}/activity?action=tenant.created");
    let asked = browser.get(&path).await;
    assert_eq!(asked.status, 303);
    let form = browser.get(asked.location()).await;
    let next = form.hidden("next");
    let answer =
        browser.post("/sign-in", &[("email", "ADA@example.com"), ("password", PASSWORD), ("next", &next)]).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (303, path.as_str()));
    assert_eq!(browser.get(&path).await.status, 200);
}

async fn signing_in_makes_a_new_id(portal: &TestPortal) {
    portal.set_up().await;
    let browser = portal.another();
    browser.set_cookie("sallyport", "AAAAAAAAAAAAAAAAAAAAAA");
    let fields = [("email", "ada@example.com"), ("password", PASSWORD)];
    browser.post("/sign-in", &fields).await;
    let first = browser.cookie("sallyport").expect("a cookie");
    assert_ne!(first, "AAAAAAAAAAAAAAAAAAAAAA");
    browser.post("/sign-in", &fields).await;
    let second = browser.cookie("sallyport").expect("a cookie");
    assert_ne!(first, second);
    let stolen = portal.another();
    stolen.set_cookie("sallyport", &first);
    assert_eq!(stolen.get("/orgs/new").await.status, 303, "the old id is dead");
}

async fn signing_out_ends_the_session_at_once(portal: &TestPortal) {
    portal.set_up().await;
    let kept = portal.cookie("sallyport").expect("a cookie");
    let answer = portal.post("/sign-out", &[]).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (303, "/sign-in"));
    assert!(portal.cookie("sallyport").is_none(), "the cookie is taken back");
    let replayed = portal.another();
    replayed.set_cookie("sallyport", &kept);
    assert_eq!(replayed.get("/orgs/new").await.status, 303);
}

async fn the_database_does_not_hold_the_id(portal: &TestPortal) {
    portal.set_up().await;
    let fields = [("email", "ada@example.com"), ("password", PASSWORD)];
    let answer = portal.another().post("/sign-in", &fields).await;
    let cookie = answer.header("set-cookie");
    for attribute in ["sallyport=", "HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(attribute), "{attribute} in {cookie}");
    }
    assert!(!cookie.contains("Secure"), "plain http: browsers would drop it");
}

#[tokio::test]
async fn over_https_the_cookie_is_bound_to_the_host() {
    let portal = TestPortal::at(TestStore::sqlite().await, "https://keys.example.com").await;
    let fields = [("name", "Ada"), ("email", "ada@example.com"), ("password", PASSWORD)];
    let mut form = crate::client::Client::form("/setup", &fields);
    form.headers_mut().insert("origin", "https://keys.example.com".parse().expect("a header"));
    let refused = portal.send(form).await;
    assert_eq!(refused.status, 422, "whoever is behind a public address needs the token, loopback or not");
    let token = portal.state.context.setup_token.clone();
    let fields = [fields[0], fields[1], fields[2], ("token", token.as_str())];
    let mut form = crate::client::Client::form("/setup", &fields);
    form.headers_mut().insert("origin", "https://keys.example.com".parse().expect("a header"));
    let answer = portal.send(form).await;
    let cookie = answer.header("set-cookie").to_owned();
    assert!(cookie.starts_with("__Host-sallyport="), "{cookie}");
    assert!(cookie.contains("Secure") && !cookie.contains("Domain"), "{cookie}");
    assert_eq!(answer.header("strict-transport-security"), "max-age=31536000");
    let form = |origin: &'static str| {
        let mut form = crate::client::Client::form("/sign-out", &[]);
        form.headers_mut().insert("origin", origin.parse().expect("a header"));
        form.headers_mut().insert("host", "keys.example.com".parse().expect("a header"));
        portal.send(form)
    };
    assert_eq!(form("http://keys.example.com").await.status, 403, "the scheme counts");
    let taken_back = form("https://keys.example.com").await.header("set-cookie").to_owned();
    assert!(taken_back.starts_with("__Host-sallyport=;") && taken_back.contains("; Secure"), "{taken_back}");
    portal.end().await;
}

async fn a_redirect_stays_here(portal: &TestPortal) {
    portal.set_up().await;
    for next in ["https://evil.example", "//evil.example", "/\\evil.example"] {
        let fields = [("email", "ada@example.com"), ("password", PASSWORD), ("next", next)];
        assert_eq!(portal.another().post("/sign-in", &fields).await.location(), "/", "{next}");
    }
}
