//! What runs before every handler.

pub mod headers;
pub mod host;

use axum::{
    body::Body,
    http::{Method, header},
};

use crate::{client::Client, portal::TestPortal};

crate::on_both_portals!(
    a_form_from_elsewhere_is_refused,
    every_answer_has_a_request_id,
    unknown_addresses_help,
    health_and_readiness,
    a_burst_is_answered,
);

async fn a_form_from_elsewhere_is_refused(portal: &TestPortal) {
    portal.set_up().await;
    let body = "name=Evil&plan=pro";
    let form = |name: Option<(&'static str, &'static str)>| {
        let mut request = Client::request(Method::POST, "/orgs/new")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some((name, value)) = name {
            request = request.header(name, value);
        }
        request.body(Body::from(body)).expect("a request")
    };
    for from in [
        None,
        Some(("origin", "https://evil.example")),
        Some(("origin", "null")),
        Some(("sec-fetch-site", "cross-site")),
        Some(("sec-fetch-site", "same-site")),
    ] {
        let answer = portal.send(form(from)).await;
        assert_eq!(answer.status, 403, "{from:?}");
        assert!(answer.body.contains("did not come from a page of this portal"));
    }
    assert_eq!(portal.get("/").await.location(), "/orgs/new", "nothing was made");
    assert_eq!(portal.send(form(Some(("sec-fetch-site", "same-origin")))).await.status, 303);
}

async fn every_answer_has_a_request_id(portal: &TestPortal) {
    for path in ["/healthz", "/sign-in", "/v1/auth", "/v1/none", "/nowhere", "/favicon.svg"] {
        let id = portal.get(path).await.header("x-request-id").to_owned();
        assert!(id.starts_with("req_") && id.len() == 24, "{path}: {id}");
    }
}

async fn unknown_addresses_help(portal: &TestPortal) {
    portal.set_up().await;
    let page = portal.get("/nowhere").await;
    assert_eq!(page.status, 404);
    assert!(page.body.contains("Page not found") && page.body.contains("Go to the portal"));
    assert!(page.body.contains(page.header("x-request-id")));
    let wrong_method = portal.post("/", &[]).await;
    assert_eq!(wrong_method.status, 405);
    assert!(wrong_method.header("allow").contains("GET"));
    let wrong_query = portal.get("/orgs/org_x_000000/activity?before=soon").await;
    assert_eq!(wrong_query.status, 404, "an organization that is not there comes before what is wrong with the query");
    let no_form = Client::request(Method::POST, "/orgs/new")
        .header(header::ORIGIN, crate::client::ORIGIN)
        .header(header::CONTENT_TYPE, "text/plain")
        .body(Body::from("name=x"));
    assert_eq!(portal.send(no_form.expect("a request")).await.status, 400);
}

async fn health_and_readiness(portal: &TestPortal) {
    assert_eq!(portal.get("/healthz").await.body, "ok\n");
    assert_eq!(portal.get("/readyz").await.status, 200);
    portal.store.close().await;
    assert_eq!(portal.get("/healthz").await.status, 200, "alive all the same");
    assert_eq!(portal.get("/readyz").await.status, 503);
    assert_eq!(portal.get("/sign-in").await.status, 503);
}

/// More concurrent requests than database connections: they wait for each other, and none is refused.
async fn a_burst_is_answered(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (_, secret) = portal.key(&app).await;
    let mut forms = Vec::new();
    for _ in 0..20 {
        forms.push(portal.panel(&app).await);
    }
    let mut asked = tokio::task::JoinSet::new();
    for n in 0..100 {
        let (client, form) = (portal.client.clone(), forms.get(n).cloned());
        let path = format!("/apps/{app}/{}", if n % 2 == 0 { "activity" } else { "keys" });
        asked.spawn(async move { client.get(&path).await.status });
        if let Some(form) = form {
            let (client, path) = (portal.client.clone(), format!("/apps/{app}/keys"));
            asked.spawn(async move { client.post(&path, &form.fields()).await.status });
        }
        let (client, secret) = (portal.client.clone(), secret.clone());
        asked.spawn(async move { client.auth("", &[("x-api-key", &secret)]).await.status });
    }
    let answered = asked.join_all().await;
    assert_eq!(answered.len(), 220);
    assert!(answered.iter().all(|status| *status == 200), "{answered:?}");
}
