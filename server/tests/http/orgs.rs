//! `/orgs/…`, `/tenants/…`, `/projects/…`

mod export;
mod members;

use crate::portal::TestPortal;

crate::on_both_portals!(an_organization_is_made_with_its_tenant, what_was_typed_is_kept, empty_pages_say_what_to_do);

async fn an_organization_is_made_with_its_tenant(portal: &TestPortal) {
    portal.set_up().await;
    let org = portal.org("Focus Labs").await;
    assert!(org.starts_with("org_focus_labs_"), "{org}");
    let page = portal.get(&format!("/orgs/{org}")).await;
    for text in ["Focus Labs", "Development", "Owner", "Switch organization", "New tenant"] {
        assert!(page.body.contains(text), "{text}");
    }
    assert_eq!(portal.get("/").await.location(), format!("/orgs/{org}"));
}

async fn what_was_typed_is_kept(portal: &TestPortal) {
    portal.set_up().await;
    let fields =
        [("name", ""), ("description", "Measures </textarea><script>attention"), ("plan", "gold"), ("tenant", "T")];
    let answer = portal.post("/orgs/new", &fields).await;
    assert_eq!(answer.status, 422);
    for text in [
        "Give the organization a name.",
        "Choose starter, pro or enterprise.",
        "Measures &lt;/textarea&gt;&lt;script&gt;attention",
    ] {
        assert!(answer.body.contains(text), "{text}");
    }
    assert!(answer.body.contains("aria-invalid=\"true\""));
    assert_eq!(portal.get("/").await.location(), "/orgs/new", "nothing was made");
}

async fn empty_pages_say_what_to_do(portal: &TestPortal) {
    portal.set_up().await;
    let org = portal.org("Focus Labs").await;
    let tenant = portal.get(&format!("/orgs/{org}")).await.after("href=\"/tenants/", '"');
    let page = portal.get(&format!("/tenants/{tenant}")).await.body;
    assert!(page.contains("No project yet"));
    assert_eq!(page.matches(">New project<").count(), 1, "the button is there once");
    let made = portal.post(&format!("/tenants/{tenant}/projects/new"), &[("name", "Biosignals")]).await;
    let project = portal.get(made.location()).await.body;
    assert!(project.contains("No app yet"));
    assert_eq!(project.matches(">New app<").count(), 1);
    let keys = portal.get(&format!("/orgs/{org}/keys")).await.body;
    assert!(keys.contains("No apps yet"));
}
