//! `/apps/{app_id}/keys/chosen`, `/orgs/{org_id}/keys/chosen`

use sallyport::id::OrgId;

use crate::portal::TestPortal;

crate::on_both_portals!(
    the_selected_keys_are_paused_together,
    the_selected_keys_are_revoked_with_a_reason,
    a_key_of_another_list_fails_all,
    a_key_of_another_app_is_not_in_the_list,
    nothing_selected_leads_back,
);

async fn the_selected_keys_are_paused_together(portal: &TestPortal) {
    portal.set_up().await;
    let org = portal.org("Another").await;
    let app = portal.app_in(&org, "Full").await;
    let (one, secret) = portal.key(&app).await;
    let (two, _) = portal.key(&app).await;
    let (left, left_secret) = portal.key(&app).await;
    for list in [format!("/apps/{app}/keys"), format!("/orgs/{org}/keys")] {
        let page = portal.get(&list).await.body;
        assert!(page.contains("Pause selected") && page.contains(&format!("value=\"{one}\"")), "{page}");
        let asked = portal.get(&format!("{list}/chosen?do=pause&key={one}&key={two}&key={one}")).await;
        let dialog = asked.body.split_once(">Pause 2 keys?<").map(|(_, dialog)| dialog).expect("a dialog");
        assert!(dialog.contains(&one) && dialog.contains(&two) && !dialog.contains(&left), "{dialog}");
        assert_eq!(portal.auth("", &[("x-api-key", &secret)]).await.status, 200, "looking pauses nothing");
        let answer = portal.post(&format!("{list}/chosen"), &[("do", "pause"), ("key", &one), ("key", &two)]).await;
        assert_eq!((answer.status.as_u16(), answer.location()), (303, format!("{list}?done=paused").as_str()));
        assert!(portal.get(answer.location()).await.body.contains("The selected keys are paused."));
        assert_eq!(portal.auth("", &[("x-api-key", &secret)]).await.status, 403);
        assert_eq!(portal.auth("", &[("x-api-key", &left_secret)]).await.status, 200);
        for key in [&one, &two] {
            portal.post(&format!("/keys/{key}/resume"), &[]).await;
        }
    }
    let log = portal.get(&format!("/apps/{app}/activity?action=key.paused")).await.body;
    assert_eq!(log.matches("<td class=\"cell-head\">Key paused").count(), 4, "one event for each: {log}");
}

async fn the_selected_keys_are_revoked_with_a_reason(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (one, secret) = portal.key(&app).await;
    let (two, _) = portal.key(&app).await;
    let path = format!("/apps/{app}/keys/chosen");
    let long = "x".repeat(201);
    let form = |reason| [("do", "revoke"), ("key", one.as_str()), ("key", two.as_str()), ("reason", reason)];
    let refused = portal.post(&path, &form(&long)).await;
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains(&long) && refused.body.contains("Revoke 2 keys"), "{}", refused.body);
    assert_eq!(portal.auth("", &[("x-api-key", &secret)]).await.status, 200);
    assert_eq!(portal.post(&path, &form("Offboarding")).await.status, 303);
    assert_eq!(portal.auth("", &[("x-api-key", &secret)]).await.status, 401);
    for key in [&one, &two] {
        let page = portal.get(&format!("/keys/{key}")).await.body;
        assert!(page.contains("Offboarding") && page.contains("Revoked"), "{page}");
    }
    let page = portal.get(&format!("/apps/{app}/keys?include_revoked=1")).await.body;
    assert!(!page.contains("name=\"key\""), "nothing is left to select: {page}");
}

async fn a_key_of_another_list_fails_all(portal: &TestPortal) {
    portal.set_up().await;
    let (org, other) = (portal.org("One").await, portal.org("Two").await);
    let (app, elsewhere) = (portal.app_in(&org, "A").await, portal.app_in(&other, "B").await);
    let ((mine, _), (theirs, _)) = (portal.key(&app).await, portal.key(&elsewhere).await);
    for list in [format!("/apps/{app}/keys"), format!("/orgs/{org}/keys")] {
        let asked = portal.get(&format!("{list}/chosen?do=pause&key={mine}&key={theirs}")).await;
        assert_eq!(asked.status, 404);
    }
    let eve = portal.stranger().await;
    let act = "/act/keys/revoke-chosen";
    let list = ("list", app.as_str());
    assert_eq!(eve.post(act, &[list, ("keys[0]", &mine)]).await.status, 404);
    assert_eq!(portal.post(act, &[list, ("keys[0]", &mine), ("keys[1]", "key_0000000000000000")]).await.status, 404);
    assert!(portal.get(&format!("/keys/{mine}")).await.body.contains(">Active</span>"), "all or none");
}

async fn a_key_of_another_app_is_not_in_the_list(portal: &TestPortal) {
    portal.set_up().await;
    let org = portal.org("One").await;
    let (app, other) = (portal.app_in(&org, "A").await, portal.app_in(&org, "B").await);
    let ((here, _), (there, _)) = (portal.key(&app).await, portal.key(&other).await);
    let id = OrgId::parse(&org).expect("an id");
    let tenant = portal.store.tenants(&id).await.expect("asked")[0].id.to_string();
    let before = portal.store.dump().await;
    let list = format!("/apps/{app}/keys/chosen");
    let both = [("key", here.as_str()), ("key", there.as_str())];
    for what in ["pause", "revoke"] {
        let asked = portal.get(&format!("{list}?do={what}&key={here}&key={there}")).await;
        assert_eq!(asked.status, 404, "{what}");
        assert_eq!(portal.post(&list, &[&[("do", what)], &both[..]].concat()).await.status, 404, "{what}");
        for (place, status) in [(app.as_str(), 404), (other.as_str(), 404), (&tenant, 404), ("", 400)] {
            let keys = [("list", place), ("keys[0]", here.as_str()), ("keys[1]", there.as_str())];
            let answer = portal.post(&format!("/act/keys/{what}-chosen"), &keys).await;
            assert_eq!(answer.status, status, "{what} {place}");
        }
    }
    assert_eq!(portal.store.dump().await, before, "all or none");
    // The organization lists both.
    let list = format!("/orgs/{org}/keys/chosen");
    assert_eq!(portal.post(&list, &[&[("do", "pause")], &both[..]].concat()).await.status, 303);
    let keys = [("list", org.as_str()), ("keys[0]", here.as_str()), ("keys[1]", there.as_str())];
    let revoked = portal.post("/act/keys/revoke-chosen", &keys).await;
    assert_eq!((revoked.status.as_u16(), revoked.body.as_str()), (200, "2"));
}

async fn nothing_selected_leads_back(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let list = format!("/apps/{app}/keys");
    let (key, _) = portal.key(&app).await;
    assert_eq!(portal.get(&format!("{list}/chosen?do=pause")).await.location(), list);
    assert_eq!(portal.post(&format!("{list}/chosen"), &[]).await.location(), list);
    for junk in ["do=delete&key=", "key="] {
        assert_eq!(portal.get(&format!("{list}/chosen?{junk}{key}")).await.status, 400, "{junk}");
    }
    assert_eq!(portal.get(&format!("{list}/chosen?do=pause&key=../x")).await.status, 404);
    assert_eq!(portal.post("/act/keys/pause-chosen", &[("list", app.as_str()), ("keys[0]", "")]).await.status, 400);
    let many = (0..101).map(|n| (format!("keys[{n}]"), key.as_str()));
    let many: Vec<_> = many.chain([("list".to_owned(), app.as_str())]).collect();
    let many: Vec<_> = many.iter().map(|(name, key)| (name.as_str(), *key)).collect();
    assert_eq!(portal.post("/act/keys/pause-chosen", &many).await.status, 422);
}
