//! `/account/tokens/…`, and the cards of tokens and command lines on `/account`

use std::time::Duration;

use sallyport::{
    audit::{Act, Actor, Outcome},
    device::{self, DeviceAnswer},
    personal_token::{self, ACCESS_VALID, TokenScopes},
    user::{NewUser, User},
};

use super::events;
use crate::{
    client::{Answer, Client},
    middleware::headers::without_what_differs,
    portal::{PASSWORD, TestPortal, find},
};

crate::on_both_portals!(
    a_token_is_shown_once_and_revoked,
    what_a_token_may_do_is_chosen,
    a_token_expires_and_is_still_listed,
    when_and_where_a_token_was_used,
    what_was_typed_is_checked,
    another_persons_token_does_not_exist,
    another_password_comes_first,
    a_command_line_is_listed_and_signed_out,
);

const NEW: &str = "/account/tokens/new";

async fn ada(portal: &TestPortal) -> User {
    portal.set_up().await;
    portal.store.account_by_email("ada@example.com").await.expect("asked").expect("there").user
}

async fn create(client: &Client, fields: &[(&str, &str)]) -> Answer {
    let form_token = client.get(NEW).await.hidden("form_token");
    client.post(NEW, &[&[("form_token", form_token.as_str())], fields].concat()).await
}

fn secret(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.body);
    find(&answer.body, personal_token::PREFIX, 43).expect("a personal token")
}

/// The person whose token this is.
async fn person_of(portal: &TestPortal, secret: &str, address: &str) -> Option<User> {
    let presented = personal_token::parse(secret).expect("a token");
    portal.store.person_of_token(presented, address).await.expect("asked").map(|(user, _)| user)
}

/// A command line that the person approved.
async fn signed_in_command_line(portal: &TestPortal, user: &User) {
    let nobody = Act::by(Actor::Anonymous);
    let codes = portal.store.start_device_sign_in(&nobody, "sallyport 0.1.0 on laptop", TokenScopes::ALL).await;
    let codes = codes.expect("started");
    portal.store.approve_device(&portal.store.act(user), &codes.user_code).await.expect("approved");
    let device_code = device::parse(codes.device_code.expose()).expect("a code");
    let answer = portal.store.ask_device(&nobody, device_code).await.expect("asked");
    assert!(matches!(answer, DeviceAnswer::Approved(_)), "{answer:?}");
}

async fn a_token_is_shown_once_and_revoked(portal: &TestPortal) {
    let ada = ada(portal).await;
    let account = portal.get("/account").await;
    assert!(account.body.contains("No personal token yet") && account.body.contains(">New token<"));
    let panel = portal.get(NEW).await;
    for words in ["roles allow", "Generate, change and revoke keys", "always included", "value=\"90\" selected"] {
        assert!(panel.body.contains(words), "{words}: {}", panel.body);
    }
    let form_token = panel.hidden("form_token");
    let form =
        [("form_token", form_token.as_str()), ("token_name", "Terraform"), ("scopes", "keys"), ("expires", "90")];
    let answer = portal.post(NEW, &form).await;
    let token = secret(&answer);
    assert!(answer.body.contains("Save your token") && answer.body.contains("I have saved this token"));
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(person_of(portal, &token, "203.0.113.9").await.map(|user| user.id), Some(ada.id.clone()));
    let again = portal.post(NEW, &form).await;
    assert_eq!(again.status, 422, "a form sent twice makes one token");
    assert!(again.body.contains("was sent already"), "{}", again.body);
    assert_eq!(portal.store.personal_tokens(&ada.id).await.expect("asked").len(), 1);

    let list = portal.get("/account").await;
    assert!(!list.body.contains(&token) && list.body.contains("Terraform"), "{}", list.body);
    let path = format!("/account/tokens/{}/revoke", list.after("id=\"revoke-", '"'));
    assert!(portal.get(&path).await.body.contains("Revoke this token?"));
    let done = portal.post(&path, &[]).await;
    assert_eq!(done.location(), "/account?changed=token", "{}", done.body);
    assert!(portal.get(done.location()).await.body.contains("The token is revoked."));
    assert_eq!(person_of(portal, &token, "203.0.113.9").await, None);
    assert_eq!(portal.get(&path).await.status, 404);
    assert_eq!(portal.post(&path, &[]).await.status, 404);
    for action in ["personal_token.created", "personal_token.revoked"] {
        assert_eq!(events(portal, action).await.len(), 1, "{action}");
    }
}

async fn what_a_token_may_do_is_chosen(portal: &TestPortal) {
    let ada = ada(portal).await;
    let cases: [(&[&str], &str); 3] = [(&[], "read"), (&["members", "keys"], "read keys members"), (&["read"], "read")];
    for (scopes, kept) in cases {
        let fields: Vec<_> = scopes.iter().map(|scope| ("scopes", *scope)).collect();
        let answer = create(portal, &[&[("token_name", "CI"), ("expires", "never")], &fields[..]].concat()).await;
        secret(&answer);
        let tokens = portal.store.personal_tokens(&ada.id).await.expect("asked");
        assert!(tokens.iter().any(|token| token.scopes.to_string() == kept), "{kept}: {tokens:?}");
    }
}

async fn a_token_expires_and_is_still_listed(portal: &TestPortal) {
    ada(portal).await;
    let token = secret(&create(portal, &[("token_name", "Terraform"), ("expires", "1")]).await);
    assert!(portal.get("/account").await.body.contains("tomorrow"));
    portal.store.clock.turn(Duration::from_secs(86_400));
    assert_eq!(person_of(portal, &token, "203.0.113.9").await, None);
    let list = portal.get("/account").await;
    assert!(list.body.contains(">Expired<") && list.body.contains("row-off"), "{}", list.body);
    let path = format!("/account/tokens/{}/revoke", list.after("id=\"revoke-", '"'));
    assert_eq!(portal.post(&path, &[]).await.location(), "/account?changed=token");
    assert!(portal.get("/account").await.body.contains("No personal token yet"));
}

async fn when_and_where_a_token_was_used(portal: &TestPortal) {
    let ada = ada(portal).await;
    let (_, token) = portal.personal_token(&ada, "CI").await;
    let never = "<td data-label=\"Last used\" class=\"cell-muted\">Never";
    assert!(portal.get("/account").await.body.contains(never));
    person_of(portal, &token, "203.0.113.9").await.expect("hers");
    portal.store.settled().await;
    let list = portal.get("/account").await.body;
    assert!(!list.contains(never) && list.contains("203.0.113.9"), "{list}");
}

async fn what_was_typed_is_checked(portal: &TestPortal) {
    ada(portal).await;
    for (field, value) in
        [("token_name", ""), ("scopes", "admin"), ("expires", "yesterday"), ("expires", "0"), ("form_token", "junk")]
    {
        let form = [("token_name", "Terraform"), ("scopes", "keys"), ("expires", "never")];
        let form = form.map(|(name, typed)| (name, if name == field { value } else { typed }));
        let answer = match field {
            "form_token" => portal.post(NEW, &[&form[..], &[(field, value)]].concat()).await,
            _ => create(portal, &form).await,
        };
        assert_eq!(answer.status, 422, "{field}={value:?} {}", answer.body);
        assert!(find(&answer.body, personal_token::PREFIX, 43).is_none());
        let kept = field == "token_name" || answer.body.contains("value=\"Terraform\"");
        assert!(kept, "what was typed is shown again: {}", answer.body);
    }
    assert!(portal.get("/account").await.body.contains("No personal token yet"));
}

async fn another_persons_token_does_not_exist(portal: &TestPortal) {
    let ada = ada(portal).await;
    let (token, secret) = portal.personal_token(&ada, "CI").await;
    let eve = portal.stranger().await;
    assert!(!eve.get("/account").await.body.contains(&token.shown));
    let mut answers = Vec::new();
    for id in [token.id.as_str(), "pat_000000000000"] {
        let path = format!("/account/tokens/{id}/revoke");
        for answer in [eve.get(&path).await, eve.post(&path, &[]).await] {
            assert_eq!(answer.status, 404, "{path}");
            let (headers, body) = without_what_differs(&answer);
            answers.push((headers, body.replace(id, "ID")));
        }
    }
    assert_eq!(answers[..2], answers[2..]);
    assert!(person_of(portal, &secret, "203.0.113.9").await.is_some());
    // A form that was made for another person.
    let form_token = portal.get(NEW).await.hidden("form_token");
    let stolen = eve.post(NEW, &[("form_token", &form_token), ("token_name", "CI"), ("expires", "never")]).await;
    assert_eq!(stolen.status, 422);
}

async fn another_password_comes_first(portal: &TestPortal) {
    ada(portal).await;
    let new = NewUser::check("Grace Hopper", "grace@example.com", PASSWORD).expect("checked");
    let hash = portal.state.context.passwords.hash(&new.password).await.expect("hashed");
    let act = Act::by(Actor::CommandLine);
    let grace = portal.store.create_user(&act, new, hash.clone(), false).await.expect("made");
    portal.store.set_password_to_change(&act, &grace, hash).await.expect("set");
    let browser = portal.another();
    assert_eq!(browser.post("/sign-in", &[("email", "grace@example.com"), ("password", PASSWORD)]).await.status, 303);
    for path in [NEW, "/account/tokens/pat_000000000000/revoke", "/device?user_code=WDJB-MJHT"] {
        assert_eq!(browser.get(path).await.location(), "/account/password", "{path}");
        let path = path.split('?').next().expect("a path");
        assert_eq!(browser.post(path, &[("do", "approve")]).await.location(), "/account/password", "{path}");
    }
}

async fn a_command_line_is_listed_and_signed_out(portal: &TestPortal) {
    let ada = ada(portal).await;
    let account = portal.get("/account").await.body;
    assert!(account.contains("No command line is signed in"), "{account}");
    assert!(account.contains("sallyport login --url http://127.0.0.1:3000"), "{account}");
    signed_in_command_line(portal, &ada).await;
    portal.store.clock.turn(ACCESS_VALID);
    let account = portal.get("/account").await;
    assert!(account.body.contains("sallyport 0.1.0 on laptop"), "{}", account.body);
    assert!(account.body.contains("No personal token yet") && !account.body.contains(">Expired<"));
    let path = account.after("action=\"/account/tokens/", '"');
    let path = format!("/account/tokens/{path}");
    assert!(portal.get(&path).await.body.contains("Sign out this command line?"));
    let done = portal.post(&path, &[]).await;
    assert_eq!(done.location(), "/account?changed=command-line", "{}", done.body);
    let account = portal.get(done.location()).await.body;
    assert!(account.contains("That command line is signed out."), "{account}");
    assert!(account.contains("No command line is signed in"), "{account}");
    let revoked = events(portal, "personal_token.revoked").await;
    assert!(matches!(&revoked[..], [(Outcome::Done, _)]), "{revoked:?}");
}
