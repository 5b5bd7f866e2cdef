//! A change and a revocation at the same time: in any order, a revoked key stays as it was revoked.

use serde_json::json;

use super::{events, issued};
use crate::portal::TestPortal;

crate::on_both_portals!(a_revocation_is_before_a_change_or_after_it);

const RACES: usize = 12;

async fn a_revocation_is_before_a_change_or_after_it(portal: &TestPortal) {
    for race in 0..RACES {
        let (token, path, secret) = issued(portal, json!({})).await;
        let patch = |at: usize| {
            let (client, token, path) = (portal.client.clone(), token.clone(), path.clone());
            tokio::spawn(async move {
                let scopes = if at.is_multiple_of(2) { ["read"] } else { ["delete"] };
                let patch = json!({ "label": format!("Race {at}"), "scopes": scopes });
                client.patch(&path, &token, &patch).await.status.as_u16()
            })
        };
        let changing: Vec<_> = (0..3).map(patch).collect();
        for _ in 0..race % 5 {
            tokio::task::yield_now().await;
        }
        let revoked = portal.json(&format!("{path}/revoke"), &token, &json!({})).await;
        assert_eq!(revoked.status, 200, "race {race}: {}", revoked.body);
        let after = portal.patch(&path, &token, &json!({ "label": "Too late" })).await;
        assert_eq!(after.status, 409, "race {race}: {}", after.body);
        let mut changed = 0;
        for change in changing {
            let status = change.await.expect("no panic");
            assert!(matches!(status, 200 | 409), "race {race}: {status}");
            changed += usize::from(status == 200);
        }
        // The log has each change that was answered, before the revocation, and none after it.
        let log = events(portal, &token, &path, 100).await;
        let of_key = log.iter().filter(|event| event["target_kind"] == "key");
        let actions: Vec<_> = of_key.map(|event| event["action"].as_str().expect("text")).collect();
        assert_eq!(actions.first().zip(actions.last()), Some((&"key.generated", &"key.revoked")), "race {race}");
        assert_eq!(
            actions.iter().filter(|action| **action == "key.edited").count(),
            changed,
            "race {race}: {actions:?}"
        );
        let verdict = portal.json("/v1/keys/verify", &token, &json!({ "key": secret })).await.json();
        assert_eq!(verdict["code"], "revoked", "race {race}");
    }
}
