//! An import goes on with the rights that its uploader has then.

use sallyport::{
    audit::{Act, Actor},
    id::{ImportId, OrgId},
    member::Role,
};
use serde_json::json;

use super::{PLAIN, code, line, send, start};
use crate::portal::TestPortal;

crate::on_both_portals!(who_left_imports_nothing_more);

async fn who_left_imports_nothing_more(portal: &TestPortal) {
    let (root, app) = start(portal).await;
    let org = portal.manage(&format!("/v1/apps/{app}"), &root, None).await.json()["org_id"].clone();
    let org = OrgId::parse(org.as_str().expect("text")).expect("an id");
    let grace = portal.store.person("Grace").await;
    let shell = Act::by(Actor::CommandLine);
    portal.store.add_member(&shell, &org, &grace, Role::Admin).await.expect("added");
    let (_, token) = portal.personal_token(&grace, "Import").await;
    let path = format!("/v1/apps/{app}/imports");
    let started = send(portal, &token, &path, "application/x-ndjson", line(PLAIN, "Plain").to_string()).await;
    assert_eq!(started.status, 202, "{}", started.body);
    portal.store.remove_member(&shell, &org, &grace).await.expect("removed");
    let id = ImportId::parse(started.json()["import_id"].as_str().expect("text")).expect("an id");
    while portal.store.import_part(&id).await.expect("goes on") {}
    let done = portal.manage(&format!("/v1/imports/{id}"), &root, None).await.json();
    assert_eq!((&done["status"], &done["imported"], &done["refused"]), (&json!("finished"), &json!(0), &json!(1)));
    assert_ne!(code(portal, &root, PLAIN).await, "valid");
}
