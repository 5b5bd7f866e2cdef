//! What people are told by mail.

use sallyport::{
    audit::{Act, Actor},
    id::OrgId,
    member::Role,
};

use super::super::{Postman, jobs, until};
use crate::{
    client::Client,
    portal::{PASSWORD, TestPortal},
    smtp::{Setup, Smtp},
};

crate::on_both_portals!(
    another_password,
    an_unknown_browser_and_no_known_one,
    another_role,
    a_personal_key,
    people_who_are_gone_get_nothing,
    without_mail_nothing_is_kept_for_later,
);

const NEW: &str = "walls have small doors";
const AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";

async fn change_password(browser: &Client, current: &str, new: &str) {
    let form = [("do", "password"), ("current_password", current), ("new_password", new)];
    let answer = browser.post("/account", &form).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
}

async fn another_password(portal: &TestPortal) {
    let mut smtp = Smtp::start(Setup::default());
    let postman = Postman::start(&portal.store, &smtp);
    portal.set_up().await;
    change_password(portal, PASSWORD, NEW).await;
    let mail = smtp.next().await;
    assert_eq!((mail.from.as_str(), mail.to.as_slice()), ("keys@example.com", &["ada@example.com".to_owned()][..]));
    assert_eq!(mail.headers["from"], "Focus Keys <keys@example.com>");
    assert_eq!(mail.headers["to"], "Ada Byron <ada@example.com>");
    assert_eq!(mail.headers["subject"], "Your password was changed");
    assert_eq!(mail.headers["auto-submitted"], "auto-generated");
    assert!(mail.headers["content-type"].starts_with("multipart/alternative"));
    assert!(mail.text.starts_with("Hello Ada Byron,") && mail.text.contains("127.0.0.1"), "{}", mail.text);
    assert!(mail.html.contains("Hello Ada Byron,") && mail.html.contains("127.0.0.1"), "{}", mail.html);
    assert_eq!(mail.link("/reset"), "https://keys.example.com/reset");
    let job = until(&portal.store, "outcome: Some(\"done\")").await;
    let id = job.split("id: Some(\"").nth(1).and_then(|rest| rest.split('"').next()).expect("an id");
    assert_eq!(mail.headers["message-id"], format!("<{id}@example.com>"));
    postman.end().await;
    assert!(smtp.rest().is_empty(), "one mail, and none about the first account");
}

async fn sign_in(browser: &Client) {
    let mut form = Client::form("/sign-in", &[("email", "ada@example.com"), ("password", PASSWORD)]);
    form.headers_mut().insert("user-agent", AGENT.parse().expect("a header"));
    let answer = browser.send(form).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
}

async fn an_unknown_browser_and_no_known_one(portal: &TestPortal) {
    let mut smtp = Smtp::start(Setup::default());
    let postman = Postman::start(&portal.store, &smtp);
    portal.set_up().await;
    let browser = portal.from("203.0.113.9");
    sign_in(&browser).await;
    let mail = smtp.next().await;
    assert_eq!(mail.headers["subject"], "New sign-in to Sallyport");
    assert!(mail.text.contains("Firefox on Linux") && mail.text.contains("203.0.113.9"), "{}", mail.text);
    // From now on it is known, and so is the browser of the set-up.
    for browser in [&browser, &portal.client] {
        assert_eq!(browser.post("/sign-out", &[]).await.status, 303);
        sign_in(browser).await;
    }
    change_password(&browser, PASSWORD, NEW).await;
    assert_eq!(smtp.next().await.headers["subject"], "Your password was changed", "no mail in between");
    postman.end().await;
}

async fn another_role(portal: &TestPortal) {
    let mut smtp = Smtp::start(Setup::default());
    let postman = Postman::start(&portal.store, &smtp);
    portal.set_up().await;
    let org = OrgId::parse(&portal.org("Focus & Labs").await).expect("an id");
    portal.stranger().await;
    assert_eq!(smtp.next().await.headers["subject"], "New sign-in to Sallyport");
    let eve = portal.store.account_by_email("eve@example.com").await.expect("asked").expect("there").user;
    portal.store.add_member(&Act::by(Actor::CommandLine), &org, &eve, Role::Member).await.expect("added");
    let form = [("do", "change"), ("user_id", eve.id.as_str()), ("role", "admin")];
    let answer = portal.post(&format!("/orgs/{org}/members"), &form).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    let mail = smtp.next().await;
    assert_eq!(mail.to, ["eve@example.com"]);
    assert_eq!(mail.headers["subject"], "Your role in Focus & Labs is Admin");
    for words in ["Before:", "Member", "Now:", "Admin", "By:", "Ada Byron"] {
        assert!(mail.text.contains(words), "{words}: {}", mail.text);
    }
    assert!(mail.html.contains("Focus &amp; Labs"));
    assert_eq!(mail.link("/orgs/"), format!("https://keys.example.com/orgs/{org}"));
    postman.end().await;
}

async fn a_personal_key(portal: &TestPortal) {
    let portal = portal.with_profile(include_str!("../../keys/personal.toml")).await;
    let mut smtp = Smtp::start(Setup::default());
    let postman = Postman::start(&portal.store, &smtp);
    portal.set_up().await;
    let keys = format!("/orgs/{}/keys", portal.org("Focus Labs").await);
    let token = portal.get(&format!("{keys}?panel=generate")).await.hidden("form_token");
    let fields = [("form_token", token.as_str()), ("label", "Laptop"), ("environment", "live"), ("expires", "never")];
    let answer = portal.post(&keys, &[&fields[..], &[("scopes", "notes.read")]].concat()).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let mail = smtp.next().await;
    assert_eq!(mail.headers["subject"], "A personal key was generated");
    assert!(mail.text.contains("Laptop") && mail.text.contains("Focus Labs"), "{}", mail.text);
    let path = mail.link("/keys/").replace("https://keys.example.com", "");
    assert_eq!(portal.get(&path).await.status, 200);
    assert!(!mail.text.contains("sk_") && !mail.html.contains("sk_"), "nothing of the secret");
    postman.end().await;
}

async fn people_who_are_gone_get_nothing(portal: &TestPortal) {
    let mut smtp = Smtp::start(Setup::default());
    let act = Act::by(Actor::CommandLine);
    let [ada, eve] = [portal.store.person("Ada").await, portal.store.person("Eve").await];
    for person in [&eve, &ada] {
        portal.store.change_password(&act, person, "none".to_owned()).await.expect("changed");
    }
    portal.store.disable_user(&act, &eve).await.expect("disabled");
    let postman = Postman::start(&portal.store, &smtp);
    assert_eq!(smtp.next().await.to, ["ada@example.com"]);
    while jobs(&portal.store).await.iter().any(|job| !job.contains("outcome: Some(\"done\")")) {
        tokio::task::yield_now().await;
    }
    postman.end().await;
    assert!(smtp.rest().is_empty());
}

async fn without_mail_nothing_is_kept_for_later(portal: &TestPortal) {
    let mut smtp = Smtp::start(Setup::default());
    let ada = portal.store.person("Ada").await;
    let act = Act::by(Actor::CommandLine);
    let postman = Postman::without_mail(&portal.store);
    portal.store.change_password(&act, &ada, "none".to_owned()).await.expect("changed");
    until(&portal.store, "outcome: Some(\"done\")").await;
    postman.end().await;
    let postman = Postman::start(&portal.store, &smtp);
    portal.store.change_password(&act, &ada, "other".to_owned()).await.expect("changed");
    smtp.next().await;
    postman.end().await;
    assert!(smtp.rest().is_empty(), "one, about the second change");
}
