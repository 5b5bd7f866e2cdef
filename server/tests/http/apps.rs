//! `/apps/{app_id}/…`

mod activity;
mod capabilities;
mod imports;
mod ingestion;
mod keys;
mod limits;
mod refused;
mod trust_rules;

use crate::portal::TestPortal;

crate::on_both_portals!(an_app_offers_its_four_identifiers, an_app_offers_its_runtime_configuration);

async fn an_app_offers_its_runtime_configuration(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (page, path) = (format!("/apps/{app}"), format!("/apps/{app}/runtime-configuration.json"));
    let body = portal.get(&page).await.body;
    assert!(body.contains("Download sallyport.json") && body.contains(&path), "{body}");
    let answer = portal.get(&path).await;
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"sallyport.json\"");
    let ids = portal.get(&format!("{page}/identifiers.json")).await.json();
    let expected = serde_json::json!({ "app_id": ids["app_id"], "org_id": ids["org_id"], "app_api_key": "" });
    assert_eq!(answer.json(), expected, "all but the key");
    let org = ids["org_id"].as_str().expect("an id");
    let urls = [("service_urls", "api_base_url = https://api.intranet.example/\n")];
    portal.post(&format!("/orgs/{org}/settings/service-urls"), &urls).await;
    let services = serde_json::json!({ "api_base_url": "https://api.intranet.example" });
    assert_eq!(portal.get(&path).await.json()["enterprise"], services);
    let shown = portal.generate(&app, "CI", &["read"], false).await;
    assert!(shown.answer.body.contains("https://api.intranet.example"), "{}", shown.answer.body);
}

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
