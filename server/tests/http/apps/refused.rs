//! `/apps/{app_id}/activity/refused`, `/orgs/{org_id}/activity/refused`

use std::time::Duration;

use crate::portal::{TestPortal, find};

crate::on_both_portals!(
    refused_requests_stand_newest_first,
    each_app_has_its_own,
    a_flood_is_shown,
    repeats_are_one_row,
    an_empty_list_says_so
);

async fn refused_requests_stand_newest_first(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, secret) = portal.key(&app).await;
    let ask = |query: &'static str| {
        let headers = [("x-api-key", secret.clone())];
        async move {
            let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
            portal.auth(query, &headers).await.header("x-request-id").to_owned()
        }
    };
    let first = ask("?scope=write").await;
    portal.store.clock.turn(Duration::from_secs(120));
    let second = ask("?mode=test").await;
    let path = format!("/apps/{app}/activity/refused");
    let page = portal.get(&path).await;
    assert_eq!(page.status, 200);
    let at = |text: &str| page.body.find(text).unwrap_or_else(|| panic!("{text}: {}", page.body));
    assert!(at(&format!("href=\"/requests/{second}\"")) < at(&format!("href=\"/requests/{first}\"")));
    for text in [
        "The key lacks a scope",
        "2 min ago",
        "127.0.0.1",
        &format!("href=\"/keys/{key}\""),
        &format!("href=\"/apps/{app}/activity\""),
    ] {
        at(text);
    }
    assert_eq!(find(&page.body, "sk_live_", 44), None);
    let narrowed = |query: String| {
        let path = format!("{path}?{query}");
        async move { portal.get(&path).await.body }
    };
    let one = narrowed("reason=mode_mismatch".to_owned()).await;
    assert!(one.contains(&second) && !one.contains(&first));
    assert!(narrowed(format!("key={key}")).await.contains(&first));
    for query in ["reason=%00", "key=nobodys"] {
        assert!(narrowed(query.to_owned()).await.contains("No results"), "{query}");
    }
    let activity = portal.get(&format!("/apps/{app}/activity")).await.body;
    assert!(activity.contains(&format!("href=\"{path}\"")));
}

async fn each_app_has_its_own(portal: &TestPortal) {
    portal.set_up().await;
    let org = portal.org("Focus Labs").await;
    let (one, other) = (portal.app_in(&org, "One").await, portal.app_in(&org, "Other").await);
    let (_, secret) = portal.key(&one).await;
    let refused = portal.auth("?scope=write", &[("x-api-key", &secret)]).await;
    let id = refused.header("x-request-id");
    assert!(portal.get(&format!("/apps/{one}/activity/refused")).await.body.contains(id));
    assert!(!portal.get(&format!("/apps/{other}/activity/refused")).await.body.contains(id));
    let of_all = portal.get(&format!("/orgs/{org}/activity/refused")).await.body;
    assert!(of_all.contains(id) && of_all.contains("<span class=\"cell-sub\">One</span>"), "{of_all}");
    let why = portal.get(&format!("/requests/{id}")).await.body;
    assert!(why.contains(&format!("<a href=\"/apps/{one}\">One</a>")), "{why}");
    let elsewhere = portal.org("Elsewhere").await;
    assert!(!portal.get(&format!("/orgs/{elsewhere}/activity/refused")).await.body.contains(id));
}

async fn a_flood_is_shown(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (_, secret) = portal.key(&app).await;
    let other = portal.generate(&app, "Other", &["read"], false).await.secret;
    let quiet = portal.auth("?mode=test", &[("x-api-key", &other)]).await;
    for minute in 0..8 {
        for _ in 0..40 {
            portal.auth("?scope=write", &[("x-api-key", &secret)]).await;
        }
        if minute < 7 {
            portal.store.clock.turn(Duration::from_secs(60));
        }
    }
    // Twenty and the thirty-second of each minute are kept, then eight more are counted.
    let page = portal.get(&format!("/apps/{app}/activity/refused")).await.body;
    for text in
        ["321 requests in the last 24 hours; repeats share a row. 152 of them were only counted", ">320×<", "7 min ago"]
    {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert_eq!(page.matches("href=\"/requests/").count(), 2);
    assert_eq!(portal.get(&format!("/requests/{}", quiet.header("x-request-id"))).await.status, 200);
}

async fn repeats_are_one_row(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (_, secret) = portal.key(&app).await;
    let ask = async |method: &str, path: &str| {
        let headers = [("x-api-key", secret.as_str()), ("x-original-method", method), ("x-original-uri", path)];
        portal.auth("?mode=test", &headers).await.header("x-request-id").to_owned()
    };
    ask("GET", "/leads").await;
    portal.store.clock.turn(Duration::from_secs(180));
    let other = ask("POST", "/leads").await;
    let newest = ask("GET", "/leads?cursor=7").await;
    let page = portal.get(&format!("/apps/{app}/activity/refused")).await.body;
    let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text}: {page}"));
    // The row leads to the newest of them.
    assert!(at(&format!("href=\"/requests/{newest}\"")) < at(&format!("href=\"/requests/{other}\"")));
    assert_eq!(page.matches("href=\"/requests/").count(), 2);
    for text in [">2×<", "3 min ago", "3 requests in the last 24 hours; repeats share a row."] {
        at(text);
    }
}

async fn an_empty_list_says_so(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let page = portal.get(&format!("/apps/{app}/activity/refused")).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("No request was refused in the last 24 hours"));
}
