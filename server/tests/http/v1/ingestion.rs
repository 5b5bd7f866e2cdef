//! Only apps that an operator approved may push data.

use serde_json::json;

use crate::portal::TestPortal;

crate::on_both_portals!(an_app_pushes_data_once_it_is_verified,);

/// SY-7, verbatim.
async fn an_app_pushes_data_once_it_is_verified(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (_, secret) = portal.key(&app).await;
    let token = portal.root_token().await;
    let headers = [("x-api-key", secret.as_str())];
    let asked = |ingestion: bool| json!({ "key": secret, "ingestion": ingestion });
    let path = format!("/apps/{app}/ingestion");
    for (form, verified) in [(None, false), (Some([("verified", "on")].as_slice()), true), (Some(&[]), false)] {
        if let Some(form) = form {
            assert_eq!(portal.post(&path, form).await.status, 303);
        }
        let (auth, without) = (portal.auth("?ingestion=1", &headers).await, portal.auth("", &headers).await);
        let verdict = portal.json("/v1/keys/verify", &token, &asked(true)).await.json();
        assert_eq!(without.status, 200, "what pushes no data needs no leave");
        assert_eq!(portal.json("/v1/keys/verify", &token, &asked(false)).await.json()["valid"], true);
        if verified {
            assert_eq!((auth.status.as_u16(), &verdict["code"]), (200, &"valid".into()));
            continue;
        }
        assert_eq!(auth.status, 403);
        let message = format!("App {app} is not verified for data ingestion.");
        assert_eq!(auth.json()["detail"], message.as_str());
        assert_eq!((&verdict["code"], &verdict["status"]), (&"ingestion_not_verified".into(), &403.into()));
        assert_eq!(verdict["error"]["detail"], message.as_str());
    }
    let activity = portal.get(&format!("/apps/{app}/activity")).await.body;
    assert!(activity.contains("Verified for ingestion") && activity.contains("Ingestion ended"));
}
