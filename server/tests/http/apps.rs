//! `/apps/{app_id}/…`

mod activity;
mod ingestion;
mod keys;
mod limits;
mod refused;

use crate::portal::TestPortal;

crate::on_both_portals!(an_app_offers_its_four_identifiers);

async fn an_app_offers_its_four_identifiers(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    assert!(app.as_str().starts_with("app_focus_and_"), "{app}");
    let answer = portal.get(&format!("/apps/{app}/identifiers.json")).await;
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("content-disposition"), format!("attachment; filename=\"identifiers-{app}.json\""));
    let json = answer.json();
    let mut names: Vec<_> = json.as_object().expect("an object").keys().cloned().collect();
    names.sort();
    assert_eq!(names, ["app_id", "org_id", "project_id", "tenant_id"]);
    assert_eq!(json["app_id"], app.as_str());
}
