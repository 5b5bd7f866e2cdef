//! Error pages: they keep the frame, and offer help.

use axum::{body::Body, routing::get};
use sallyport::{
    audit::{Act, Actor},
    id::OrgId,
    member::Role,
};
use sallyport_app::routes;
use sallyport_server::server::Server;

use crate::{client::Client, portal::TestPortal};

crate::on_both_portals!(
    a_missing_page_keeps_the_frame,
    a_role_too_small_says_whom_to_ask,
    a_broken_page_shows_its_request_id,
    without_a_database_there_is_no_frame,
    the_switcher_offers_what_there_is,
);

async fn a_missing_page_keeps_the_frame(portal: &TestPortal) {
    portal.set_up().await;
    let org = portal.org("Focus Labs").await;
    for path in ["/nowhere", "/apps/app_x_000000", "/keys/key_0000000000000000", "/orgs/new/other"] {
        let page = portal.get(path).await;
        assert_eq!(page.status, 404, "{path}");
        for text in [
            "<title>Page not found · Sallyport</title>",
            "id=\"sidebar\"",
            "Switch organization",
            "Your account",
            "mistyped",
            "deleted",
            "another organization",
            "action=\"/search\"",
            "Go to the portal",
            "Copy request id",
        ] {
            assert!(page.body.contains(text), "{path}: {text}");
        }
        // With one organization there is no ambiguity.
        assert!(page.body.contains(&format!("href=\"/orgs/{org}/keys\"")));
        assert_eq!(page.header("cache-control"), "no-store");
    }
    let bare = portal.another().get("/nowhere").await;
    assert_eq!(bare.status, 404);
    assert!(bare.body.contains("Page not found") && !bare.body.contains("id=\"sidebar\""));
    assert!(!bare.body.contains("action=\"/search\""), "nothing to search without signing in");
    // Other refusals too.
    let no_query = portal.get(&format!("/orgs/{org}/activity?before=soon")).await;
    assert_eq!(no_query.status, 400);
    assert!(no_query.body.contains("id=\"sidebar\""));
}

async fn a_role_too_small_says_whom_to_ask(portal: &TestPortal) {
    portal.set_up().await;
    let org = portal.org("Focus Labs").await;
    let eve = portal.stranger().await;
    let user = portal.store.user_to_sign_in("eve@example.com").await.expect("asked").expect("there").0;
    let id = OrgId::parse(&org).expect("an id");
    portal.store.add_member(&Act::by(Actor::CommandLine), &id, &user, Role::Member).await.expect("added");
    let page = eve.get(&format!("/orgs/{org}/tenants/new")).await;
    assert_eq!(page.status, 403);
    for text in ["Your role here is Member.", "Focus Labs", "Ask ", "Ada Byron", "id=\"sidebar\"", "Not allowed"] {
        assert!(page.body.contains(text), "{text}");
    }
}

async fn a_broken_page_shows_its_request_id(portal: &TestPortal) {
    portal.set_up().await;
    let broken = routes::routes().route("/broken", get(async || -> &'static str { panic!("a defect, on purpose") }));
    let client = portal.client.with(Server::with_pages(portal.state.clone(), || broken));
    let page = client.get("/broken").await;
    assert_eq!(page.status, 500);
    for text in
        ["Something went wrong", "It was logged", "id=\"sidebar\"", "Copy request id", page.header("x-request-id")]
    {
        assert!(page.body.contains(text), "{text}");
    }
    assert!(!page.body.contains("on purpose"), "what broke is for the log");
    assert_eq!(page.header("x-frame-options"), "DENY");
    assert_eq!(client.get("/search").await.status, 200, "the others go on");
}

async fn without_a_database_there_is_no_frame(portal: &TestPortal) {
    portal.set_up().await;
    portal.store.close().await;
    let page = portal.get("/search").await;
    assert_eq!(page.status, 503);
    assert!(page.body.contains("Not reachable right now") && page.body.contains(page.header("x-request-id")));
    assert!(!page.body.contains("id=\"sidebar\""));
}

async fn the_switcher_offers_what_there_is(portal: &TestPortal) {
    portal.set_up().await;
    let (one, two) = (portal.org("Focus Labs").await, portal.org("Calm Company").await);
    for path in ["/orgs/new", "/nowhere", "/search"] {
        let page = portal.get(path).await.body;
        for text in ["2 to choose from", &format!("href=\"/orgs/{one}\""), &format!("href=\"/orgs/{two}\"")] {
            assert!(page.contains(text), "{path}: {text}");
        }
    }
    // Within a tenant the projects are that tenant's; all of them are reachable through the switcher.
    let tenant = portal.get(&format!("/orgs/{one}")).await.after("href=\"/tenants/", '"');
    let page = portal.get(&format!("/tenants/{tenant}")).await.body;
    let sections = page.split("aria-label=\"Main\"").nth(1).expect("the sections");
    assert!(sections.split("</nav>").next().expect("an end").contains(&format!("href=\"/tenants/{tenant}\"")));
    assert!(page.contains("All tenants"));
    let form = Client::request(axum::http::Method::DELETE, "/search").header("origin", crate::client::ORIGIN);
    assert_eq!(portal.send(form.body(Body::empty()).expect("a request")).await.status, 405);
}
