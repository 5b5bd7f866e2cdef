//! A required collector that is overdue: changes are refused, and access can still be taken away.

use std::time::Duration;

use sallyport_server::jobs::forwarding::forward;
use serde_json::json;

use super::{collector, http, receiver::Receiver};
use crate::portal::{PASSWORD, TestPortal};

crate::on_both_portals!(changes_wait_and_revocations_do_not, a_backlog_from_before_is_not_overdue);

const AFTER: Duration = Duration::from_secs(60);

async fn changes_wait_and_revocations_do_not(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let ((revoked, secret), (paused, _)) = (portal.key(&app).await, portal.key(&app).await);
    let (token, backend) = (portal.token(true, None).await, portal.root_token().await);
    let eve = portal.stranger().await;
    let receiver = Receiver::start().await;
    let collector = collector(http(receiver.port()));
    portal.store.begin_forwarding(&collector.name(), Some(AFTER)).await.expect("noted");
    assert!(portal.store.check_forwarding().await.expect("checked"));
    portal.store.clock.turn(AFTER);
    portal.org("In time").await;
    portal.store.clock.turn(Duration::from_micros(1));
    // Without another check, too: whoever should look may hang.
    let new_org = [("name", "Late"), ("description", ""), ("plan", "pro"), ("tenant", "Development")];
    for _ in 0..2 {
        let refused = portal.post("/orgs/new", &new_org).await;
        assert_eq!(refused.status, 503);
        assert!(refused.body.contains("does not reach its collector") && refused.body.contains("value=\"Late\""));
        assert!(!portal.store.check_forwarding().await.expect("checked"));
    }
    let refused = portal.json("/v1/orgs", &token, &json!({ "name": "Late", "plan": "pro" })).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["code"]), (503, &json!("audit_not_forwarded")));
    let panel = portal.panel(&app).await;
    assert_eq!(portal.post(&format!("/apps/{app}/keys"), &panel.fields()).await.status, 503);
    let health = portal.get("/admin/health").await.body;
    assert!(health.contains("changes are refused.") && health.contains("Required: "), "{health}");

    // Signing in, looking, verifying and taking away.
    let browser = portal.client.another();
    assert_eq!(browser.post("/sign-in", &[("email", "eve@example.com"), ("password", PASSWORD)]).await.status, 303);
    assert_eq!(portal.get(&format!("/keys/{revoked}")).await.status, 200);
    let verified = portal.json("/v1/keys/verify", &backend, &json!({ "key": secret })).await;
    assert_eq!(verified.json()["valid"], json!(true), "{}", verified.body);
    portal.revoke(&revoked).await;
    let pause = portal.post(&format!("/keys/{paused}/pause"), &[("reason", "")]).await;
    assert_eq!(pause.status, 303, "{}", pause.body);
    let resume = portal.post(&format!("/keys/{paused}/resume"), &[]).await;
    assert_eq!(resume.status, 503, "{}", resume.body);
    assert_eq!(eve.post("/sign-out", &[]).await.status, 303);

    forward(&collector, &portal.store).await.expect("sent");
    assert!(portal.store.check_forwarding().await.expect("checked"));
    portal.org("Late").await;
    assert!(receiver.lines().iter().any(|line| line["action"] == "key.revoked"));
}

async fn a_backlog_from_before_is_not_overdue(portal: &TestPortal) {
    portal.set_up().await;
    portal.store.clock.turn(AFTER * 100);
    portal.store.begin_forwarding("https://logs.example.com:443", Some(AFTER)).await.expect("noted");
    assert!(portal.store.check_forwarding().await.expect("checked"));
    portal.store.clock.turn(AFTER * 2);
    assert!(!portal.store.check_forwarding().await.expect("checked"));
    // The next start of the server changes nothing about that; one without a collector does.
    portal.store.begin_forwarding("https://logs.example.com:443", Some(AFTER)).await.expect("noted");
    assert!(!portal.store.check_forwarding().await.expect("checked"));
    portal.store.end_forwarding().await.expect("noted");
    assert!(portal.store.check_forwarding().await.expect("checked"));
}
