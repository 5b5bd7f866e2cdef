//! `…/invitations` and `/invitations/{token}`

use axum::http::header;
use sallyport::{
    audit::{Act, Actor, Credential},
    id::OrgId,
    invitation::{NewInvitations, VALID},
    member::Role,
    store::EventFilter,
    testing::Authenticator,
};

use crate::{
    account::{
        passkeys::{HOST, add, at_localhost, options},
        two_step::set_up_app,
    },
    client::{Answer, Client},
    middleware::headers::assert_guarded,
    portal::{PASSWORD, TestPortal},
};

crate::on_both_portals!(
    a_stranger_accepts_a_link_that_was_handed_over,
    who_receives_the_mail_takes_an_unverified_account_over,
    a_taken_over_account_loses_the_factors_of_who_made_it,
    with_mail_no_page_has_the_link,
    a_person_with_that_address_accepts_and_no_other,
    links_that_ended_answer_alike,
    forms_that_are_wrong_are_shown_again,
    nobody_invites_without_end,
    the_database_opens_nothing,
);

const WORDS: &str = "walls have small doors";

/// Ada's organization.
async fn org(portal: &TestPortal) -> String {
    portal.set_up().await;
    format!("/orgs/{}", portal.org("Focus Labs").await)
}

async fn invite(portal: &TestPortal, place: &str, email: &str, role: &str) -> Answer {
    portal.post(&format!("{place}/invitations"), &[("emails", email), ("role", role)]).await
}

/// Invites, and returns the path of the link.
async fn link(portal: &TestPortal, place: &str, email: &str, role: &str) -> String {
    let answer = invite(portal, place, email, role).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    shown(&answer)
}

fn shown(answer: &Answer) -> String {
    format!("/invitations/{}", answer.after("/invitations/inv_", '"')).replace("/invitations/", "/invitations/inv_")
}

async fn accept(browser: &Client, link: &str) -> Answer {
    browser.post(link, &[("name", "Grace Hopper"), ("password", WORDS)]).await
}

fn id(answer: &Answer) -> String {
    answer.hidden("invitation")
}

async fn a_stranger_accepts_a_link_that_was_handed_over(portal: &TestPortal) {
    let org = org(portal).await;
    let panel = portal.get(&format!("{org}/invitations")).await;
    assert!(panel.body.contains("This portal does not send mail. You get a link"), "{}", panel.body);
    let answer = invite(portal, &org, "Grace@example.com", "viewer").await;
    assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (200, "no-store"));
    assert!(answer.body.contains("This is the only time") && answer.body.contains("Copy link"), "{}", answer.body);
    let link = shown(&answer);
    let members = portal.get(&format!("{org}/members")).await;
    assert!(members.body.contains("grace@example.com") && !members.body.contains(&link), "the link is shown once");

    let browser = portal.another();
    let before = portal.store.dump().await;
    let page = browser.get(&link).await;
    assert_eq!(page.status, 200);
    assert_guarded(&page, &format!("GET {link}"));
    assert_eq!(page.header("referrer-policy"), "strict-origin");
    for words in ["Join Focus Labs", "Ada Byron invites you", "as Viewer", "grace@example.com", "Accept invitation"] {
        assert!(page.body.contains(words), "{words}: {}", page.body);
    }
    let head = Client::request(axum::http::Method::HEAD, &link).body(axum::body::Body::empty()).expect("a request");
    assert_eq!(browser.send(head).await.status, 200);
    assert_eq!(portal.store.dump().await, before, "opening it changes nothing");

    let done = accept(&browser, &link).await;
    assert_eq!((done.status.as_u16(), done.location()), (303, org.as_str()), "{}", done.body);
    assert_eq!(browser.get(&org).await.status, 200, "and is signed in");
    assert_eq!(browser.get(&format!("{org}/keys")).await.status, 200);
    for denied in ["settings/archive", "invitations", "tenants/new", "keys/revoke-all"] {
        assert_eq!(browser.get(&format!("{org}/{denied}")).await.status, 403, "{denied}");
    }
    let form = [("email", "grace@example.com"), ("password", WORDS)];
    assert_eq!(portal.another().post("/sign-in", &form).await.status, 303);
    assert_eq!(accept(&portal.another(), &link).await.status, 404, "once");
}

async fn who_receives_the_mail_takes_an_unverified_account_over(portal: &TestPortal) {
    let org = org(portal).await;
    let handed_over = link(portal, &org, "grace@example.com", "viewer").await;
    let mallory = portal.another();
    assert_eq!(accept(&mallory, &handed_over).await.status, 303);
    assert!(mallory.get("/account").await.body.contains("Your e-mail address is not verified."));
    assert!(portal.get("/admin/users").await.body.contains("Unverified address"));

    let other = OrgId::parse(&portal.org("Other").await).expect("an id");
    let mailed = mailed(portal, &other).await;
    let grace = portal.another();
    let page = grace.get(&mailed).await.body;
    assert!(page.contains("An account was made for this address") && page.contains("type=\"password\""), "{page}");
    // Whoever made the account and opens the mail chooses a new password, too.
    assert!(mallory.get(&mailed).await.body.contains("Choose your name and a new password"));
    let form = [("name", "Grace Hopper"), ("password", "doors have tall walls")];
    let done = grace.post(&mailed, &form).await;
    assert_eq!((done.status.as_u16(), done.location()), (303, format!("/orgs/{other}").as_str()), "{}", done.body);
    assert!(!grace.get("/account").await.body.contains("is not verified"));
    assert_eq!(mallory.get("/account").await.status, 303, "signed out");
    let form = [("email", "grace@example.com"), ("password", WORDS)];
    assert_eq!(portal.another().post("/sign-in", &form).await.status, 422, "the password is another");
    assert_eq!(grace.get(&mailed).await.status, 404, "once");
}

/// The link of a mail to Grace.
async fn mailed(portal: &TestPortal, org: &OrgId) -> String {
    let ada = portal.store.account_by_email("ada@example.com").await.expect("asked").expect("there").user;
    let new = NewInvitations {
        emails: vec!["grace@example.com".to_owned()],
        role: Role::Viewer,
        message: String::new(),
        handed_over: false,
    };
    let actor = Actor::User { id: ada.id.clone(), name: ada.name.clone(), credential: Credential::None };
    let mailed = portal.store.invite(&Act::by(actor), org, new).await.expect("invited").remove(0);
    mailed.url(portal.store.vault(), "")
}

/// Whoever made the account may have added a passkey, which signs in by itself, and an app, which nobody else has.
async fn a_taken_over_account_loses_the_factors_of_who_made_it(portal: &TestPortal) {
    let portal = &at_localhost(portal).await;
    let org = org(portal).await;
    let handed_over = link(portal, &org, "grace@example.com", "viewer").await;
    let mallory = portal.another();
    assert_eq!(accept(&mallory, &handed_over).await.status, 303);
    set_up_app(portal, &mallory).await;
    let mut phone = Authenticator::at(HOST);
    assert_eq!(add(&mallory, "Phone", &mut phone).await.location(), "/account?changed=passkey");
    let other = OrgId::parse(&portal.org("Other").await).expect("an id");
    let mailed = mailed(portal, &other).await;
    let grace = portal.another();
    let form = [("name", "Grace Hopper"), ("password", "doors have tall walls")];
    let done = grace.post(&mailed, &form).await;
    assert_eq!(done.location(), format!("/orgs/{other}"), "no second step: {}", done.body);
    assert_eq!(grace.get("/account").await.status, 200);
    let browser = portal.another();
    let credential = phone.sign(&options(&browser, "sign-in").await);
    let answer = browser.post("/sign-in/passkey", &[("credential", &credential)]).await;
    assert!(answer.status == 422 && answer.body.contains("This passkey was not accepted."), "{}", answer.body);
    let form = [("email", "grace@example.com"), ("password", "doors have tall walls")];
    let answer = portal.another().post("/sign-in", &form).await;
    assert!(answer.status == 303 && !answer.location().starts_with("/sign-in"), "{}", answer.location());
}

async fn with_mail_no_page_has_the_link(portal: &TestPortal) {
    let portal = &portal.with_mail().await;
    let org = org(portal).await;
    let sent = invite(portal, &org, "grace@example.com, noor@example.com", "developer").await;
    assert_eq!((sent.status.as_u16(), sent.location()), (303, format!("{org}/members?done=invited").as_str()));
    let members = portal.get(&format!("{org}/members?done=invited")).await;
    assert!(members.body.contains("Sent. Each invitation is listed below"), "{}", members.body);
    assert!(!members.body.contains("/invitations/inv_") && members.body.contains("noor@example.com"));
    let form = [("do", "resend"), ("invitation", &id(&members))];
    let again = portal.post(&format!("{org}/invitations"), &form).await;
    assert_eq!(again.location(), format!("{org}/members?done=resent"));
    assert_eq!(crate::mail::jobs(&portal.store).await.len(), 3);
}

async fn a_person_with_that_address_accepts_and_no_other(portal: &TestPortal) {
    let org = org(portal).await;
    let eve = portal.stranger().await;
    let link = link(portal, &org, "eve@example.com", "developer").await;
    let signed_out = portal.another().get(&link).await;
    assert!(signed_out.body.contains("Sign in to accept") && !signed_out.body.contains("<form"), "{}", signed_out.body);
    let sent = accept(&portal.another(), &link).await;
    assert!(sent.location().starts_with("/sign-in?next="), "no second account: {}", sent.body);
    // Another person: told to sign out, and refused.
    let other = portal.get(&link).await;
    assert!(other.body.contains("Sign out, then open the link again"), "{}", other.body);
    let refused = portal.post(&link, &[]).await;
    assert_eq!(refused.status, 422, "{}", refused.body);
    let page = eve.get(&link).await;
    assert!(page.body.contains("You are signed in as") && !page.body.contains("type=\"password\""), "{}", page.body);
    let done = eve.post(&link, &[]).await;
    assert_eq!((done.status.as_u16(), done.location()), (303, org.as_str()), "{}", done.body);
    assert_eq!(eve.get(&org).await.status, 200);
    let again = invite(portal, &org, "eve@example.com", "viewer").await;
    assert_eq!(again.status, 422);
    assert!(again.body.contains("eve@example.com is a member here already"), "{}", again.body);
}

async fn links_that_ended_answer_alike(portal: &TestPortal) {
    let org = org(portal).await;
    let path = format!("{org}/invitations");
    let used = link(portal, &org, "used@example.com", "viewer").await;
    assert_eq!(accept(&portal.another(), &used).await.status, 303);
    let revoked = link(portal, &org, "revoked@example.com", "viewer").await;
    let listed = portal.get(&format!("{org}/members")).await;
    let form = [("do", "revoke"), ("invitation", &id(&listed))];
    assert_eq!(portal.post(&path, &form).await.location(), format!("{org}/members?done=revoked"));
    assert_eq!(portal.post(&path, &form).await.location(), format!("{org}/members?done=ended"));
    let resent = link(portal, &org, "resent@example.com", "viewer").await;
    let listed = portal.get(&format!("{org}/members")).await;
    let again = portal.post(&path, &[("do", "resend"), ("invitation", &id(&listed))]).await;
    let current = shown(&again);
    assert_eq!(portal.another().get(&current).await.status, 200);
    // Of an admin who is none any more.
    let eve = portal.stranger().await;
    let person = portal.store.account_by_email("eve@example.com").await.expect("asked").expect("there").user;
    let (act, at) = (Act::by(Actor::CommandLine), OrgId::parse(org.trim_start_matches("/orgs/")).expect("an id"));
    portal.store.add_member(&act, &at, &person, Role::Admin).await.expect("added");
    let answer = eve.post(&path, &[("emails", "noor@example.com"), ("role", "viewer")]).await;
    let lost = shown(&answer);
    portal.store.add_member(&act, &at, &person, Role::Member).await.expect("changed");
    let mut links = vec![used, revoked, resent, lost, format!("{current}x"), "/invitations/x".to_owned()];
    let mut bodies = Vec::new();
    let check = async |links: &[String], bodies: &mut Vec<String>| {
        for link in links {
            let browser = portal.another();
            for answer in [browser.get(link).await, accept(&browser, link).await] {
                assert_eq!(answer.status, 404, "{link}");
                let at = answer.body.find("<h1").expect("a title");
                bodies.push(answer.body[at..].split("</main>").next().unwrap_or_default().to_owned());
            }
        }
    };
    check(&links, &mut bodies).await;
    portal.store.clock.turn(VALID);
    links = vec![current];
    check(&links, &mut bodies).await;
    assert!(bodies[0].contains("This invitation does not work"), "{}", bodies[0]);
    assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");
}

async fn forms_that_are_wrong_are_shown_again(portal: &TestPortal) {
    let org = org(portal).await;
    for (emails, role, field) in [
        ("", "viewer", "emails"),
        ("ada", "viewer", "emails"),
        ("a@example.com", "", "role"),
        ("a@example.com", "king", "role"),
    ] {
        let answer = invite(portal, &org, emails, role).await;
        assert_eq!(answer.status, 422);
        assert!(answer.body.contains(&format!("id=\"{field}-error\"")), "{emails} {role}: {}", answer.body);
    }
    let link = link(portal, &org, "grace@example.com", "viewer").await;
    for (name, password, field) in
        [("", WORDS, "name"), ("Grace", "short", "password"), ("Grace Hopper", "grace hopper 1906", "password")]
    {
        let answer = portal.another().post(&link, &[("name", name), ("password", password)]).await;
        assert_eq!(answer.status, 422);
        assert!(answer.body.contains(&format!("id=\"{field}-error\"")), "{}", answer.body);
        assert!(!answer.body.contains(password) || password == PASSWORD, "a password is never shown again");
    }
    // A form from another page, which would sign a person in to an account that is not theirs.
    let send = async |origin: &str, site: Option<&str>| {
        let mut form = Client::form(&link, &[("name", "Grace"), ("password", WORDS)]);
        form.headers_mut().insert(header::ORIGIN, origin.parse().expect("a header"));
        if let Some(site) = site {
            form.headers_mut().insert("sec-fetch-site", site.parse().expect("a header"));
        }
        portal.another().send(form).await.status.as_u16()
    };
    for (origin, site) in [("null", Some("cross-site")), ("null", Some("same-origin")), ("null", None)] {
        assert_eq!(send(origin, site).await, 403, "{origin} {site:?}");
    }
    assert_eq!(send("http://127.0.0.1:3000", Some("same-origin")).await, 303);
    portal.state.context.pending_events.flush(&portal.store, true).await.expect("written");
    let refused = EventFilter { action: "origin.refused".to_owned(), ..EventFilter::default() };
    let events = portal.store.system_events(&refused).await.expect("asked").events;
    assert!(
        !events.is_empty() && events.iter().all(|event| event.details.contains("\"/invitations/…\"")),
        "{events:?}"
    );
}

async fn nobody_invites_without_end(portal: &TestPortal) {
    let org = org(portal).await;
    let path = format!("{org}/invitations");
    link(portal, &org, "grace@example.com", "viewer").await;
    let listed = portal.get(&format!("{org}/members")).await;
    let form = [("do", "resend"), ("invitation", &id(&listed))];
    for _ in 0..4 {
        assert_eq!(portal.post(&path, &form).await.status, 200);
    }
    let refused = portal.post(&path, &form).await;
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (429, "900"));
    assert!(refused.body.contains("grace@example.com was invited too often."), "{}", refused.body);
    for batch in 0..2 {
        let emails: String = (0..20).map(|at| format!("p{at}@b{batch}.example ")).collect();
        assert_eq!(invite(portal, &org, &emails, "viewer").await.status, 200);
    }
    let emails: String = (0..20).map(|at| format!("p{at}@b3.example ")).collect();
    let refused = invite(portal, &org, &emails, "viewer").await;
    assert_eq!(refused.status, 429, "{}", refused.body);
    assert!(refused.body.contains("Too many people were invited."), "{}", refused.body);
}

async fn the_database_opens_nothing(portal: &TestPortal) {
    let org = org(portal).await;
    let link = link(portal, &org, "grace@example.com", "viewer").await;
    let (id, hash) = link.trim_start_matches("/invitations/").split_once('.').expect("two parts");
    let dump = portal.store.dump().await;
    assert!(dump["jobs"].iter().any(|job| job.contains(id)), "the job has the id");
    for (table, rows) in &dump {
        assert!(!rows.iter().any(|row| row.contains(hash)), "{table} has the token");
    }
    for forged in [id.to_owned(), format!("{id}."), format!("{id}.{}", "A".repeat(43)), hash.to_owned()] {
        assert_eq!(portal.another().get(&format!("/invitations/{forged}")).await.status, 404, "{forged}");
    }
}
