//! `/{keys,apps,projects,orgs}/{id}/usage` and `…/usage.csv`

use std::time::Duration;

use crate::portal::TestPortal;

crate::on_both_portals!(
    each_level_shows_its_requests,
    a_range_and_a_table_are_in_the_address,
    a_file_has_the_numbers_of_the_page,
    without_requests_a_page_says_so,
    a_place_shows_its_most_used_keys,
    a_key_shows_how_near_it_came_to_its_limits,
    a_list_shows_the_last_days_of_its_keys,
    a_key_lists_its_requests,
    operators_see_the_whole_portal,
);

/// The addresses of a key and of what it is within.
async fn levels(portal: &TestPortal) -> ([String; 4], String) {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, secret) = portal.key(&app).await;
    let page = portal.get(&format!("/apps/{app}")).await;
    let project = page.after("href=\"/projects/", '"');
    let org = page.after("href=\"/orgs/", '"');
    let levels =
        [format!("/keys/{key}"), format!("/apps/{app}"), format!("/projects/{project}"), format!("/orgs/{org}")];
    (levels, secret)
}

/// Two accepted requests, and one that lacks a scope.
async fn send(portal: &TestPortal, secret: &str) {
    for query in ["?scope=read", "", "?scope=write"] {
        portal.auth(query, &[("x-api-key", secret)]).await;
    }
    portal.state.verifier.flush_counts().await.expect("written");
}

async fn each_level_shows_its_requests(portal: &TestPortal) {
    let (levels, secret) = levels(portal).await;
    send(portal, &secret).await;
    for path in &levels {
        let page = portal.get(&format!("{path}/usage")).await;
        assert_eq!(page.status, 200, "{path}");
        for text in [
            "<h2>Requests</h2>",
            "3 requests in the last 24 hours",
            "aria-label=\"3 requests in the last 24 hours: 2 accepted, 0 limited, 1 refused\"",
            "22 Nov 06:00 UTC: 2 accepted, 1 refused",
            "The key lacks a scope",
            "Unspecified",
            "Show as table",
        ] {
            assert!(page.body.contains(text), "{path}: {text}: {}", page.body);
        }
        // The page of what it is about has the chart, too.
        let overview = portal.get(path).await.body;
        assert!(
            overview.contains("Requests, 24 h") && overview.contains(&format!("href=\"{path}/usage\"")),
            "{overview}"
        );
    }
    // A tenant has the requests of its projects.
    let tenant = portal.get(&levels[2]).await.after("href=\"/tenants/", '"');
    let tenant = portal.get(&format!("/tenants/{tenant}")).await.body;
    assert!(tenant.contains("aria-label=\"3 requests in the last 24 hours: 2 accepted"), "{tenant}");
    let key = portal.get(&format!("{}/usage", levels[0])).await.body;
    assert!(key.contains("Networks") && key.contains("reason=insufficient_scope"), "{key}");
}

async fn a_range_and_a_table_are_in_the_address(portal: &TestPortal) {
    let ([key, ..], secret) = levels(portal).await;
    send(portal, &secret).await;
    portal.store.clock.turn(Duration::from_secs(2 * 60 * 60));
    for (range, words, shown) in [
        ("1h", "the last hour", false),
        ("24h", "the last 24 hours", true),
        ("7d", "the last 7 days", true),
        ("30d", "the last 30 days", true),
        ("12mo", "the last 12 months", true),
    ] {
        let page = portal.get(&format!("{key}/usage?range={range}")).await.body;
        let requests = if shown { "3 requests" } else { "0 requests" };
        assert!(page.contains(&format!("{requests} in {words}")), "{range}: {page}");
    }
    let table = portal.get(&format!("{key}/usage?range=7d&view=table")).await.body;
    assert!(table.contains("Show as chart") && table.contains("Rows without requests are left out."), "{table}");
    assert!(table.contains("data-label=\"Accepted\">2</td>"), "{table}");
    for query in ["range=2d", "range=24h&range=7d", "other=1"] {
        assert_eq!(portal.get(&format!("{key}/usage?{query}")).await.status, 400, "{query}");
    }
}

async fn a_file_has_the_numbers_of_the_page(portal: &TestPortal) {
    let (levels, secret) = levels(portal).await;
    send(portal, &secret).await;
    for path in levels {
        let file = portal.get(&format!("{path}/usage.csv?range=7d")).await;
        assert_eq!(file.header("content-type"), "text/csv; charset=utf-8; header=present");
        assert!(file.header("content-disposition").ends_with("-7d.csv\""), "{}", file.header("content-disposition"));
        let at = "2026-11-22T06:00:00Z";
        let lines = ["\u{feff}at,code,scope,requests".to_owned()]
            .into_iter()
            .chain(["insufficient_scope,,1", "valid,,1", "valid,read,1"].map(|rest| format!("{at},{rest}")));
        assert_eq!(file.body.lines().collect::<Vec<_>>(), lines.collect::<Vec<_>>());
    }
}

async fn without_requests_a_page_says_so(portal: &TestPortal) {
    let (levels, _) = levels(portal).await;
    for path in levels {
        let page = portal.get(&format!("{path}/usage")).await.body;
        for text in [
            "No request was verified in the last 24 hours.",
            "<figure",
            "usage?range=30d\" class=\"btn btn-small\">Show 30 days",
        ] {
            assert!(page.contains(text), "{text}: {page}");
        }
        assert!(!portal.get(&path).await.body.contains("Requests, 24 h"));
    }
}

async fn a_place_shows_its_most_used_keys(portal: &TestPortal) {
    let (levels, secret) = levels(portal).await;
    send(portal, &secret).await;
    portal.state.verifier.flush().await.expect("written");
    for path in &levels[1..] {
        let page = portal.get(&format!("{path}/usage")).await.body;
        assert!(page.contains("Most used keys") && page.contains(&format!("href=\"{}/usage\"", levels[0])), "{page}");
    }
    assert!(!portal.get(&format!("{}/usage", levels[0])).await.body.contains("Most used keys"));
}

async fn a_key_shows_how_near_it_came_to_its_limits(portal: &TestPortal) {
    let (levels, secret) = levels(portal).await;
    let path = &levels[0];
    let limits = [("address_mode", "monitor"), ("limit_per_minute", "60"), ("limit_per_day", "1000")];
    assert_eq!(portal.post(&format!("{path}/restrictions"), &limits).await.status, 303);
    send(portal, &secret).await;
    portal.state.verifier.flush().await.expect("written");
    let page = portal.get(&format!("{path}/usage")).await.body;
    for text in ["Today (UTC)", "2 of 1,000", "Busiest minute of 24 h", "2 of 60"] {
        assert!(page.contains(text), "{text}: {page}");
    }
}

async fn a_list_shows_the_last_days_of_its_keys(portal: &TestPortal) {
    let (levels, secret) = levels(portal).await;
    let list = format!("{}/keys", levels[1]);
    assert!(!portal.get(&list).await.body.contains("in 7 days"));
    send(portal, &secret).await;
    portal.state.verifier.flush().await.expect("written");
    assert!(portal.get(&list).await.body.contains("aria-label=\"3 requests in 7 days\""));
}

async fn a_key_lists_its_requests(portal: &TestPortal) {
    let (levels, secret) = levels(portal).await;
    let path = format!("{}/activity/requests", levels[0]);
    assert!(portal.get(&path).await.body.contains("No requests"));
    let headers = [
        ("x-api-key", secret.as_str()),
        ("x-forwarded-method", "DELETE"),
        ("x-forwarded-uri", "/v2/sessions/7?token=c0nfidential"),
        ("user-agent", "curl/8.14.1"),
    ];
    portal.auth("", &headers).await;
    send(portal, &secret).await;
    let page = portal.get(&path).await.body;
    for text in ["Accepted", "The key lacks a scope", "DELETE /v2/sessions/7", "curl/8.14.1", "href=\"/requests/req_"] {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(!page.contains("c0nfidential"), "queries are not kept: {page}");
    let refused = portal.get(&format!("{path}?result=refused&method=DELETE")).await.body;
    assert!(refused.contains("DELETE /v2/sessions/7") && !refused.contains("badge-good\">Accepted"), "{refused}");
    assert!(portal.get(&format!("{path}?address=192.0.2.1")).await.body.contains("No results"));
    for wrong in ["result=strange", "before=yesterday"] {
        assert_eq!(portal.get(&format!("{path}?{wrong}")).await.status, 400, "{wrong}");
    }
}

async fn operators_see_the_whole_portal(portal: &TestPortal) {
    let (levels, secret) = levels(portal).await;
    assert!(portal.get("/admin/usage").await.body.contains("No request was verified"));
    for key in ["junk", "sk_live_unknown"] {
        portal.auth("", &[("x-api-key", key)]).await;
    }
    send(portal, &secret).await;
    let page = portal.get("/admin/usage").await.body;
    let org = levels[3].replace("/orgs/", "/admin/organizations/");
    for text in ["5 requests in the last 24 hours", &format!("href=\"{org}\""), "by who asked", "127.0.0.0/24"] {
        assert!(page.contains(text), "{text}: {page}");
    }
    let file = portal.get("/admin/usage.csv").await.body;
    let sum = file.lines().skip(1).filter_map(|line| line.rsplit(',').next()?.parse::<u64>().ok()).sum::<u64>();
    assert_eq!(sum, 5, "{file}");
}
