//! `/sign-in/with/{issuer_id}`, `/account/link`: single sign-on with a certified OpenID provider (npm's `oidc-provider`).

mod provider;
mod required;
mod untrusted;

use std::{
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use sallyport::{
    Clock,
    audit::{Act, Actor},
    clock::SystemClock,
    id::OrgId,
    identity::Identity,
    member::Role,
    place::PlaceRef,
    user::User,
};
use sallyport_server::{config::single_sign_on::IssuerSettings, state::Deployment};

use crate::{
    account::two_step::{events, next_code, set_up_app},
    client::{Answer, Client, ORIGIN},
    portal::{PASSWORD, TestPortal},
};
use provider::{Provider, begin};

crate::on_both_portals!(
    a_first_sign_in_makes_an_account_through_node,
    an_account_is_linked_once_its_owner_signed_in_as_before_through_node,
    who_is_not_let_in_through_node,
    an_issuer_that_is_down_locks_nobody_out_through_node,
    the_second_factor_is_asked_for_through_node,
    groups_give_roles_through_node,
    signing_out_ends_the_session_there_through_node,
    without_a_password_one_confirms_at_the_issuer_through_node,
    without_a_password_no_form_asks_for_one_through_node,
    a_sign_in_is_as_fresh_as_the_issuer_says_through_node,
    answers_that_let_nobody_in_are_counted_through_node,
    without_issuers_there_is_no_button,
);

/// The provider goes by the real time.
fn catch_up(portal: &TestPortal) {
    let behind = SystemClock.now().seconds() - portal.store.now().seconds();
    portal.store.clock.turn(Duration::from_secs(u64::try_from(behind).unwrap_or_default()));
}

/// Another server on the same database, on which people sign in with these issuers. Nobody is signed in there yet.
async fn with_issuers(portal: &TestPortal, issuers: Vec<IssuerSettings>) -> TestPortal {
    let store = portal.store.with_profile(portal.store.profile().clone()).await;
    let elapsed = Arc::new(AtomicU64::new(0));
    let deployment = Deployment { issuers, ..TestPortal::deployment(ORIGIN, &elapsed) };
    TestPortal::started(store, deployment, elapsed).await
}

/// A portal that is set up, and the same with these issuers.
async fn with(portal: &TestPortal, issuers: Vec<IssuerSettings>) -> TestPortal {
    catch_up(portal);
    portal.set_up().await;
    with_issuers(portal, issuers).await
}

async fn acme(portal: &TestPortal) -> (Provider, TestPortal) {
    let provider = Provider::start("acme").await;
    let with = with(portal, vec![provider.settings("acme")]).await;
    (provider, with)
}

async fn is_signed_in_as(browser: &Client, email: &str) -> bool {
    let page = browser.get("/account").await;
    page.status == 200 && page.body.contains(email)
}

async fn user(portal: &TestPortal, email: &str) -> Option<User> {
    portal.store.account_by_email(email).await.expect("asked").map(|account| account.user)
}

fn is_refused(answer: &Answer, status: u16, why: &str) {
    assert_eq!(answer.status.as_u16(), status, "{why}: {}", answer.body);
    assert!(answer.body.contains(why) && answer.body.contains("href=\"/sign-in\""), "{why}: {}", answer.body);
}

async fn a_first_sign_in_makes_an_account_through_node(portal: &TestPortal) {
    let (provider, portal) = acme(portal).await;
    provider.set("account=grace").await;
    let browser = portal.another();
    let page = browser.get("/sign-in?next=%2Faccount").await;
    assert!(page.body.contains("Continue with Acme"), "{}", page.body);
    let answer = provider.sign_in(&browser, "acme").await;
    assert_eq!((answer.status.as_u16(), answer.location()), (303, "/account"), "{}", answer.body);
    assert_eq!(browser.cookie("single-sign-on"), None, "it works once");
    assert!(is_signed_in_as(&browser, "grace@example.com").await);
    let grace = user(&portal, "grace@example.com").await.expect("an account");
    assert_eq!((grace.name.as_str(), grace.operator, grace.unverified), ("The person grace", false, false));
    let identities = portal.store.identities_of(&grace.id).await.expect("asked");
    assert_eq!(identities, [Identity::check(&provider.url, "grace").expect("good")]);
    assert_eq!(events(&portal, "identity.linked").await, 1);
    // Again, with another address: the subject counts.
    provider.set("account=grace&claims=%7B%22email%22%3A%22hopper%40example.com%22%7D").await;
    let again = portal.another();
    assert_eq!(provider.sign_in(&again, "acme").await.status, 303);
    assert!(is_signed_in_as(&again, "grace@example.com").await);
    assert_eq!(user(&portal, "hopper@example.com").await, None);
    // The last way in stays.
    let subject = [("do", "unlink"), ("provider", provider.url.as_str()), ("subject", "grace")];
    let answer = again.post("/account", &subject).await;
    assert!(answer.status == 403 && answer.body.contains("the only way in which you sign in"), "{}", answer.body);
    // Nobody signs in to it with a password.
    let form = [("email", "grace@example.com"), ("password", "")];
    assert_eq!(portal.another().post("/sign-in", &form).await.status, 422);
}

async fn an_account_is_linked_once_its_owner_signed_in_as_before_through_node(portal: &TestPortal) {
    let (provider, portal) = acme(portal).await;
    provider.set("account=ada").await;
    let browser = portal.another();
    let answer = provider.sign_in(&browser, "acme").await;
    assert_eq!((answer.status.as_u16(), answer.location()), (303, "/account/link"), "{}", answer.body);
    assert!(!is_signed_in_as(&browser, "ada").await, "the e-mail address alone is no proof");
    assert_eq!(browser.get("/account/link").await.location(), "/sign-in?next=%2Faccount%2Flink");
    let page = browser.get("/sign-in?next=%2Faccount%2Flink").await;
    assert!(page.body.contains("Sign in to it as before"), "{}", page.body);
    // Another person in this browser gets nothing of it.
    let eve = portal.stranger().await;
    let pending = browser.cookie("sign-in-to-link").expect("kept");
    eve.set_cookie("sign-in-to-link", &pending);
    for answer in [eve.get("/account/link").await, eve.post("/account/link", &[]).await] {
        assert_eq!(answer.status, 403, "{}", answer.body);
        assert!(answer.body.contains("the sign-in to link is of ada@example.com"), "{}", answer.body);
    }
    let form = [("email", "ada@example.com"), ("password", PASSWORD), ("next", "/account/link")];
    assert_eq!(browser.post("/sign-in", &form).await.location(), "/account/link");
    let page = browser.get("/account/link").await;
    assert!(page.status == 200 && page.body.contains("Link Acme"), "{}", page.body);
    let ada = user(&portal, "ada@example.com").await.expect("Ada");
    assert_eq!(portal.store.identities_of(&ada.id).await.expect("asked"), [], "looking links nothing");
    assert_eq!(browser.post("/account/link", &[]).await.location(), "/account?changed=linked");
    assert_eq!(browser.cookie("sign-in-to-link"), None);
    assert_eq!(portal.store.identities_of(&ada.id).await.expect("asked").len(), 1);
    assert_eq!(browser.post("/account/link", &[]).await.location(), "/account", "nothing waits any more");
    let another = portal.another();
    assert_eq!(provider.sign_in(&another, "acme").await.location(), "/account");
    assert!(is_signed_in_as(&another, "ada@example.com").await);
    // Unlinked, it signs in to nothing.
    assert!(another.get("/account").await.body.contains("Unlink Acme"));
    let subject = [("do", "unlink"), ("provider", provider.url.as_str()), ("subject", "ada")];
    assert_eq!(another.post("/account", &[subject[0], subject[1], ("subject", "eve")]).await.status, 404);
    assert_eq!(another.post("/account", &subject).await.location(), "/sign-in");
    assert_eq!(another.get("/account").await.status, 303);
    assert_eq!(browser.get("/account").await.status, 303, "everywhere");
    assert_eq!(provider.sign_in(&portal.another(), "acme").await.location(), "/account/link");
}

async fn who_is_not_let_in_through_node(portal: &TestPortal) {
    let (provider, portal) = acme(portal).await;
    let before = portal.store.accounts().await.expect("asked").len();
    for (query, why) in [
        (
            "account=grace&claims=%7B%22email_verified%22%3Afalse%7D",
            "does not say that your e-mail address is verified",
        ),
        // Of an account that there is.
        ("account=ada&claims=%7B%22email_verified%22%3Afalse%7D", "does not say that your e-mail address is verified"),
        ("account=grace&claims=%7B%22email%22%3A%22grace%40evil.test%22%7D", "sign in here with Acme"),
        ("account=cancels", "did not let you sign in"),
    ] {
        provider.set(query).await;
        let browser = portal.another();
        is_refused(&provider.sign_in(&browser, "acme").await, 403, why);
        assert_eq!(browser.get("/account").await.status, 303, "{query}");
        assert_eq!(browser.cookie("sign-in-to-link"), None, "{query}");
    }
    assert_eq!(events(&portal, "session.refused").await, 3);
    // An account that nobody has shown to be theirs, and a disabled one.
    let act = Act::by(Actor::CommandLine);
    portal.stranger().await;
    let eve = user(&portal, "eve@example.com").await.expect("Eve");
    portal.store.execute(format!("UPDATE users SET unverified = 1 WHERE id = '{}'", eve.id)).await;
    provider.set("account=eve").await;
    is_refused(&provider.sign_in(&portal.another(), "acme").await, 403, "nobody has shown to be theirs");
    portal.store.disable_user(&act, &eve).await.expect("disabled");
    is_refused(&provider.sign_in(&portal.another(), "acme").await, 403, "Your account is disabled");
    portal.store.enable_user(&act, &eve).await.expect("enabled");
    let identity = Identity::check(&provider.url, "eve").expect("good");
    portal.store.link_identity(&act, &eve, identity).await.expect("linked");
    assert_eq!(provider.sign_in(&portal.another(), "acme").await.status, 303, "linked by an operator");
    portal.store.disable_user(&act, &eve).await.expect("disabled");
    is_refused(&provider.sign_in(&portal.another(), "acme").await, 403, "Your account is disabled");
    assert_eq!(portal.store.accounts().await.expect("asked").len(), before + 1, "no account was made");
}

async fn an_issuer_that_is_down_locks_nobody_out_through_node(portal: &TestPortal) {
    let (provider, portal) = acme(portal).await;
    provider.set("account=grace").await;
    let browser = portal.another();
    let back = provider.answer(&browser, "acme").await;
    drop(provider);
    // What is known of it is kept, but its codes are worth nothing without it.
    is_refused(&browser.get(&back).await, 503, "Acme can’t be reached at present");
    portal.wait(60 * 60);
    let answer = portal.another().post("/sign-in/with/acme", &[]).await;
    is_refused(&answer, 503, "Acme can’t be reached at present");
    assert!(answer.body.contains("with a password, you can sign in here as before"), "{}", answer.body);
    let form = [("email", "ada@example.com"), ("password", PASSWORD)];
    assert_eq!(portal.another().post("/sign-in", &form).await.status, 303);
}

async fn the_second_factor_is_asked_for_through_node(portal: &TestPortal) {
    let (provider, portal) = acme(portal).await;
    let owner = portal.another();
    let form = [("email", "ada@example.com"), ("password", PASSWORD)];
    assert_eq!(owner.post("/sign-in", &form).await.status, 303);
    let (secret, _) = set_up_app(&portal, &owner).await;
    let ada = user(&portal, "ada@example.com").await.expect("Ada");
    let identity = Identity::check(&provider.url, "ada").expect("good");
    portal.store.link_identity(&Act::by(Actor::CommandLine), &ada, identity).await.expect("linked");
    provider.set("account=ada").await;
    let browser = portal.another();
    let answer = provider.sign_in(&browser, "acme").await;
    assert_eq!((answer.status.as_u16(), answer.location()), (303, "/sign-in/code?next=%2Faccount"), "{}", answer.body);
    assert_eq!(browser.get("/account").await.status, 303);
    let code = next_code(&portal, &secret);
    let answer = browser.post("/sign-in/code", &[("next", "/account"), ("code", &code)]).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (303, "/account"), "{}", answer.body);
    // What was proved is no longer enough once the identity is not theirs.
    let another = portal.another();
    assert_eq!(provider.sign_in(&another, "acme").await.status, 303);
    let identity = Identity::check(&provider.url, "ada").expect("good");
    assert!(portal.store.unlink_identity(&Act::by(Actor::CommandLine), &ada, identity).await.expect("unlinked"));
    let code = next_code(&portal, &secret);
    another.post("/sign-in/code", &[("code", &code)]).await;
    assert_eq!(another.get("/account").await.status, 303);
}

async fn groups_give_roles_through_node(portal: &TestPortal) {
    let provider = Provider::start("acme").await;
    // The organization has to be there before the settings name it.
    catch_up(portal);
    portal.set_up().await;
    let org = OrgId::parse(&portal.org("Focus Labs").await).expect("an id");
    let groups = [("staff", "viewer", org.as_str()), ("leads", "admin", org.as_str())];
    let portal = with_issuers(portal, vec![provider.with_groups("acme", &groups)]).await;
    let roles = async || {
        let grace = user(&portal, "grace@example.com").await.expect("an account");
        let members = portal.store.members(PlaceRef::from(&org)).await.expect("asked");
        let grants = members.into_iter().filter(|member| member.user.id == grace.id).flat_map(|member| member.grants);
        grants.map(|grant| grant.role).collect::<Vec<_>>()
    };
    for (claims, expected) in [
        ("%7B%22groups%22%3A%5B%22staff%22%2C%22others%22%5D%7D", vec![Role::Viewer]),
        ("%7B%22groups%22%3A%5B%22leads%22%2C%22staff%22%5D%7D", vec![Role::Admin, Role::Viewer]),
        ("%7B%22groups%22%3A%5B%5D%7D", vec![]),
        ("%7B%22groups%22%3A%22leads%22%7D", vec![Role::Admin]),
        // No claim is no group.
        ("%7B%7D", vec![]),
        ("%7B%22groups%22%3A%5B%22staff%22%5D%7D", vec![Role::Viewer]),
    ] {
        provider.set(&format!("account=grace&claims={claims}")).await;
        let browser = portal.another();
        assert_eq!(provider.sign_in(&browser, "acme").await.status, 303);
        assert_eq!(roles().await, expected, "{claims}");
        let seen = browser.get(&format!("/orgs/{org}")).await.status.as_u16();
        assert_eq!(seen, if expected.is_empty() { 404 } else { 200 }, "{claims}");
    }
    // They end with the last rule.
    let portal = with_issuers(&portal, vec![provider.settings("acme")]).await;
    provider.set("account=grace&claims=%7B%22groups%22%3A%5B%22staff%22%5D%7D").await;
    assert_eq!(provider.sign_in(&portal.another(), "acme").await.status, 303);
    assert_eq!(roles().await, []);
}

async fn signing_out_ends_the_session_there_through_node(portal: &TestPortal) {
    let (provider, portal) = acme(portal).await;
    provider.set("account=grace").await;
    let browser = portal.another();
    assert_eq!(provider.sign_in(&browser, "acme").await.status, 303);
    let answer = browser.post("/sign-out", &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let there = answer.header("refresh").strip_prefix("0;url=").expect("it leads there").to_owned();
    assert!(there.starts_with(&format!("{}/session/end?", provider.url)), "{there}");
    assert!(there.contains("client_id=sallyport") && there.contains("post_logout_redirect_uri="), "{there}");
    assert_eq!(browser.get("/account").await.status, 303);
    // Who signed in with a password has no session there.
    let form = [("email", "ada@example.com"), ("password", PASSWORD)];
    let other = portal.another();
    assert_eq!(other.post("/sign-in", &form).await.status, 303);
    assert_eq!(other.post("/sign-out", &[]).await.location(), "/sign-in");
    // If the issuer is away, the session ends here all the same.
    let last = portal.another();
    assert_eq!(provider.sign_in(&last, "acme").await.status, 303);
    drop(provider);
    portal.wait(60 * 60);
    assert_eq!(last.post("/sign-out", &[]).await.location(), "/sign-in");
    assert_eq!(last.get("/account").await.status, 303);
}

async fn without_a_password_one_confirms_at_the_issuer_through_node(portal: &TestPortal) {
    let (provider, portal) = acme(portal).await;
    provider.set("account=grace").await;
    let browser = portal.another();
    assert_eq!(provider.sign_in(&browser, "acme").await.status, 303);
    portal.store.clock.turn(Duration::from_secs(11 * 60));
    let page = browser.get("/account/confirm?next=%2Faccount").await;
    assert!(page.body.contains("Continue with Acme") && !page.body.contains("name=\"password\""), "{}", page.body);
    let form = [("next", "/account"), ("again", "1")];
    let answer = browser.post("/sign-in/with/acme", &form).await;
    let there = answer.header("refresh").strip_prefix("0;url=").expect("it leads there").to_owned();
    assert!(there.contains("prompt=login"), "{there}");
}

async fn without_a_password_no_form_asks_for_one_through_node(portal: &TestPortal) {
    let (provider, portal) = acme(portal).await;
    provider.set("account=grace").await;
    let browser = portal.another();
    assert_eq!(provider.sign_in(&browser, "acme").await.status, 303);
    let account = browser.get("/account").await.body;
    assert!(account.contains("You have none: you sign in with an issuer."), "{account}");
    assert!(!account.contains("type=\"password\""), "{account}");
    assert_eq!(browser.get("/account/password").await.location(), "/account");
    let form = [("do", "password"), ("current_password", ""), ("new_password", "walls have small doors")];
    let answer = browser.post("/account", &form).await;
    assert!(answer.status == 422 && answer.body.contains("You have no password"), "{}", answer.body);
    assert_eq!(events(&portal, "password.refused").await, 0, "nothing was guessed");
}

async fn a_sign_in_is_as_fresh_as_the_issuer_says_through_node(portal: &TestPortal) {
    let (provider, portal) = acme(portal).await;
    let fresh = "account=grace";
    let unlink = [("do", "unlink"), ("provider", provider.url.as_str()), ("subject", "grace")];
    for (control, is_fresh) in
        [(fresh, true), ("account=grace&lie=asked_before", false), ("account=grace&lie=unasked", false)]
    {
        provider.set(control).await;
        let browser = portal.another();
        assert_eq!(provider.sign_in(&browser, "acme").await.status, 303, "{control}");
        let answer = browser.post("/account", &unlink).await;
        // The last way in stays, for whom it is fresh enough to ask.
        assert_eq!(answer.status == 403, is_fresh, "{control}: {} {}", answer.status, answer.body);
        assert_eq!(answer.status == 303, !is_fresh, "{control}");
        // Who has to prove that it is them was asked after that began.
        let answer = browser.post("/sign-in/with/acme", &[("next", "/account"), ("again", "1")]).await;
        let there = answer.header("refresh").strip_prefix("0;url=").expect("it leads there").to_owned();
        assert!(there.contains("max_age=0"), "{there}");
        let answer = browser.get(&provider.follow(&there).await).await;
        assert_eq!(answer.status.as_u16(), if is_fresh { 303 } else { 403 }, "{control}: {}", answer.body);
    }
    // Without the prompt, an issuer that remembers does not count.
    provider.set(fresh).await;
}

async fn answers_that_let_nobody_in_are_counted_through_node(portal: &TestPortal) {
    let (provider, portal) = acme(portal).await;
    provider.set("account=grace").await;
    let browser = portal.another();
    begin(&browser, "acme", "/account").await;
    let kept = browser.cookie("single-sign-on").expect("kept");
    let url = begin(&browser, "acme", "/account").await;
    let state = url.split("&state=").nth(1).expect("a state").split('&').next().expect("its end").to_owned();
    let kept_now = browser.cookie("single-sign-on").expect("kept");
    assert!(kept != kept_now, "each has its own");
    let back = format!(
        "/sign-in/with/acme?code=wrong&state={state}&iss={}",
        url::form_urlencoded::byte_serialize(provider.url.as_bytes()).collect::<String>()
    );
    let mut statuses = Vec::new();
    for _ in 0..31 {
        browser.set_cookie("single-sign-on", &kept_now);
        statuses.push(browser.get(&back).await.status.as_u16());
    }
    assert!(statuses[..30].iter().all(|status| *status == 403), "{statuses:?}");
    assert_eq!(statuses[30], 503, "{statuses:?}");
}

async fn without_issuers_there_is_no_button(portal: &TestPortal) {
    portal.set_up().await;
    let page = portal.another().get("/sign-in").await;
    assert!(!page.body.contains("Continue with"), "{}", page.body);
    for answer in
        [portal.another().get("/sign-in/with/acme").await, portal.another().post("/sign-in/with/acme", &[]).await]
    {
        assert_eq!(answer.status, 404);
    }
}
