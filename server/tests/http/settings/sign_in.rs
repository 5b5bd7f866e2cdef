//! `/orgs/{org_id}/settings/sign-in`: what an organization demands of sign-ins.

pub mod tokens;

use std::time::Duration;

use sallyport::{
    audit::{Act, Actor},
    id::OrgId,
    member::Role,
    store::EventFilter,
    user::{NewUser, User},
};

use crate::{
    account::two_step::{next_code, set_up_app},
    client::{Answer, Client},
    portal::{PASSWORD, TestPortal},
};

crate::on_both_portals!(
    who_has_no_second_factor_is_led_to_it,
    until_the_day_members_are_reminded,
    an_old_sign_in_is_confirmed,
    a_pause_is_not_forgotten,
    another_domain_sees_nothing,
    the_newest_sessions_get_in,
    nobody_locks_themselves_out,
    what_is_wrong_is_said_and_kept,
    it_needs_a_fresh_sign_in_of_an_owner,
    neither_search_nor_a_download_goes_around_it,
);

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Ada's organization; she is signed in.
async fn focus(portal: &TestPortal) -> (OrgId, String) {
    portal.set_up().await;
    let org = OrgId::parse(&portal.org("Focus Labs").await).expect("an id");
    let page = format!("/orgs/{org}");
    (org, page)
}

async fn signed_in(portal: &TestPortal, email: &str) -> Client {
    let browser = portal.another();
    let answer = browser.post("/sign-in", &[("email", email), ("password", PASSWORD)]).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    browser
}

/// Somebody else, with a role in the organization, and their browser.
async fn member(portal: &TestPortal, org: &OrgId, name: &str, email: &str) -> (User, Client) {
    let act = Act::by(Actor::CommandLine);
    let new = NewUser::check(name, email, PASSWORD).expect("checked");
    let hash = portal.state.context.passwords.hash(&new.password).await.expect("hashed");
    let user = portal.store.create_user(&act, new, hash, false).await.expect("made");
    portal.store.add_member(&act, org, &user, Role::Admin).await.expect("added");
    (user, signed_in(portal, email).await)
}

async fn set(client: &Client, page: &str, fields: &[(&str, &str)]) {
    let path = format!("{page}/settings/sign-in");
    let answer = client.post(&path, fields).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (303, &*format!("{path}?saved=1")), "{}", answer.body);
}

fn is_closed(answer: &Answer, title: &str, leads_to: &str) {
    assert_eq!(answer.status, 403, "{}", answer.body);
    assert!(answer.body.contains(title) && answer.body.contains(leads_to), "{title} {leads_to}: {}", answer.body);
    assert!(!answer.body.contains("Generate API Key") && !answer.body.contains("New project"), "{}", answer.body);
}

async fn confirm(client: &Client, field: (&str, &str), next: &str) {
    let answer = client.post("/account/confirm", &[field, ("next", next)]).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (303, next), "{}", answer.body);
}

async fn who_has_no_second_factor_is_led_to_it(portal: &TestPortal) {
    let (org, page) = focus(portal).await;
    let before = signed_in(portal, "ada@example.com").await;
    let refused = portal.post(&format!("{page}/settings/sign-in"), &[("factor", "on")]).await;
    assert!(refused.status == 422 && refused.body.contains("Set up a second factor for yourself"), "{}", refused.body);
    let (secret, _) = set_up_app(portal, &portal.client).await;
    set(portal, &page, &[("factor", "on")]).await;
    assert_eq!(portal.get(&page).await.status, 200, "its code was typed in this session");
    assert!(portal.get(&format!("{page}/activity")).await.body.contains("Sign-in policy changed"));

    // A session from before the app did not ask for it.
    let answer = before.get(&format!("{page}/keys")).await;
    is_closed(&answer, "Second factor required", "/account/confirm?next=");
    let form = [("name", "Changed"), ("description", "")];
    assert_eq!(before.post(&format!("{page}/settings"), &form).await.status, 403);
    confirm(&before, ("code", &next_code(portal, &secret)), &page).await;
    assert_eq!(before.get(&page).await.status, 200);

    // Who has none sets it up, and is let in.
    let (_, eve) = member(portal, &org, "Eve", "eve@example.com").await;
    is_closed(&eve.get(&page).await, "Second factor required", "/account/authenticator");
    assert_eq!(eve.get("/account").await.status, 200);
    set_up_app(portal, &eve).await;
    assert_eq!(eve.get(&page).await.status, 200);
    // Without it, it ends.
    assert_eq!(eve.post("/account/authenticator/remove", &[]).await.status, 303);
    is_closed(&eve.get(&page).await, "Second factor required", "/account/authenticator");

    // Another organization of the same person demands nothing.
    let other = portal.another();
    assert!(other.post("/sign-in", &[("email", "ada@example.com"), ("password", PASSWORD)]).await.status == 303);
    let code = next_code(portal, &secret);
    assert_eq!(other.post("/sign-in/code", &[("code", &code)]).await.status, 303);
    assert_eq!(other.get(&page).await.status, 200);
}

async fn until_the_day_members_are_reminded(portal: &TestPortal) {
    let (org, page) = focus(portal).await;
    set_up_app(portal, &portal.client).await;
    let (_, eve) = member(portal, &org, "Eve", "eve@example.com").await;
    let day = (portal.store.now() + 7 * DAY).to_rfc3339()[..10].to_owned();
    set(portal, &page, &[("factor", "on"), ("factor_from", &day)]).await;
    let form = portal.get(&format!("{page}/settings/sign-in")).await.body;
    assert!(form.contains(&format!("value=\"{day}\"")), "{form}");
    let shown = eve.get(&page).await;
    assert_eq!(shown.status, 200);
    assert!(shown.body.contains("will require a second factor") && shown.body.contains("/account/authenticator"));
    assert!(!portal.get(&page).await.body.contains("will require a second factor"), "she has one");
    portal.store.clock.turn(7 * DAY);
    // Sessions end by themselves after three days without a request.
    let eve = signed_in(portal, "eve@example.com").await;
    is_closed(&eve.get(&page).await, "Second factor required", "/account/authenticator");
}

async fn an_old_sign_in_is_confirmed(portal: &TestPortal) {
    let (_, page) = focus(portal).await;
    set(portal, &page, &[("lifetime_hours", "2")]).await;
    for _ in 0..3 {
        portal.store.clock.turn(39 * MINUTE);
        assert_eq!(portal.get(&page).await.status, 200);
        portal.store.settled().await;
    }
    portal.store.clock.turn(3 * MINUTE);
    is_closed(&portal.get(&page).await, "Sign-in too long ago", "/account/confirm?next=");
    assert_eq!(portal.get("/account").await.status, 200, "elsewhere it lasts");
    let refused = portal.post("/account/confirm", &[("password", "another horse battery")]).await;
    assert_eq!(refused.status, 422);
    assert_eq!(portal.get(&page).await.status, 403);
    confirm(portal, ("password", PASSWORD), &page).await;
    assert_eq!(portal.get(&page).await.status, 200);
}

async fn a_pause_is_not_forgotten(portal: &TestPortal) {
    let (_, page) = focus(portal).await;
    set(portal, &page, &[("idle_minutes", "30")]).await;
    portal.store.clock.turn(24 * MINUTE);
    assert_eq!(portal.get(&page).await.status, 200);
    portal.store.settled().await;
    portal.store.clock.turn(31 * MINUTE);
    // Requests after it, here and elsewhere, don't make up for it.
    assert_eq!(portal.get("/account").await.status, 200);
    portal.store.settled().await;
    for _ in 0..2 {
        is_closed(&portal.get(&page).await, "Sign-in too long ago", "/account/confirm?next=");
        portal.store.clock.turn(6 * MINUTE);
        portal.store.settled().await;
    }
    confirm(portal, ("password", PASSWORD), &page).await;
    assert_eq!(portal.get(&page).await.status, 200);
}

async fn another_domain_sees_nothing(portal: &TestPortal) {
    let (org, page) = focus(portal).await;
    let (_, eve) = member(portal, &org, "Eve", "eve@dev.example.com").await;
    let (_, bob) = member(portal, &org, "Bob", "bob@notexample.com").await;
    let (_, grace) = member(portal, &org, "Grace", "grace@example.com").await;
    set(portal, &page, &[("domains", "Example.com\r\nother.example")]).await;
    assert_eq!(grace.get(&page).await.status, 200);
    for browser in [&eve, &bob] {
        is_closed(&browser.get(&page).await, "Not for this e-mail address", "Ask one of its owners");
        assert!(!browser.get(&page).await.body.contains("/account/confirm"), "nothing to do for them");
    }
    set(portal, &page, &[("domains", "example.com, dev.example.com")]).await;
    assert_eq!(eve.get(&page).await.status, 200);
    assert_eq!(bob.get(&page).await.status, 403);
    set(portal, &page, &[("domains", "")]).await;
    assert_eq!(bob.get(&page).await.status, 200);
}

async fn the_newest_sessions_get_in(portal: &TestPortal) {
    let (_, page) = focus(portal).await;
    set(portal, &page, &[("most_sessions", "2")]).await;
    let mut browsers = Vec::new();
    for _ in 0..2 {
        portal.store.clock.turn(MINUTE);
        browsers.push(signed_in(portal, "ada@example.com").await);
    }
    is_closed(&portal.get(&page).await, "Too many sessions", "/account/confirm?next=");
    for browser in &browsers {
        assert_eq!(browser.get(&page).await.status, 200);
    }
    portal.store.clock.turn(MINUTE);
    confirm(portal, ("password", PASSWORD), &page).await;
    assert_eq!(portal.get(&page).await.status, 200);
    assert_eq!(browsers[0].get(&page).await.status, 403, "it was confirmed the longest ago");
    assert_eq!(browsers[1].get(&page).await.status, 200);
    // One that ended leaves room.
    assert_eq!(browsers[1].post("/sign-out", &[]).await.status, 303);
    assert_eq!(browsers[0].get(&page).await.status, 200);
}

async fn nobody_locks_themselves_out(portal: &TestPortal) {
    let (org, page) = focus(portal).await;
    portal.store.clock.turn(MINUTE);
    let _newer = signed_in(portal, "ada@example.com").await;
    let path = format!("{page}/settings/sign-in");
    let later = (portal.store.now() + 7 * DAY).to_rfc3339()[..10].to_owned();
    let cases: [(&[(&str, &str)], &str); 4] = [
        (&[("domains", "other.example")], "Your own e-mail address is not of these"),
        (&[("most_sessions", "1")], "You have more sessions than that"),
        (&[("factor", "on")], "Set up a second factor for yourself first"),
        (&[("factor", "on"), ("factor_from", &later)], "Set up a second factor for yourself first"),
    ];
    for (fields, says) in cases {
        let answer = portal.post(&path, fields).await;
        assert!(answer.status == 422 && answer.body.contains(says), "{says}: {}", answer.body);
        assert_eq!(portal.get(&page).await.status, 200, "{says}");
    }
    let filter = EventFilter { action: "organization.sign_in_policy_changed".to_owned(), ..EventFilter::default() };
    assert_eq!(portal.store.events(&org, None, &filter).await.expect("read").events.len(), 0);
}

async fn what_is_wrong_is_said_and_kept(portal: &TestPortal) {
    let (_, page) = focus(portal).await;
    let path = format!("{page}/settings/sign-in");
    let fields = [
        ("lifetime_hours", "721"),
        ("idle_minutes", "5"),
        ("domains", "example.com\r\n@focus"),
        ("most_sessions", "lots"),
        ("factor_from", "2026-13-01"),
    ];
    let answer = portal.post(&path, &fields).await;
    assert_eq!(answer.status, 422);
    for says in [
        "Write a number from 1 to 720, or nothing.",
        "Write a number from 15 to 4320, or nothing.",
        "“focus” is no domain.",
        "Write a whole number, or nothing.",
        "Write the day like 2026-11-20.",
        "value=\"721\"",
        "value=\"lots\"",
        "@focus",
    ] {
        assert!(answer.body.contains(says), "{says}: {}", answer.body);
    }
    assert_eq!(portal.post(&path, &[("issuer", "nobody")]).await.status, 422);
}

async fn it_needs_a_fresh_sign_in_of_an_owner(portal: &TestPortal) {
    let (org, page) = focus(portal).await;
    let (_, eve) = member(portal, &org, "Eve", "eve@example.com").await;
    let path = format!("{page}/settings/sign-in");
    for answer in [eve.get(&path).await, eve.post(&path, &[("lifetime_hours", "2")]).await] {
        assert_eq!(answer.status, 403, "an admin does not own it");
    }
    portal.store.clock.turn(11 * MINUTE);
    let answer = portal.post(&path, &[("lifetime_hours", "2")]).await;
    assert!(answer.location().starts_with("/account/confirm?next="), "{}", answer.body);
    confirm_and_resume(portal, &path).await;
    set(portal, &page, &[("lifetime_hours", "2")]).await;
}

/// What was typed is shown again after the confirmation.
async fn confirm_and_resume(client: &Client, next: &str) {
    let answer = client.post("/account/confirm", &[("password", PASSWORD), ("next", next)]).await;
    assert!(answer.status == 200 && answer.body.contains("value=\"2\""), "{}", answer.body);
}

async fn neither_search_nor_a_download_goes_around_it(portal: &TestPortal) {
    let (_, page) = focus(portal).await;
    set(portal, &page, &[("lifetime_hours", "1")]).await;
    let found = portal.get("/search?q=Development").await;
    assert!(found.body.contains("/tenants/"), "{}", found.body);
    portal.store.clock.turn(61 * MINUTE);
    let id = found.after("/tenants/", '"');
    for path in ["/search?q=Development".to_owned(), format!("/search?q={id}")] {
        let answer = portal.get(&path).await;
        assert!(
            !answer.body.contains("/tenants/") && !answer.location().contains("/tenants/"),
            "{path}: {}",
            answer.body
        );
    }
    for path in ["activity.csv", "members.csv", "keys.csv"] {
        assert_eq!(portal.get(&format!("{page}/{path}")).await.status, 403, "{path}");
    }
}
