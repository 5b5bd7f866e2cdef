//! `/keys/{key_id}/handover` and `/handover/{handover_id}`

use axum::{
    body::Body,
    http::{Method, header},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use sallyport::{audit::hex, handover::Code, id::HandoverId};

use crate::{
    client::{Answer, Client, ORIGIN},
    portal::{Shown, TestPortal},
};

crate::on_both_portals!(
    a_person_without_scripts_types_the_code,
    a_browser_sends_no_code,
    wrong_options_are_said,
    a_passphrase_is_asked_for,
    one_member_alone_opens_it,
    a_link_is_withdrawn,
);

async fn shown(portal: &TestPortal) -> (String, Shown) {
    portal.set_up().await;
    let app = portal.app().await;
    let shown = portal.generate(&app, "CI", &["read"], true).await;
    let action = shown.answer.after("<form id=\"credentials\" method=\"post\" action=\"", '"');
    (action.replace("/credentials", "/handover"), shown)
}

async fn made(portal: &TestPortal, more: &[(&str, &str)]) -> (Shown, Answer) {
    let (path, shown) = shown(portal).await;
    let sealed = shown.answer.hidden("sealed");
    let answer = portal.post(&path, &[&[("sealed", sealed.as_str())], more].concat()).await;
    (shown, answer)
}

/// The path and the code of the link in an answer.
fn link(answer: &Answer) -> (String, String) {
    assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (200, "no-store"), "{}", answer.body);
    let link = answer.body.split("value=\"").find_map(|part| part.split('"').next().filter(|link| link.contains('#')));
    let (path, code) = link.expect("a link").split_once('#').expect("a fragment");
    (path[path.find("/handover/").expect("a path")..].to_owned(), code.to_owned())
}

async fn a_person_without_scripts_types_the_code(portal: &TestPortal) {
    let (Shown { secret, .. }, answer) = made(portal, &[]).await;
    assert!(answer.body.contains("until 23 November 2026, 06:00 UTC"), "{}", answer.body);
    assert!(!answer.body.contains(&secret));
    let (path, code) = link(&answer);
    let stranger = portal.another();
    let before = portal.store.dump().await;
    let page = stranger.get(&path).await;
    assert_eq!(page.status, 200);
    for words in ["Credentials for you", "They can be opened once", "Open once", "Code"] {
        assert!(page.body.contains(words), "{words}: {}", page.body);
    }
    let wrong = stranger.post(&path, &[("code", "00000000000000000000000000")]).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.body.contains("This is not the code of this link."), "{}", wrong.body);
    assert_eq!(stranger.post(&path, &[("code", "short")]).await.status, 422);
    assert_eq!(portal.store.dump().await, before, "neither looking nor a wrong code changes anything");
    // Neither is the code taken from an address.
    assert_eq!(stranger.get(&format!("{path}?code={code}")).await.status, 200);
    let typed = code.to_lowercase();
    let opened = stranger.post(&path, &[("code", &format!("{} {}", &typed[..5], &typed[5..]))]).await;
    assert_eq!((opened.status.as_u16(), opened.header("cache-control")), (200, "no-store"));
    assert!(opened.body.contains(&secret) && opened.body.contains("secret_key"), "{}", opened.body);
    let again = stranger.post(&path, &[("code", &code)]).await;
    assert_eq!(again.status, 410);
    assert!(again.body.contains("This link does not work") && !again.body.contains(&secret), "{}", again.body);
    let late = stranger.get(&path).await;
    assert_eq!(late.status, 410);
    assert!(
        late.body.contains("data-ended") && late.body.contains("Report"),
        "who has the code can say so: {}",
        late.body
    );
    let dump = format!("{:?}", portal.store.dump().await);
    assert!(!dump.contains(&secret) && !dump.contains(&code));
}

async fn a_browser_sends_no_code(portal: &TestPortal) {
    let (Shown { secret, .. }, answer) = made(portal, &[("hours", "1")]).await;
    let (path, code) = link(&answer);
    let id = HandoverId::parse(path.rsplit('/').next().expect("an id")).expect("an id");
    let code = Code::parse(&code).expect("a code");
    let ask = |token: String| {
        let request = Client::request(Method::POST, &path)
            .header(header::ORIGIN, ORIGIN)
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        request.body(Body::from(format!("token={token}"))).expect("a request")
    };
    let stranger = portal.another();
    let wrong = stranger.send(ask("00".repeat(32))).await;
    assert_eq!((wrong.status.as_u16(), wrong.json()["field"].as_str()), (422, Some("code")));
    let opened = stranger.send(ask(hex(&code.token(&id)))).await;
    assert_eq!((opened.status.as_u16(), opened.header("cache-control")), (200, "no-store"));
    assert!(!opened.body.contains(&secret));
    let sealed = opened.json()["sealed"].as_str().map(|sealed| BASE64_STANDARD.decode(sealed).expect("base64"));
    let text = code.open(&id, &sealed.expect("sealed")).expect("its code");
    assert!(text.contains(&secret), "{}", text.as_str());
    assert!(opened.json()["name"].as_str().expect("a name").starts_with("credentials-app_"));
    let again = stranger.send(ask(hex(&code.token(&id)))).await;
    assert_eq!((again.status.as_u16(), again.json()["message"].as_str().is_some()), (410, true));
}

async fn wrong_options_are_said(portal: &TestPortal) {
    let (path, shown) = shown(portal).await;
    let sealed = shown.answer.hidden("sealed");
    for (field, value, said) in [
        ("hours", "73", "Choose a time from the list."),
        ("only_for", "eve@example.com", "No member of this organization has this e-mail address."),
        ("passphrase", "short", "Use 6 to 256 characters."),
    ] {
        let answer = portal.post(&path, &[("sealed", &sealed), (field, value)]).await;
        assert_eq!(answer.status, 422, "{field}");
        assert!(answer.body.contains(said) && answer.body.contains("Hand over by link"), "{}", answer.body);
        assert_eq!(answer.hidden("sealed"), sealed, "it can be corrected");
    }
    assert_eq!(portal.post(&path, &[("sealed", "other")]).await.status, 400);
    let signed_out = portal.another().post(&path, &[("sealed", &sealed)]).await;
    assert!(signed_out.location().starts_with("/sign-in?next="), "{}", signed_out.location());
    for path in ["/handover/hnd_x", "/handover/other", "/handover/%ff"] {
        assert_eq!(portal.get(path).await.status, 404, "{path}");
        assert_eq!(portal.post(path, &[("code", "x")]).await.status, 404, "{path}");
    }
}

async fn a_passphrase_is_asked_for(portal: &TestPortal) {
    let (Shown { secret, .. }, answer) = made(portal, &[("passphrase", "correct horse")]).await;
    let (path, code) = link(&answer);
    let stranger = portal.another();
    assert!(stranger.get(&path).await.body.contains("name=\"passphrase\""));
    let refused = stranger.post(&path, &[("code", &code), ("passphrase", "wrong horse")]).await;
    assert_eq!(refused.status, 403);
    assert!(refused.body.contains("This is not the passphrase."), "{}", refused.body);
    let opened = stranger.post(&path, &[("code", &code), ("passphrase", "correct horse")]).await;
    assert!(opened.status == 200 && opened.body.contains(&secret), "{}", opened.body);
    assert!(!format!("{:?}", portal.store.dump().await).contains("correct horse"));
}

async fn one_member_alone_opens_it(portal: &TestPortal) {
    let (Shown { secret, .. }, answer) = made(portal, &[("only_for", "ada@example.com")]).await;
    let (path, code) = link(&answer);
    let stranger = portal.another();
    assert!(stranger.get(&path).await.body.contains("Sign in"));
    let refused = stranger.post(&path, &[("code", &code)]).await;
    assert_eq!(refused.status, 403);
    assert!(refused.body.contains("This link is for one member."), "{}", refused.body);
    assert!(portal.post(&path, &[("code", &code)]).await.body.contains(&secret));
}

async fn a_link_is_withdrawn(portal: &TestPortal) {
    let (at, shown) = shown(portal).await;
    let key = at.split('/').nth(2).expect("the key's id");
    let sealed = shown.answer.hidden("sealed");
    let (path, code) = link(&portal.post(&at, &[("sealed", &sealed), ("only_for", "ada@example.com")]).await);
    let id = path.rsplit('/').next().expect("an id");
    let page = portal.get(&format!("/keys/{key}")).await;
    assert!(
        page.body.contains("Hand-over links") && page.body.contains("ada@example.com can open it once"),
        "{}",
        page.body
    );
    let withdraw = format!("/keys/{key}/withdraw-handover");
    assert_eq!(portal.post(&withdraw, &[("handover", "other")]).await.location(), format!("/keys/{key}"));
    let done = portal.post(&withdraw, &[("handover", id)]).await;
    assert_eq!(done.location(), format!("/keys/{key}?done=withdrawn"));
    let page = portal.get(done.location()).await;
    assert!(page.body.contains("The link does not work any more.") && !page.body.contains("Hand-over links"));
    let late = portal.post(&path, &[("code", &code)]).await;
    assert!(late.status == 410 && !late.body.contains(&shown.secret), "{}", late.body);
    // A second click changes nothing.
    assert_eq!(portal.post(&withdraw, &[("handover", id)]).await.location(), format!("/keys/{key}"));
}
