//! `/admin/audit`

use crate::portal::TestPortal;

crate::on_both_portals!(events_of_no_organization_with_filters_and_files,);

async fn events_of_no_organization_with_filters_and_files(portal: &TestPortal) {
    portal.set_up().await;
    portal.org("Focus Labs").await;
    portal.stranger().await;
    let page = portal.get("/admin/audit").await.body;
    for text in ["Account created", "Signed in", "ada@example.com", "Root token created", "Export CSV"] {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(!page.contains("Focus Labs</a></td>"), "an organization's events are its own");
    let rows = |body: &str| body.matches("<td data-label=\"Time\"").count();
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
