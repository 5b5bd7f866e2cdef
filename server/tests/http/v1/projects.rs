//! `/v1/tenants/{tenant_id}/projects` and `/v1/projects/{project_id}`

use serde_json::json;

use crate::portal::TestPortal;

crate::on_both_portals!(one_is_made_and_read);

async fn one_is_made_and_read(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [org, tenant, project, _] = portal.managed(&token).await;
    let shown = portal.manage(&format!("/v1/projects/{project}"), &token, None).await.json();
    assert_eq!(
        shown,
        json!({
            "project_id": project, "tenant_id": tenant, "org_id": org, "name": "Biosignals", "description": "",
            "created_at": "2026-11-22T06:00:00Z", "archived_at": null,
        })
    );
    let path = format!("/v1/tenants/{tenant}/projects");
    assert_eq!(portal.manage(&path, &token, None).await.json(), json!({ "data": [shown], "next_cursor": null }));
    let other = portal.made(&token, &format!("/v1/orgs/{org}/tenants"), json!({ "name": "Other" }), "tenant_id").await;
    let others = portal.manage(&format!("/v1/tenants/{other}/projects"), &token, None).await.json();
    assert_eq!(others["data"], json!([]), "of that tenant alone");
}
