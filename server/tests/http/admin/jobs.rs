//! `/admin/jobs`, `/admin/health`

use std::time::Duration;

use sallyport::{
    job::{NewJob, Retries},
    store::EventFilter,
};
use serde_json::json;

use crate::portal::TestPortal;

crate::on_both_portals!(a_failed_job_is_retried, the_health_of_the_server,);

async fn a_failed_job_is_retried(portal: &TestPortal) {
    portal.set_up().await;
    assert!(portal.get("/admin/jobs").await.body.contains("No job waits or has failed"));
    let store = &portal.store;
    let job = NewJob::once("mail", json!({ "to": "nobody" }), store.now(), store.entropy());
    let id = job.id.clone();
    store.enqueue(vec![job]).await.expect("added");
    let due = portal.get("/admin/jobs").await.body;
    assert!(due.contains("Waiting") && !due.contains("Run now"), "it is due already");
    let leased = store.lease_job("mail", Duration::from_secs(60)).await.expect("asked").expect("due");
    assert!(portal.get("/admin/jobs?q=mail").await.body.contains("Running"));
    let late = portal.post("/admin/jobs", &[("job", id.as_str())]).await;
    assert_eq!(late.location(), "/admin/jobs?done=late");
    let once = Retries { limit: 1, ..Retries::STANDARD };
    store.fail_job(&leased, "the <server> refused", &once).await.expect("noted");

    let failed = portal.get("/admin/jobs").await.body;
    assert!(failed.contains("Failed") && failed.contains("the &lt;server&gt; refused") && !failed.contains("nobody"));
    let counted = |status: &str, title: &str| failed.contains(&format!("?status={status}\">{title}</a></dt><dd>1"));
    assert!(counted("failed", "Failed") && !counted("retrying", "Retrying"), "{failed}");
    for (status, listed) in [("failed", true), ("retrying", false), ("waiting", false), ("moon", false)] {
        let page = portal.get(&format!("/admin/jobs?status={status}")).await.body;
        assert_eq!(page.contains("the &lt;server&gt; refused"), listed, "{status}: {page}");
    }
    assert_eq!(portal.post("/admin/jobs", &[("job", id.as_str())]).await.location(), "/admin/jobs?done=retry");
    let again = store.lease_job("mail", Duration::from_secs(60)).await.expect("asked").expect("due again");
    assert_eq!(again.id, id);
    store.finish_job(&again).await.expect("done");
    assert!(portal.get("/admin/jobs").await.body.contains("No job waits or has failed"));
    assert_eq!(portal.post("/admin/jobs", &[("job", id.as_str())]).await.location(), "/admin/jobs?done=late");
    assert_eq!(portal.post("/admin/jobs", &[("job", "x")]).await.status, 400);
    let filter = EventFilter { action: "job.retried".to_owned(), ..EventFilter::default() };
    let events = store.system_events(&filter).await.expect("asked").events;
    assert_eq!((events.len(), events[0].target_id.as_str()), (1, id.as_str()));
}

async fn the_health_of_the_server(portal: &TestPortal) {
    portal.set_up().await;
    let page = portal.get("/admin/health").await.body;
    for text in ["The database answers", "Revocations are received", "Writes succeed", "Fingerprint", "Version 1"] {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(page.contains("SQLite 3.") || page.contains("PostgreSQL "), "{page}");
    let key = sallyport::testing::TestStore::master_key();
    assert!(!page.contains(&key) && !page.contains("Failing"));
}
