//! `/device`

use sallyport::{
    audit::{Act, Actor},
    device::{self, DeviceAnswer, DeviceCodes, VALID},
    personal_token::{TokenScope, TokenScopes},
    store::EventFilter,
};

use crate::{
    client::{Answer, Client},
    portal::{PASSWORD, TestPortal},
};

crate::on_both_portals!(
    a_person_sees_who_asks_and_approves,
    a_person_denies,
    a_code_is_answered_once,
    a_wrong_or_expired_code_is_said_to_be_none,
    guesses_have_to_wait,
    opening_it_changes_nothing,
    a_person_signs_in_first,
    what_it_is_called_proves_nothing,
);

const NAME: &str = "sallyport 0.1.0 on laptop";
const NONE: &str = "No device is waiting with this code. Check it, or start sallyport login again.";

async fn start(portal: &TestPortal, name: &str) -> DeviceCodes {
    let act = Act { address: Some("198.51.100.7".to_owned()), ..Act::by(Actor::Anonymous) };
    let scopes = TokenScopes::READ.with(TokenScope::Keys);
    portal.store.start_device_sign_in(&act, name, scopes).await.expect("started")
}

async fn ask(portal: &TestPortal, codes: &DeviceCodes) -> DeviceAnswer {
    let device_code = device::parse(codes.device_code.expose()).expect("a code");
    portal.store.ask_device(&Act::by(Actor::Anonymous), device_code).await.expect("asked")
}

async fn send(client: &Client, button: &str, code: &str) -> Answer {
    client.post("/device", &[("do", button), ("code", code)]).await
}

async fn events(portal: &TestPortal, action: &str) -> usize {
    let filter = EventFilter { action: action.to_owned(), ..EventFilter::default() };
    portal.store.system_events(&filter).await.expect("asked").events.len()
}

async fn a_person_sees_who_asks_and_approves(portal: &TestPortal) {
    portal.set_up().await;
    let codes = start(portal, NAME).await;
    let code = codes.user_code.to_string();
    let typed = code.to_lowercase().replace('-', " ");
    let page = send(portal, "continue", &typed).await;
    assert_eq!(page.status, 200, "{}", page.body);
    for words in [
        NAME,
        "198.51.100.7",
        "just now",
        TokenScope::Read.title(),
        TokenScope::Keys.title(),
        "Ada Byron",
        "Approve only if you have just started this sign-in yourself.",
        &code,
    ] {
        assert!(page.body.contains(words), "{words}: {}", page.body);
    }
    assert!(!page.body.contains(TokenScope::Members.title()));
    assert_eq!(page.hidden("code"), code);
    assert!(matches!(ask(portal, &codes).await, DeviceAnswer::Pending), "nothing is approved yet");

    let done = send(portal, "approve", &code).await;
    assert_eq!((done.status.as_u16(), done.location()), (303, "/device?done=approve"), "{}", done.body);
    let page = portal.get(done.location()).await;
    assert!(page.body.contains("You can go back to your command line."), "{}", page.body);
    assert!(matches!(ask(portal, &codes).await, DeviceAnswer::Approved(_)));
    let account = portal.get("/account").await;
    assert!(account.body.contains(NAME), "{}", account.body);
    assert_eq!(events(portal, "device.approved").await, 1);
}

async fn a_person_denies(portal: &TestPortal) {
    portal.set_up().await;
    let codes = start(portal, NAME).await;
    let done = send(portal, "deny", &codes.user_code.to_string()).await;
    assert_eq!((done.status.as_u16(), done.location()), (303, "/device?done=deny"), "{}", done.body);
    assert!(portal.get(done.location()).await.body.contains("Denied. "));
    assert!(matches!(ask(portal, &codes).await, DeviceAnswer::Denied));
    assert!(portal.get("/account").await.body.contains("No command line is signed in"));
    assert_eq!(events(portal, "device.denied").await, 1);
}

async fn a_code_is_answered_once(portal: &TestPortal) {
    portal.set_up().await;
    let eve = portal.stranger().await;
    for (first, then) in [("approve", "approve"), ("approve", "deny"), ("deny", "approve")] {
        let codes = start(portal, NAME).await;
        let code = codes.user_code.to_string();
        assert_eq!(send(portal, first, &code).await.status, 303);
        for client in [&portal.client, &eve] {
            let again = send(client, then, &code).await;
            assert_eq!(again.status, 422, "{first} {then}");
            assert!(again.body.contains(NONE), "{}", again.body);
        }
        let expected = first == "approve";
        assert_eq!(matches!(ask(portal, &codes).await, DeviceAnswer::Approved(_)), expected, "{first} {then}");
        portal.wait(600);
    }
}

async fn a_wrong_or_expired_code_is_said_to_be_none(portal: &TestPortal) {
    portal.set_up().await;
    let codes = start(portal, NAME).await;
    portal.store.clock.turn(VALID);
    let expired = codes.user_code.to_string();
    for code in ["", "WDJB", "BBBB-BBBB", "<script>", &expired] {
        for button in ["continue", "approve", "deny"] {
            let answer = send(portal, button, code).await;
            assert_eq!(answer.status, 422, "{button} {code}: {}", answer.body);
            assert!(answer.body.contains("id=\"code-error\"") && answer.body.contains(NONE), "{}", answer.body);
            assert!(!answer.body.contains("<script>") && !answer.body.contains(">Approve<"), "{}", answer.body);
        }
        portal.wait(600);
    }
    assert_eq!(send(portal, "else", &expired).await.status, 400);
    assert_eq!(portal.post("/device", &[]).await.status, 400);
}

async fn guesses_have_to_wait(portal: &TestPortal) {
    portal.set_up().await;
    let codes = start(portal, NAME).await;
    let code = codes.user_code.to_string();
    for _ in 0..10 {
        assert_eq!(send(portal, "continue", "not a code").await.status, 422, "no guess");
        assert_eq!(send(portal, "continue", &code).await.status, 200, "being right costs nothing");
    }
    for letter in ["B", "C", "D", "F"] {
        assert_eq!(send(portal, "continue", &letter.repeat(8)).await.status, 422);
    }
    // A code of one's own does not clear the count.
    assert_eq!(send(portal, "continue", &code).await.status, 200);
    assert_eq!(send(portal, "approve", "GGGG-GGGG").await.status, 422);
    for button in ["continue", "approve", "deny"] {
        let answer = send(portal, button, &code).await;
        assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (429, "60"), "{button}");
        assert!(answer.body.contains("Too many wrong codes. Try again in 60 seconds."), "{}", answer.body);
        assert!(answer.body.contains(&format!("value=\"{code}\"")), "what was typed is kept");
    }
    let act = portal.post("/act/device/approve", &[("code", &code)]).await;
    assert_eq!(act.status, 429, "the same for the act alone: {}", act.body);
    assert!(matches!(ask(portal, &codes).await, DeviceAnswer::Pending));
    portal.wait(60);
    assert_eq!(send(portal, "approve", &code).await.status, 303);
}

async fn opening_it_changes_nothing(portal: &TestPortal) {
    portal.set_up().await;
    let codes = start(portal, NAME).await;
    let code = codes.user_code.to_string();
    let before = portal.store.dump().await;
    for path in [
        format!("/device?user_code={code}"),
        format!("/device?user_code={}&do=approve&code={code}", code.to_lowercase()),
    ] {
        let page = portal.get(&path).await;
        assert_eq!(page.status, 200);
        assert!(page.body.contains(&format!("value=\"{code}\"")), "it only fills the field in: {}", page.body);
        assert!(!page.body.contains(NAME) && !page.body.contains(">Approve<"));
        assert_eq!(page.header("referrer-policy"), "strict-origin");
        assert_eq!(page.header("cache-control"), "no-store");
    }
    let typed = portal.get("/device?user_code=%22%3E%3Cscript%3E").await;
    assert!(!typed.body.contains("\"><script>"), "{}", typed.body);
    portal.get("/device?done=approve").await;
    assert_eq!(portal.store.dump().await, before);
}

async fn a_person_signs_in_first(portal: &TestPortal) {
    portal.set_up().await;
    let codes = start(portal, NAME).await;
    let code = codes.user_code.to_string();
    let browser = portal.another();
    let to_sign_in = browser.get(&format!("/device?user_code={code}")).await;
    assert_eq!(to_sign_in.location(), format!("/sign-in?next=%2Fdevice%3Fuser_code%3D{code}"));
    assert!(send(&browser, "approve", &code).await.location().starts_with("/sign-in"));
    assert!(matches!(ask(portal, &codes).await, DeviceAnswer::Pending));
    let next = browser.get(to_sign_in.location()).await.hidden("next");
    let fields = [("email", "ada@example.com"), ("password", PASSWORD), ("next", &next)];
    let signed_in = browser.post("/sign-in", &fields).await;
    let page = browser.get(signed_in.location()).await;
    assert!(page.body.contains(&format!("value=\"{code}\"")), "{} {}", signed_in.location(), page.body);
}

async fn what_it_is_called_proves_nothing(portal: &TestPortal) {
    portal.set_up().await;
    let codes = start(portal, "<b>Approve</b> & \"go\"").await;
    let page = send(portal, "continue", &codes.user_code.to_string()).await;
    assert!(page.body.contains("&lt;b&gt;Approve&lt;/b&gt; &amp; "), "{}", page.body);
    assert!(page.body.contains("It calls itself"), "{}", page.body);
}
