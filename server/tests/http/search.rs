//! `/search`

use axum::{
    body::Body,
    http::{Request, header},
};
use sallyport::member::Role;

use crate::{
    client::{Answer, Client},
    portal::{TestPortal, find},
};

crate::on_both_portals!(
    things_and_pages_are_found,
    an_id_leads_to_its_thing,
    a_pasted_key_leads_to_its_key_and_is_not_repeated,
    what_looks_like_a_secret_is_not_repeated,
    what_belongs_to_others_is_not_found,
    people_are_found_on_their_members_page,
    every_page_it_leads_to_exists,
    the_palette_gets_options,
    the_theme_is_set_from_the_results,
    signed_out_finds_nothing,
);

async fn search(client: &Client, words: &str) -> Answer {
    client.post("/search", &[("q", words)]).await
}

/// Like the palette.
async fn fragment(client: &Client, words: &str) -> Answer {
    let mut request: Request<Body> = Client::form("/search", &[("q", words)]);
    request.headers_mut().insert("x-fragment", "true".parse().expect("a header"));
    client.send(request).await
}

async fn things_and_pages_are_found(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, _) = portal.key(&app).await;
    let empty = portal.get("/search").await;
    assert_eq!(empty.status, 200);
    assert!(empty.body.contains("<title>Search · Sallyport</title>"));
    let page = search(portal, "FOCUS").await;
    assert_eq!(page.status, 200);
    for text in ["Organizations", "Projects", "Apps", &format!("href=\"/apps/{app}\""), "value=\"FOCUS\""] {
        assert!(page.body.contains(text), "{text}");
    }
    assert!(page.body.contains("data-instead=\"/search?q=FOCUS\""), "for the way back");
    let again = portal.get("/search?q=FOCUS").await.body;
    assert!(again.contains(&format!("href=\"/apps/{app}\"")) && again.contains("value=\"FOCUS\""));
    assert!(search(portal, "ci").await.body.contains(&format!("href=\"/keys/{key}\"")));
    assert!(search(portal, "audit").await.body.contains("/activity\""), "pages by what else they are called");
    let nothing = search(portal, "<b>zzz").await.body;
    assert!(nothing.contains("No results.") && nothing.contains("value=\"&lt;b&gt;zzz\""));
    for words in ["", "   ", "%", "a\0b", &"x".repeat(5_000), "\u{202e}"] {
        assert_eq!(search(portal, words).await.status, 200, "{words:?}");
    }
}

async fn people_are_found_on_their_members_page(portal: &TestPortal) {
    portal.set_up().await;
    let org = portal.org("Focus Labs").await;
    let eve = portal.stranger().await;
    let user = portal.store.account_by_email("eve@example.com").await.expect("asked").expect("there").user;
    for words in ["Eve", "eve@example.com", user.id.as_str()] {
        assert!(!search(portal, words).await.body.contains(&format!("#{}", user.id)), "{words}: of no organization");
        assert!(!search(&eve, "Ada").await.body.contains("ada@example.com"));
    }
    let shell = sallyport::audit::Act::by(sallyport::audit::Actor::CommandLine);
    let id = sallyport::id::OrgId::parse(&org).expect("an id");
    portal.store.add_member(&shell, &id, &user, Role::Member).await.expect("added");
    let href = format!("/orgs/{org}/members#{}", user.id);
    for words in ["Eve", "eve@example.com", user.id.as_str()] {
        let page = search(portal, words).await.body;
        assert!(page.contains("People") && page.contains(&format!("href=\"{href}\"")), "{words}: {page}");
        assert!(fragment(portal, words).await.body.contains(&format!("href=\"{href}\"")), "{words}");
    }
    assert!(search(&eve, "byron").await.body.contains("ada@example.com"), "everybody sees who else is a member");
    assert!(portal.get(&format!("/orgs/{org}/members")).await.body.contains(&format!("<tr id=\"{}\"", user.id)));
}

async fn an_id_leads_to_its_thing(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, _) = portal.key(&app).await;
    let ids = portal.get(&format!("/apps/{app}/identifiers.json")).await.json();
    let id = |name: &str| ids[name].as_str().expect("text").to_owned();
    for (place, id) in [
        ("orgs", id("org_id")),
        ("tenants", id("tenant_id")),
        ("projects", id("project_id")),
        ("apps", id("app_id")),
        ("keys", key),
    ] {
        let answer = search(portal, &format!("  {id}\n")).await;
        assert_eq!((answer.status.as_u16(), answer.location()), (303, format!("/{place}/{id}").as_str()));
    }
}

async fn a_pasted_key_leads_to_its_key_and_is_not_repeated(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, secret) = portal.key(&app).await;
    for text in [secret.clone(), format!("x-api-key: {secret}"), format!("\"{secret}\"")] {
        let answer = search(portal, &text).await;
        assert_eq!((answer.status.as_u16(), answer.location()), (303, format!("/keys/{key}").as_str()));
        assert_eq!(answer.header("cache-control"), "");
        let answer = fragment(portal, &text).await;
        assert_eq!(answer.status, 200);
        assert!(answer.body.contains(&format!("href=\"/keys/{key}\"")) && !answer.body.contains(&secret[8..]));
    }
    portal.revoke(&key).await;
    assert_eq!(search(portal, &secret).await.location(), format!("/keys/{key}"), "a revoked key is found too");

    // A member of another organization learns nothing about it.
    let eve = portal.stranger().await;
    let answer = search(&eve, &secret).await;
    assert_eq!(answer.status, 200);
    assert!(answer.body.contains("No key of your organizations has this secret."));
    let unknown = search(&eve, "sk_live_000000000000000000000000000000000000").await;
    assert_eq!(unknown.status, 200);
    assert_eq!(find(&answer.body, "sk_live_", 44), None);
}

async fn what_looks_like_a_secret_is_not_repeated(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let shown = portal.generate(&app, "CI", &["read"], true).await;
    let signing = shown.signing_secret.expect("a signing secret");
    let token = portal.root_token().await;
    for secret in [&shown.secret[..40], &signing, &token, "AKIA4EXAMPLE7SECRET0000"] {
        for answer in [search(portal, secret).await, fragment(portal, secret).await] {
            assert_eq!(answer.status, 200);
            assert!(!answer.body.contains("?q="), "{}", answer.body);
            assert!(!answer.body.contains(secret) && !answer.body.contains(&secret[8..20]), "{}", answer.body);
        }
    }
}

async fn what_belongs_to_others_is_not_found(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, _) = portal.key(&app).await;
    let org =
        portal.get(&format!("/apps/{app}/identifiers.json")).await.json()["org_id"].as_str().expect("text").to_owned();
    let eve = portal.stranger().await;
    for words in ["focus", "calm", "ci", "development", &org[..8], app.as_str(), &key, &org] {
        for answer in [search(&eve, words).await, fragment(&eve, words).await] {
            assert_eq!(answer.status, 200, "{words}");
            for text in ["Focus Labs", "Focus and calm", "/apps/", "/keys/", "/tenants/", &format!("/orgs/{org}")] {
                assert!(!answer.body.contains(text), "{words}: {text}");
            }
        }
    }
    // Nor by claiming to come from there.
    assert!(!eve.get(&format!("/search?org={org}")).await.body.contains("Focus Labs"));
    let answer = eve.post("/search", &[("q", "activity"), ("org", &org)]).await;
    assert!(answer.status == 200 && !answer.body.contains("Focus Labs"));
}

async fn every_page_it_leads_to_exists(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let org =
        portal.get(&format!("/apps/{app}/identifiers.json")).await.json()["org_id"].as_str().expect("text").to_owned();
    portal.org("Second").await;
    let page = portal.get(&format!("/search?org={org}")).await;
    let (_, results) = page.body.split_once("<ul class=\"hits\">").expect("results");
    let hits: Vec<_> = results.split("<li><a href=\"").skip(1).collect();
    assert!(hits.len() > 6, "{}", page.body);
    for hit in hits {
        let href = hit.split('"').next().expect("an address");
        assert_eq!(portal.get(href).await.status, 200, "{href}");
    }
    for text in ["New project", "New tenant", "New organization", "Generate API Key", "API keys", "Activity", "Second"]
    {
        assert!(page.body.contains(text), "{text}");
    }

    // A member finds no page that they can't use.
    let eve = portal.stranger().await;
    let user = portal.store.user_to_sign_in("eve@example.com").await.expect("asked").expect("there").0;
    let id = sallyport::id::OrgId::parse(&org).expect("an id");
    let act = sallyport::audit::Act::by(sallyport::audit::Actor::CommandLine);
    portal.store.add_member(&act, &id, &user, Role::TenantAdmin).await.expect("added");
    let page = eve.get("/search").await.body;
    assert!(page.contains("New project") && !page.contains(&format!("<li><a href=\"/orgs/{org}/tenants/new")));
    assert!(!search(&eve, "new tenant").await.body.contains("class=\"hit\""));
}

async fn the_palette_gets_options(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let answer = fragment(portal, "focus and").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(answer.header("content-type").starts_with("text/html"));
    for text in [
        "role=\"listbox\"",
        "id=\"palette-list\"",
        "role=\"option\"",
        "id=\"hit-1\"",
        "aria-selected=\"false\"",
        &format!("href=\"/apps/{app}\""),
        "data-say=\"2 results\"",
    ] {
        assert!(answer.body.contains(text), "{text}: {}", answer.body);
    }
    assert!(!answer.body.contains("<html") && !answer.body.contains("<script"));
    let nothing = fragment(portal, "zzz").await.body;
    assert!(!nothing.contains("listbox") && nothing.contains("data-say=\"No results.\""));
    // A link on every page opens it, or leads to its page without scripts.
    let page = portal.get(&format!("/apps/{app}")).await.body;
    for text in ["id=\"search-link\"", "id=\"palette\"", "role=\"combobox\"", "action=\"/search\""] {
        assert!(page.contains(text), "{text}");
    }
}

async fn the_theme_is_set_from_the_results(portal: &TestPortal) {
    portal.set_up().await;
    let page = search(portal, "dark").await.body;
    for text in ["form=\"theme-form\"", "value=\"dark\"", "id=\"theme-form\""] {
        assert!(page.contains(text), "{text}");
    }
    let answer = portal.post("/theme", &[("back", "/search"), ("theme", "dark")]).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (303, "/search"));
    assert!(!answer.cookies()[0].contains("Secure"), "plain http: browsers would drop it");
    assert!(portal.get("/search").await.body.contains("data-theme=\"dark\""));
}

async fn signed_out_finds_nothing(portal: &TestPortal) {
    portal.set_up().await;
    let nobody = portal.another();
    for answer in [nobody.get("/search").await, search(&nobody, "focus").await, fragment(&nobody, "focus").await] {
        assert_eq!(answer.status, 303);
        assert!(answer.location().starts_with("/sign-in"));
    }
    // Other sites can't search on behalf of a person.
    let mut elsewhere = Client::form("/search", &[("q", "focus")]);
    elsewhere.headers_mut().insert(header::ORIGIN, "https://evil.example".parse().expect("a header"));
    assert_eq!(portal.send(elsewhere).await.status, 403);
}

#[tokio::test]
async fn over_https_the_theme_is_kept_for_https() {
    let portal = TestPortal::at(sallyport::testing::TestStore::sqlite().await, "https://keys.example.com").await;
    let mut form = Client::form("/theme", &[("theme", "dark")]);
    form.headers_mut().insert(header::ORIGIN, "https://keys.example.com".parse().expect("a header"));
    let cookies = portal.send(form).await.cookies();
    assert!(cookies[0].starts_with("theme=dark;") && cookies[0].contains("; Secure"), "{cookies:?}");
    portal.end().await;
}
