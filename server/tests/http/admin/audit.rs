//! `/admin/audit`

use crate::portal::TestPortal;

crate::on_both_portals!(events_of_no_organization_with_filters_and_files, events_of_everybody,);

async fn events_of_no_organization_with_filters_and_files(portal: &TestPortal) {
    portal.set_up().await;
    portal.org("Focus Labs").await;
    portal.stranger().await;
    let page = portal.get("/admin/audit").await.body;
    for text in ["Account created", "Signed in", "ada@example.com", "Root token created", "Export CSV"] {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(!page.contains("Focus Labs</a></td>"), "an organization's events are its own");
    let rows = |body: &str| body.matches("cell-when\"").count();
    let signed_in = portal.get("/admin/audit?action=session.created&actor=Eve").await.body;
    assert_eq!(rows(&signed_in), 1);
    assert_eq!(portal.get("/admin/audit?from=yesterday").await.status, 422);

    let csv = portal.get("/admin/audit.csv?action=session.created").await;
    assert_eq!(csv.status, 200);
    assert!(csv.header("content-disposition").contains("audit-system-"), "{:?}", csv.headers);
    assert_eq!(csv.body.lines().count(), 3, "{}", csv.body);
    let jsonl = portal.get("/admin/audit.jsonl").await;
    assert!(jsonl.body.lines().count() >= 4);
    assert!(portal.get("/admin/audit.jsonl?actor=Nobody").await.status.is_client_error());
    portal.state.context.pending_events.flush(&portal.store, false).await.expect("written");
    let exported = portal.get("/admin/audit?action=activity.exported").await.body;
    assert_eq!(rows(&exported), 2, "an export is recorded");
    assert!(portal.store.check_chain("system").await.expect("asked").is_ok());
}

async fn events_of_everybody(portal: &TestPortal) {
    portal.set_up().await;
    let org = portal.org("Focus Labs").await;
    let page = portal.get("/admin/audit/all").await.body;
    for text in ["Account created", "Organization created", &format!("/admin/organizations/{org}/activity")] {
        assert!(page.contains(text), "{text}: {page}");
    }
    portal.state.context.pending_events.flush(&portal.store, false).await.expect("written");
    let log = portal.get(&format!("/orgs/{org}/activity")).await.body;
    assert!(log.contains("Viewed by an operator"), "{log}");
    let rows = |body: &str| body.matches("cell-when\"").count();
    assert_eq!(rows(&portal.get("/admin/audit/all?action=organization.created").await.body), 1);
    assert_eq!(rows(&portal.get("/admin/audit/all?actor=nobody").await.body), 0);
    assert_eq!(portal.get("/admin/audit/all?from=yesterday").await.status, 422);

    // Older pages, and back.
    for n in 0..60 {
        portal.org(&format!("Organization {n}")).await;
    }
    let all = "/admin/audit/all?action=organization.created";
    let first = portal.get(all).await.body;
    assert_eq!(rows(&first), 50);
    let link = |body: &str, rel: &str| {
        let (before, _) = body.split_once(&format!("rel=\"{rel}\""))?;
        let rest = body[before.len()..].split_once("href=\"")?.1;
        Some(rest.split('"').next()?.replace("&amp;", "&"))
    };
    let older = portal.get(&link(&first, "next").expect("a link")).await.body;
    assert_eq!(rows(&older), 11);
    assert!(older.contains("Focus Labs") && link(&older, "next").is_none());
    let newer = portal.get(&link(&older, "prev").expect("a link")).await.body;
    assert_eq!(rows(&newer), 50);
}
