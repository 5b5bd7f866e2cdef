//! `/admin`

mod apps;
mod audit;
mod jobs;
mod mail;
mod organizations;
mod revoke_keys;
mod root_tokens;
mod users;

use crate::{middleware::headers::without_what_differs, portal::TestPortal};

crate::on_both_portals!(to_others_it_does_not_exist, an_operator_finds_it_in_the_menu, no_operator_any_more,);

const PAGES: [&str; 13] = [
    "/admin",
    "/admin/revoke-keys",
    "/admin/organizations",
    "/admin/users",
    "/admin/apps",
    "/admin/root-tokens",
    "/admin/root-tokens/new",
    "/admin/mail",
    "/admin/jobs",
    "/admin/usage",
    "/admin/usage.csv",
    "/admin/audit",
    "/admin/health",
];

async fn to_others_it_does_not_exist(portal: &TestPortal) {
    portal.set_up().await;
    portal.org("Focus Labs").await;
    let eve = portal.stranger().await;
    let nothing = without_what_differs(&eve.get("/nothing").await);
    for path in PAGES {
        let answer = eve.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(without_what_differs(&answer), nothing, "{path}");
    }
    assert!(!eve.get("/account").await.body.contains("/admin"), "no link leads there");
}

async fn an_operator_finds_it_in_the_menu(portal: &TestPortal) {
    portal.set_up().await;
    assert!(portal.get("/account").await.body.contains("href=\"/admin\""));
    assert_eq!(portal.get("/admin").await.location(), "/admin/organizations");
    for path in &PAGES[1..] {
        let answer = portal.get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        let is_page = answer.header("content-type").starts_with("text/html");
        assert!(!is_page || answer.body.contains("aria-label=\"Admin\""), "{path}");
    }
    assert!(portal.get("/admin/organizations").await.body.contains("No organization yet"));
    assert!(portal.get("/admin/apps?q=x").await.body.contains("No results"));
}

async fn no_operator_any_more(portal: &TestPortal) {
    portal.set_up().await;
    let act = sallyport::audit::Act::by(sallyport::audit::Actor::CommandLine);
    let eve = portal.stranger().await;
    let user = portal.store.account_by_email("eve@example.com").await.expect("asked").expect("there").user;
    portal.store.set_operator(&act, &user, true).await.expect("set");
    let fields = [("email", "eve@example.com"), ("password", crate::portal::PASSWORD)];
    assert_eq!(eve.post("/sign-in", &fields).await.status, 303);
    assert_eq!(eve.get("/admin/users").await.status, 200);
    portal.store.set_operator(&act, &user, false).await.expect("set");
    // Their sessions ended with it.
    assert!(eve.get("/admin/users").await.location().starts_with("/sign-in"));
    assert_eq!(eve.post("/sign-in", &fields).await.status, 303);
    assert_eq!(eve.get("/admin/users").await.status, 404);
}
