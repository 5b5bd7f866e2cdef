//! `/v1/orgs/{org_id}/tenants` and `/v1/tenants/{tenant_id}`

use serde_json::json;

use crate::portal::TestPortal;

crate::on_both_portals!(one_is_made_and_read, names_are_unique, nothing_is_made_where_it_is_archived);

async fn one_is_made_and_read(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [org, tenant, ..] = portal.managed(&token).await;
    let shown = portal.manage(&format!("/v1/tenants/{tenant}"), &token, None).await.json();
    assert_eq!(
        shown,
        json!({
            "tenant_id": tenant, "org_id": org, "name": "Production", "description": "",
            "created_at": "2026-11-22T06:00:00Z", "archived_at": null,
        })
    );
    let list = portal.manage(&format!("/v1/orgs/{org}/tenants?limit=1"), &token, None).await.json();
    assert_eq!(list, json!({ "data": [shown], "next_cursor": null }));
}

async fn names_are_unique(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [org, tenant, ..] = portal.managed(&token).await;
    for (path, name, said) in [
        (
            format!("/v1/orgs/{org}/tenants"),
            "Production",
            "There is a tenant of this name in this organization already.",
        ),
        (
            format!("/v1/tenants/{tenant}/projects"),
            "Biosignals",
            "There is a project of this name in this tenant already.",
        ),
    ] {
        let answer = portal.json(&path, &token, &json!({ "name": name })).await;
        assert_eq!(answer.status, 422);
        assert_eq!(answer.json()["errors"], json!([{ "pointer": "/name", "detail": said }]));
    }
}

async fn nothing_is_made_where_it_is_archived(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [org, tenant, project, app] = portal.managed(&token).await;
    let id = sallyport::id::OrgId::parse(&org).expect("an id");
    let act = sallyport::audit::Act::by(sallyport::audit::Actor::CommandLine);
    let place = sallyport::place::Place::from(
        &portal.store.find(sallyport::store::Reader::All, &id).await.expect("read").expect("there"),
    );
    portal.store.archive_place(&act, &place).await.expect("archived");
    let key = json!({ "label": "CI", "environment": "production", "scopes": ["read"] });
    for (path, body) in [
        (format!("/v1/orgs/{org}/tenants"), json!({ "name": "N" })),
        (format!("/v1/tenants/{tenant}/projects"), json!({ "name": "N" })),
        (format!("/v1/projects/{project}/apps"), json!({ "name": "N" })),
        (format!("/v1/apps/{app}/keys"), key),
    ] {
        let answer = portal.json(&path, &token, &body).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["code"]), (403, &json!("forbidden")), "{path}");
    }
    let shown = portal.manage(&format!("/v1/orgs/{org}"), &token, None).await.json();
    assert_eq!(shown["archived_at"], "2026-11-22T06:00:00Z");
}
