//! `/keys/{key_id}/rotate`, `/keys/{key_id}/end-previous` and `/keys/{key_id}/extend-previous`

use std::time::Duration;

use crate::{
    client::Answer,
    portal::{TestPortal, find},
};

crate::on_both_portals!(
    the_new_secrets_are_in_one_response,
    the_page_shows_what_uses_which_secret,
    the_old_key_is_revoked_or_extended,
    a_form_sent_twice_rotates_once,
    while_a_key_is_rotated_the_page_asks_which_secret_ends,
    a_custom_grace_period_is_in_hours,
    where_keys_are_rotated_by_hand_the_steps_are_shown,
    a_list_shows_and_filters_what_is_rotated,
    what_would_be_refused_is_not_offered,
);

async fn key(portal: &TestPortal) -> (String, String) {
    portal.set_up().await;
    let app = portal.app().await;
    portal.key(&app).await
}

async fn rotate(portal: &TestPortal, key: &str, fields: &[(&str, &str)]) -> Answer {
    let path = format!("/keys/{key}/rotate");
    let dialog = portal.get(&format!("{path}?again=1")).await;
    let seen = dialog.hidden("seen");
    portal.post(&path, &[&[("seen", seen.as_str())], fields].concat()).await
}

async fn auth(portal: &TestPortal, secret: &str) -> Answer {
    portal.auth("", &[("x-api-key", secret), ("user-agent", "curl/8.5.0")]).await
}

async fn turn(portal: &TestPortal, seconds: u64) {
    portal.store.clock.turn(Duration::from_secs(seconds));
    portal.state.verifier.poll().await.expect("polled");
}

async fn the_new_secrets_are_in_one_response(portal: &TestPortal) {
    let (key, old) = key(portal).await;
    let page = portal.get(&format!("/keys/{key}")).await.body;
    assert!(page.contains(&format!("action=\"/keys/{key}/rotate\"><button class=\"btn\">Rotate</button>")), "{page}");
    let dialog = portal.get(&format!("/keys/{key}/rotate")).await.body;
    for words in ["Rotate key", "Grace period", "None", "1 hour", "24 hours", "7 days", "Custom", "Signing secret, too"]
    {
        assert!(dialog.contains(words), "{words}");
    }
    let answer = rotate(portal, &key, &[("grace", "hour"), ("signing_secret", "on")]).await;
    assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (200, "no-store"), "{}", answer.body);
    assert!(answer.body.contains("Save your key"));
    let (new, signing) = (find(&answer.body, "sk_live_", 44), find(&answer.body, "sgn_", 47));
    let new = new.expect("a secret key");
    assert!(new != old && signing.is_some());
    let file = portal.download(&answer).await.json();
    assert_eq!(file["secret_key"], new.as_str());
    for (secret, name) in [(&old, "previous"), (&new, "current")] {
        assert_eq!(auth(portal, secret).await.header("x-auth-secret"), name);
    }
    for page in ["", "/settings", "/rotate", "/activity"] {
        let body = portal.get(&format!("/keys/{key}{page}")).await.body;
        assert_eq!((find(&body, "sk_live_", 44), find(&body, "sgn_", 47)), (None, None), "{page}");
        assert!(body.contains("Rotating"), "{page}");
    }
    assert!(portal.get(&format!("/keys/{key}/activity")).await.body.contains("Key rotated"));
}

async fn the_page_shows_what_uses_which_secret(portal: &TestPortal) {
    let (key, old) = key(portal).await;
    let answer = rotate(portal, &key, &[("grace", "day")]).await;
    let new = find(&answer.body, "sk_live_", 44).expect("a secret key");
    assert_eq!(find(&answer.body, "sgn_", 47), None, "it was not asked for");
    let page = async || portal.get(&format!("/keys/{key}/rotate")).await.body;
    let before = page().await;
    for words in ["New key generated", "Waiting for the first request", "Not since the rotation began"] {
        assert!(before.contains(words), "{words}");
    }
    turn(portal, 60).await;
    for _ in 0..3 {
        auth(portal, &old).await;
    }
    auth(portal, &new).await;
    let during = page().await;
    for words in
        ["first used just now", "127.0.0.0/24", "curl", "Uses of the old key", "<td data-label=\"Requests\">3</td>"]
    {
        assert!(during.contains(words), "{words}: {during}");
    }
    assert!(!during.contains("quiet for 3 h"));
    turn(portal, 3 * 3_600).await;
    assert!(page().await.contains("quiet for 3 h"));
    turn(portal, 20 * 3_600).await;
    auth(portal, &old).await;
    portal.state.verifier.flush().await.expect("written");
    let urgent = portal.get(&format!("/keys/{key}")).await.body;
    assert!(urgent.contains("The old key is still in use."), "{urgent}");
    turn(portal, 3_600).await;
    let over = portal.get(&format!("/keys/{key}")).await.body;
    assert!(!over.contains("Revoke Old Key") && !over.contains("Rotating"));
}

async fn the_old_key_is_revoked_or_extended(portal: &TestPortal) {
    let (key, old) = key(portal).await;
    let at = |what: &str| format!("/keys/{key}/{what}");
    assert_eq!(portal.post(&at("end-previous"), &[]).await.location(), format!("/keys/{key}"), "there is none");
    rotate(portal, &key, &[("grace", "hour")]).await;
    for page in ["", "/rotate"] {
        let body = portal.get(&format!("/keys/{key}{page}")).await.body;
        assert_eq!((body.matches(">Revoke Old Key<").count(), body.matches(">Extend once<").count()), (1, 1), "{page}");
    }
    let extended = portal.post(&at("extend-previous"), &[]).await;
    let shown = portal.get(extended.location()).await.body;
    assert!(shown.contains("Extended.") && !shown.contains(">Extend once<"), "{shown}");
    turn(portal, 3_600).await;
    assert_eq!(auth(portal, &old).await.status, 200);
    let ended = portal.post(&at("end-previous"), &[]).await;
    assert!(portal.get(ended.location()).await.body.contains("The old key is revoked."));
    assert_eq!(auth(portal, &old).await.status, 401);
}

async fn a_form_sent_twice_rotates_once(portal: &TestPortal) {
    let (key, _) = key(portal).await;
    let path = format!("/keys/{key}/rotate");
    let seen = portal.get(&path).await.hidden("seen");
    let fields = [("seen", seen.as_str()), ("grace", "none")];
    let first = portal.post(&path, &fields).await;
    let secret = find(&first.body, "sk_live_", 44).expect("a secret key");
    let again = portal.post(&path, &fields).await;
    assert_eq!(again.status, 409);
    assert!(again.body.contains("Already shown") && find(&again.body, "sk_live_", 44).is_none());
    assert_eq!(auth(portal, &secret).await.status, 200);
}

async fn while_a_key_is_rotated_the_page_asks_which_secret_ends(portal: &TestPortal) {
    let (key, old) = key(portal).await;
    let second = rotate(portal, &key, &[("grace", "hour")]).await;
    let second = find(&second.body, "sk_live_", 44).expect("a secret key");
    let refused = rotate(portal, &key, &[("grace", "hour")]).await;
    assert_eq!(refused.status, 409);
    for words in ["This key is being rotated", "End at once", "The old one, ", "The new one, "] {
        assert!(refused.body.contains(words), "{words}");
    }
    let third = rotate(portal, &key, &[("grace", "hour"), ("end", "current")]).await;
    let third = find(&third.body, "sk_live_", 44).expect("a secret key");
    for (secret, status) in [(&old, 200), (&second, 401), (&third, 200)] {
        assert_eq!(auth(portal, secret).await.status, status);
    }
}

async fn a_custom_grace_period_is_in_hours(portal: &TestPortal) {
    let (key, old) = key(portal).await;
    for (hours, says) in
        [("721", "The grace period is up to 30 days"), ("", "Write whole hours."), ("-1", "Write whole")]
    {
        let refused = rotate(portal, &key, &[("grace", "custom"), ("hours", hours)]).await;
        assert_eq!(refused.status, 422, "{hours}");
        assert!(refused.body.contains(says), "{hours}: {}", refused.body);
    }
    rotate(portal, &key, &[("grace", "custom"), ("hours", "2")]).await;
    turn(portal, 7_199).await;
    assert_eq!(auth(portal, &old).await.status, 200);
    turn(portal, 1).await;
    assert_eq!(auth(portal, &old).await.status, 401);
}

async fn where_keys_are_rotated_by_hand_the_steps_are_shown(portal: &TestPortal) {
    let (key, _) = key(portal).await;
    let by_hand = portal.with_profile(include_str!("../../../../examples/profiles/synheart.toml")).await;
    by_hand.set_cookie("sallyport", &portal.cookie("sallyport").expect("signed in"));
    let page = by_hand.get(&format!("/keys/{key}/rotate")).await.body;
    for words in ["Generate like this one", "Roll out both its secrets to your callers", "Revoke this key"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(page.contains(&format!("panel=generate&amp;like={key}")), "{page}");
}

async fn a_list_shows_and_filters_what_is_rotated(portal: &TestPortal) {
    let (key, _) = key(portal).await;
    let app = portal.get(&format!("/keys/{key}")).await.after("href=\"/apps/", '"');
    rotate(portal, &key, &[("grace", "hour")]).await;
    for (query, shown) in [("", true), ("?status=rotating", true), ("?status=active", false)] {
        let list = portal.get(&format!("/apps/{app}/keys{query}")).await.body;
        assert_eq!(list.contains(&format!("href=\"/keys/{key}\"")), shown, "{query}");
        assert!(!shown || list.contains(">Rotating<"), "{query}");
    }
}

async fn what_would_be_refused_is_not_offered(portal: &TestPortal) {
    let (key, _) = key(portal).await;
    rotate(portal, &key, &[("grace", "day")]).await;
    for page in ["", "/rotate"] {
        let body = portal.get(&format!("/keys/{key}{page}")).await.body;
        assert!(body.contains("Revoke Old Key") && body.contains("Extend once"), "{page}: {body}");
    }
    // As when the profile was changed since.
    let by_hand = portal.with_profile(include_str!("../../../../examples/profiles/synheart.toml")).await;
    by_hand.set_cookie("sallyport", &portal.cookie("sallyport").expect("signed in"));
    let body = by_hand.get(&format!("/keys/{key}")).await.body;
    assert!(body.contains("Revoke Old Key") && !body.contains("Extend once"), "{body}");
}
