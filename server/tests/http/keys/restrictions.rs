//! `/keys/{key_id}/restrictions`

use crate::portal::TestPortal;

crate::on_both_portals!(
    what_was_saved_is_shown_and_filled_in,
    each_wrong_field_has_an_error_and_nothing_is_changed,
    a_key_without_a_signing_secret_cannot_be_made_to_sign,
    what_somebody_else_changed_is_shown,
    an_ended_key_is_left_alone,
);

async fn what_was_saved_is_shown_and_filled_in(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, _) = portal.key(&app).await;
    let page = portal.get(&format!("/keys/{key}")).await.body;
    for words in ["Not required", "Every address", "Set by the app or the plan", "Change restrictions"] {
        assert!(page.contains(words), "{words}");
    }
    let panel = format!("/keys/{key}/restrictions");
    let fields = [
        ("require_signed", "on"),
        ("addresses", "203.0.113.0/24\r\n\r\n::ffff:198.51.100.7, 2001:db8::/32"),
        ("address_mode", "enforce"),
        ("limit_per_minute", "1,200"),
        ("limit_per_day", ""),
    ];
    let answer = portal.post(&panel, &fields).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (303, format!("/keys/{key}?done=restricted").as_str()));
    let page = portal.get(answer.location()).await.body;
    for words in ["Saved.", "Required", "3 blocks; others are refused", "1,200 requests per minute", "198.51.100.7"] {
        assert!(page.contains(words), "{words}");
    }
    let filled = portal.get(&panel).await.body;
    assert!(filled.contains("203.0.113.0/24\n198.51.100.7\n2001:db8::/32</textarea>"), "{filled}");
    assert!(filled.contains("value=\"1200\""));
    assert_eq!(filled.matches(" checked").count(), 2, "the box and the mode");
    let activity = portal.get(&format!("/apps/{app}/activity")).await.body;
    assert!(activity.contains("Key restrictions changed"));
}

async fn each_wrong_field_has_an_error_and_nothing_is_changed(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, _) = portal.key(&app).await;
    let panel = format!("/keys/{key}/restrictions");
    let long = "10.0.0.0/8\n".repeat(3_000) + "moon";
    for (field, value, message) in [
        ("addresses", "10.0.0.1/8", "write 10.0.0.0/8, or 10.0.0.1 for it alone"),
        ("addresses", "10.0.0.0/8\n</textarea><script>x", "Line 2, &lt;/textarea"),
        ("addresses", &long, "Line 3001, moon"),
        ("address_mode", "", "Choose Monitor only or Enforce."),
        ("limit_per_minute", "0", "Write a number from 1 to 1000000"),
        ("limit_per_day", "99999999999", "Write a number from 1 to 1000000000"),
    ] {
        let mut fields = vec![("address_mode", "enforce"), ("addresses", ""), ("limit_per_minute", "77")];
        fields.retain(|(name, _)| *name != field);
        fields.push((field, value));
        let answer = portal.post(&panel, &fields).await;
        assert_eq!(answer.status, 422, "{field}");
        assert!(answer.body.contains(message), "{message}: {}", answer.body);
        assert!(field == "limit_per_minute" || answer.body.contains("value=\"77\""), "what was typed is kept");
        assert!(!answer.body.contains("<script>x"));
    }
    assert!(portal.get(&format!("/keys/{key}")).await.body.contains("Every address"), "nothing was changed");
}

async fn a_key_without_a_signing_secret_cannot_be_made_to_sign(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    portal.generate(&app, "Never signs", &["read"], false).await;
    let key = portal.get(&format!("/apps/{app}/keys")).await.after("href=\"/keys/", '"');
    let fields = [("require_signed", "on"), ("address_mode", "monitor")];
    let answer = portal.post(&format!("/keys/{key}/restrictions"), &fields).await;
    assert_eq!(answer.status, 422);
    assert!(answer.body.contains("This key has no signing secret; generate one first."));
}

async fn what_somebody_else_changed_is_shown(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, _) = portal.key(&app).await;
    let panel = format!("/keys/{key}/restrictions");
    let seen = portal.get(&panel).await.hidden("seen");
    let form = |addresses, seen| [("address_mode", "enforce"), ("addresses", addresses), ("seen", seen)];
    assert_eq!(portal.post(&panel, &form("203.0.113.0/24", &seen)).await.status, 303);
    let before = portal.store.dump().await;
    let refused = portal.post(&panel, &form("198.51.100.7", &seen)).await;
    assert_eq!(refused.status, 409);
    for text in [
        "This key was changed after the form was opened.",
        "Allowed addresses now: 203.0.113.0/24; when you opened it: all.",
        "Requests from elsewhere now: refused; when you opened it: only noted.",
        "198.51.100.7</textarea>",
    ] {
        assert!(refused.body.contains(text), "{text}: {}", refused.body);
    }
    let junk = portal.post(&panel, &form("", "junk")).await;
    assert!(junk.status == 422 && junk.body.contains("This form is not valid any more."), "{}", junk.body);
    // An act that is sent to its own address is checked alike.
    let act = [&form("", &seen)[..], &[("key", key.as_str())]].concat();
    assert_eq!(portal.post("/act/keys/restrict", &act).await.status, 409);
    assert_eq!(portal.store.dump().await, before);
    // What was shown has been seen.
    let again = portal.post(&panel, &form("198.51.100.7", &refused.hidden("seen"))).await;
    assert_eq!(again.status, 303, "{}", again.body);
    assert!(portal.get(&panel).await.body.contains("198.51.100.7</textarea>"));
}

async fn an_ended_key_is_left_alone(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, _) = portal.key(&app).await;
    let panel = format!("/keys/{key}/restrictions");
    portal.revoke(&key).await;
    assert_eq!(portal.get(&panel).await.location(), format!("/keys/{key}"));
    assert!(!portal.get(&format!("/keys/{key}/settings")).await.body.contains("Change restrictions"));
    // How long the revocation took is noted later.
    portal.store.settled().await;
    let before = portal.store.dump().await;
    let refused = portal.post(&panel, &[("address_mode", "enforce"), ("addresses", "203.0.113.7")]).await;
    assert!(refused.status == 409 && refused.body.contains("This key is revoked"), "{}", refused.body);
    assert_eq!(portal.store.dump().await, before);
}
