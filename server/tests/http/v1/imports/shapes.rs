//! What imported keys look like, over all imports of an organization; and whose key it is that several have.

use serde_json::json;

use super::{PLAIN, import, line, lines, send, start, verify};
use crate::portal::TestPortal;

crate::on_both_portals!(the_oldest_secret_wins, an_organization_has_sixteen_shapes, old_lines_are_deleted);

const OTHER: &str = "legacy_Z3JhdWx0Z2FycGx5d2FsZG8x";

async fn the_oldest_secret_wins(portal: &TestPortal) {
    let (all, app) = start(portal).await;
    // The first organization had keys of this shape first, but not this one.
    import(portal, &all, &app, "", &lines(&[line(OTHER, "Other")])).await;
    portal.store.clock.turn(std::time::Duration::from_secs(1));
    let [owner_org, _, _, owner_app] = portal.managed(&all).await;
    let owner = portal.token(true, Some(&owner_org)).await;
    import(portal, &owner, &owner_app, "", &lines(&[line(PLAIN, "Owner")])).await;
    portal.store.clock.turn(std::time::Duration::from_secs(1));
    assert_eq!(verify(portal, &all, PLAIN).await["label"], "Owner");
    import(portal, &all, &app, "", &lines(&[line(PLAIN, "Latecomer")])).await;
    for _ in 0..2 {
        assert_eq!(verify(portal, &all, PLAIN).await["label"], "Owner");
    }
    let asked = json!({ "key": PLAIN, "app_id": app });
    assert_eq!(portal.json("/v1/keys/verify", &all, &asked).await.json()["label"], "Latecomer");
}

async fn an_organization_has_sixteen_shapes(portal: &TestPortal) {
    let (token, app) = start(portal).await;
    let of_shape = |n: u32| line(&format!("shape{n:02}_Zm9vYmFyYmF6cXV4"), "CI").to_string();
    let path = |n: u32| format!("/v1/apps/{app}/imports?prefix=shape{n:02}_");
    for n in 0..16 {
        let answer = send(portal, &token, &path(n), "application/x-ndjson", of_shape(n)).await;
        assert_eq!(answer.status, 202, "{n}: {}", answer.body);
    }
    let refused = send(portal, &token, &path(16), "application/x-ndjson", of_shape(16)).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["code"]), (409, &json!("too_many_shapes")));
    // A shape that is there already takes no room.
    let again = send(portal, &token, &path(3), "application/x-ndjson", of_shape(3)).await;
    assert_eq!(again.status, 202, "{}", again.body);
}

async fn old_lines_are_deleted(portal: &TestPortal) {
    let (token, app) = start(portal).await;
    let done = import(portal, &token, &app, "", &lines(&[line(PLAIN, "Plain"), json!({ "label": "No key" })])).await;
    assert_eq!(done["errors"].as_array().map(Vec::len), Some(1));
    let path = format!("/v1/imports/{}", done["import_id"].as_str().expect("an id"));
    assert_eq!(portal.store.delete_imports().await.expect("deleted"), 0);
    portal.store.clock.turn(std::time::Duration::from_secs(91 * 24 * 60 * 60));
    assert_eq!(portal.store.delete_imports().await.expect("deleted"), 1);
    assert_eq!(portal.store.delete_imports().await.expect("deleted"), 0);
    let after = portal.manage(&path, &token, None).await.json();
    assert_eq!((&after["imported"], &after["refused"], &after["errors"]), (&json!(1), &json!(1), &json!([])));
    assert_eq!(verify(portal, &token, PLAIN).await["code"], "valid");
}
