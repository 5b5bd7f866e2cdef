//! `/orgs/{org_id}/hygiene`

use std::time::Duration;

use crate::portal::{PASSWORD, TestPortal};

crate::on_both_portals!(
    each_check_has_a_count_and_its_keys,
    selected_keys_are_paused_after_the_name_was_typed,
    selected_keys_are_revoked_after_the_name_was_typed,
    without_keys_it_says_so,
    a_misspelt_check_is_refused,
);

async fn each_check_has_a_count_and_its_keys(portal: &TestPortal) {
    portal.set_up().await;
    let org = portal.org("Focus Labs").await;
    let app = portal.app_in(&org, "Focus and calm").await;
    portal.generate(&app, "Cleaner", &["admin"], false).await;
    portal.generate(&app, "Reader", &["read"], false).await;
    let page = portal.get(&format!("/orgs/{org}/hygiene")).await.body;
    for text in [
        "<h2>No expiry</h2>",
        "Keys that never expire.",
        "Can delete, unused",
        "Creator left",
        "Never used",
        "Many networks",
        "Signing not required",
        "Cleaner",
        "Reader",
        "Pause selected",
        "Revoke selected",
        &format!("href=\"/orgs/{org}/keys.csv?check=no_expiry\""),
        &format!("href=\"/orgs/{org}/hygiene?check=no_expiry\" aria-current=\"page\""),
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
    portal.store.clock.turn(Duration::from_secs(31 * 86_400));
    let fields = [("email", "ada@example.com"), ("password", PASSWORD)];
    assert_eq!(portal.post("/sign-in", &fields).await.status, 303);
    let path = format!("/orgs/{org}/hygiene?check=can_delete_unused");
    let page = portal.get(&path).await.body;
    assert!(page.contains("Keys that can delete in production and were unused for 30 days."), "{page}");
    assert!(page.contains("Cleaner") && !page.contains("Reader"), "{page}");
    let csv = portal.get(&format!("/orgs/{org}/keys.csv?check=can_delete_unused")).await.body;
    assert!(csv.contains("Cleaner") && csv.lines().count() == 2, "{csv}");
    // The list of keys has the same filter.
    let list = portal.get(&format!("/orgs/{org}/keys?check=can_delete_unused")).await.body;
    assert!(list.contains("Hygiene: Can delete, unused") && !list.contains("Reader"), "{list}");
}

async fn chosen(portal: &TestPortal) -> (String, [(String, String); 2]) {
    portal.set_up().await;
    let org = portal.org("Focus Labs").await;
    let app = portal.app_in(&org, "Focus and calm").await;
    (org, [portal.key(&app).await, portal.key(&app).await])
}

async fn selected_keys_are_paused_after_the_name_was_typed(portal: &TestPortal) {
    let (org, [(one, secret), (two, _)]) = chosen(portal).await;
    let path = format!("/orgs/{org}/keys/chosen");
    let asked = portal.get(&format!("{path}?do=pause&check=no_expiry&key={one}&key={two}")).await.body;
    for text in ["Pause 2 keys?", "Name of the organization", "Type “Focus Labs” to confirm.", "<h2>No expiry</h2>"]
    {
        assert!(asked.contains(text), "{text}: {asked}");
    }
    let form = |name| [("do", "pause"), ("check", "no_expiry"), ("key", &one), ("key", &two), ("typed_name", name)];
    for wrong in ["", "focus labs", "Focus"] {
        let refused = portal.post(&path, &form(wrong)).await;
        assert_eq!(refused.status, 422);
        assert!(refused.body.contains("Type the name as it is written here: Focus Labs"), "{}", refused.body);
    }
    assert_eq!(portal.auth("", &[("x-api-key", &secret)]).await.status, 200);
    let done = portal.post(&path, &form("Focus Labs")).await;
    let back = format!("/orgs/{org}/hygiene?check=no_expiry&done=paused");
    assert_eq!((done.status.as_u16(), done.location()), (303, back.as_str()));
    assert_eq!(portal.auth("", &[("x-api-key", &secret)]).await.status, 403);
    let page = portal.get(done.location()).await.body;
    assert!(page.contains("The selected keys are paused.") && page.contains("All good"), "{page}");
}

async fn selected_keys_are_revoked_after_the_name_was_typed(portal: &TestPortal) {
    let (org, [(one, secret), (two, left)]) = chosen(portal).await;
    let path = format!("/orgs/{org}/keys/chosen");
    let form =
        |name| [("do", "revoke"), ("check", "never_used"), ("key", &one), ("typed_name", name), ("reason", "Unused")];
    assert_eq!(portal.post(&path, &form("")).await.status, 422);
    let done = portal.post(&path, &form("Focus Labs")).await;
    assert_eq!(done.location(), format!("/orgs/{org}/hygiene?check=never_used&done=revoked"));
    assert_eq!(portal.auth("", &[("x-api-key", &secret)]).await.status, 401);
    assert_eq!(portal.auth("", &[("x-api-key", &left)]).await.status, 200);
    let page = portal.get(&format!("/orgs/{org}/hygiene?check=no_expiry")).await.body;
    assert!(!page.contains(&one) && page.contains(&two), "{page}");
}

async fn without_keys_it_says_so(portal: &TestPortal) {
    portal.set_up().await;
    let org = portal.org("Focus Labs").await;
    let page = portal.get(&format!("/orgs/{org}/hygiene")).await;
    assert!(page.status == 200 && page.body.contains("All good"), "{}", page.body);
    assert!(!page.body.contains("Export CSV"), "{}", page.body);
}

async fn a_misspelt_check_is_refused(portal: &TestPortal) {
    let (org, [(one, _), _]) = chosen(portal).await;
    for path in [format!("/orgs/{org}/hygiene?check=moon"), format!("/orgs/{org}/keys.csv?check=moon")] {
        assert_eq!(portal.get(&path).await.status, 400, "{path}");
    }
    let asked = portal.get(&format!("/orgs/{org}/keys/chosen?do=pause&check=moon&key={one}")).await;
    assert_eq!(asked.status, 404);
}
