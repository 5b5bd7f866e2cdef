//! `/v1/projects/{project_id}/apps` and `/v1/apps/{app_id}`

use serde_json::json;

use crate::portal::TestPortal;

crate::on_both_portals!(one_is_made_and_read, fields_are_validated_as_on_the_page);

async fn one_is_made_and_read(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [org, tenant, project, app] = portal.managed(&token).await;
    let shown = portal.manage(&format!("/v1/apps/{app}"), &token, None).await.json();
    let path = format!("/v1/projects/{project}/apps");
    let app = json!({
        "app_id": app, "project_id": project, "tenant_id": tenant, "org_id": org, "name": "Focus and calm",
        "os": "web", "bundle_id": null, "description": "", "created_at": "2026-11-22T06:00:00Z", "archived_at": null,
    });
    assert_eq!(shown, app);
    assert_eq!(portal.manage(&path, &token, None).await.json(), json!({ "data": [app], "next_cursor": null }));
    let body = json!({ "name": "Phone", "os": "ios", "bundle_id": "com.example.focus", "description": "Two\nlines" });
    let phone = portal.json(&path, &token, &body).await.json();
    for field in ["name", "os", "bundle_id", "description"] {
        assert_eq!(phone[field], body[field]);
    }
}

async fn fields_are_validated_as_on_the_page(portal: &TestPortal) {
    let token = portal.token(true, None).await;
    let [_, _, project, _] = portal.managed(&token).await;
    let body = json!({ "name": "", "os": "amiga", "bundle_id": "x", "description": "y".repeat(1001) });
    let answer = portal.json(&format!("/v1/projects/{project}/apps"), &token, &body).await;
    assert_eq!(answer.status, 422);
    let errors = answer.json()["errors"].clone();
    let pointers: Vec<_> = errors.as_array().expect("a list").iter().map(|error| error["pointer"].clone()).collect();
    assert_eq!(pointers, ["/name", "/os", "/bundle_id", "/description"]);
}
