//! `/apps/{app_id}/activity`, `/orgs/{org_id}/activity`

use crate::portal::TestPortal;

crate::on_both_portals!(every_step_shows, a_refused_request_shows);

async fn every_step_shows(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, _) = portal.key(&app).await;
    portal.revoke(&key).await;
    let page = portal.get(&format!("/apps/{app}/activity")).await.body;
    for text in ["App created", "Key generated", "Key revoked", "Ada Byron", "127.0.0.1"] {
        assert!(page.contains(text), "{text}");
    }
    let org =
        portal.get(&format!("/apps/{app}/identifiers.json")).await.json()["org_id"].as_str().expect("text").to_owned();
    let page = portal.get(&format!("/orgs/{org}/activity")).await.body;
    for text in
        ["Organization created", "Tenant created", "Project created", "App created", "Key generated", "Key revoked"]
    {
        assert!(page.contains(text), "{text}");
    }
    for query in ["actor=%00", "action=%00", "outcome=%00", "from=%00&to=never"] {
        assert_eq!(portal.get(&format!("/orgs/{org}/activity?{query}")).await.status, 200, "{query}");
    }
    let narrowed = portal.get(&format!("/orgs/{org}/activity?action=key.revoked")).await.body;
    assert_eq!(narrowed.matches("class=\"cell-head\"").count(), 1);
}

async fn a_refused_request_shows(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (_, secret) = portal.key(&app).await;
    assert_eq!(portal.auth("?scope=read", &[("x-api-key", &secret)]).await.status, 200);
    assert_eq!(portal.auth("?scope=write", &[("x-api-key", &secret)]).await.status, 403);
    portal.state.verifier.flush().await.expect("written");
    let page = portal.get(&format!("/apps/{app}/activity")).await.body;
    for text in ["Key first used", "Request refused", "insufficient_scope", "Refused 403"] {
        assert!(page.contains(text), "{text}");
    }
}
