//! `/admin/apps`

use crate::portal::TestPortal;

crate::on_both_portals!(an_app_is_verified_in_the_list,);

async fn an_app_is_verified_in_the_list(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let page = portal.get("/admin/apps?q=focus").await.body;
    assert!(page.contains("Focus and calm") && page.contains("aria-checked=\"false\""), "{page}");
    let answer = portal.post("/admin/apps", &[("app", app.as_str()), ("verified", "true")]).await;
    assert_eq!(answer.location(), format!("/admin/apps?done=verified&q={app}"));
    assert!(portal.get(answer.location()).await.body.contains("aria-checked=\"true\""));
    assert!(!portal.get(&format!("/apps/{app}")).await.body.contains("Not verified"));
    portal.post("/admin/apps", &[("app", app.as_str()), ("verified", "false")]).await;
    assert!(portal.get(&format!("/apps/{app}")).await.body.contains("Not verified"));
    assert_eq!(portal.post("/admin/apps", &[("app", "junk"), ("verified", "true")]).await.status, 400);
}
