//! `/sign-in/with/{issuer_id}`, `/account/link`: single sign-on with a certified OpenID provider (npm's `oidc-provider`).

mod provider;

use std::time::Duration;

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
use sallyport_server::config::single_sign_on::IssuerSettings;

use crate::{
    account::two_step::{events, next_code, set_up_app},
    client::{Answer, Client},
    portal::{PASSWORD, TestPortal},
};
use provider::{Provider, begin};

crate::on_both_portals!(
    a_first_sign_in_makes_an_account_through_node,
    an_account_is_linked_once_its_owner_signed_in_as_before_through_node,
    who_is_not_let_in_through_node,
    answers_that_are_not_to_be_trusted_through_node,
    an_answer_is_for_one_browser_and_one_issuer_through_node,
    keys_are_fetched_again_through_node,
    an_issuer_that_is_down_locks_nobody_out_through_node,
    the_second_factor_is_asked_for_through_node,
    groups_give_roles_through_node,
    signing_out_ends_the_session_there_through_node,
    without_a_password_one_confirms_at_the_issuer_through_node,
    without_issuers_there_is_no_button,
);

/// The provider goes by the real time.
fn catch_up(portal: &TestPortal) {
    let behind = SystemClock.now().seconds() - portal.store.now().seconds();
    portal.store.clock.turn(Duration::from_secs(u64::try_from(behind).unwrap_or_default()));
}

/// A portal that is set up, and the same with these issuers.
async fn with(portal: &TestPortal, issuers: Vec<IssuerSettings>) -> TestPortal {
    catch_up(portal);
    portal.set_up().await;
    portal.with_issuers(issuers).await
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
}

async fn who_is_not_let_in_through_node(portal: &TestPortal) {
    let (provider, portal) = acme(portal).await;
    let before = portal.store.accounts().await.expect("asked").len();
    for (query, why) in [
        ("account=grace&claims=%7B%22email_verified%22%3Afalse%7D", "does not say that your e-mail address is verified"),
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

async fn answers_that_are_not_to_be_trusted_through_node(portal: &TestPortal) {
    let (provider, portal) = acme(portal).await;
    for (lie, why) in [
        ("nonce", "not for this sign-in"),
        ("no_nonce", "not for this sign-in"),
        ("audience", "for another application"),
        ("audiences", "for another application"),
        ("party", "for another application"),
        ("issuer", "from another issuer"),
        ("expired", "has expired"),
        ("old", "has expired"),
        ("kid", "a key that the issuer does not publish"),
        ("signature", "its signature is wrong"),
        ("none", "The answer of Acme can’t be trusted"),
    ] {
        catch_up(&portal);
        provider.set(&format!("account=grace&lie={lie}")).await;
        let browser = portal.another();
        let answer = provider.sign_in(&browser, "acme").await;
        is_refused(&answer, 403, why);
        assert_eq!(browser.get("/account").await.status, 303, "{lie}");
        assert_eq!(user(&portal, "grace@example.com").await, None, "{lie}");
    }
    // Clocks may be a minute apart.
    for lie in ["just_expired", "ahead"] {
        catch_up(&portal);
        provider.set(&format!("account=grace&lie={lie}")).await;
        let answer = provider.sign_in(&portal.another(), "acme").await;
        assert_eq!(answer.status, 303, "{lie}: {}", answer.body);
    }
    // Nobody is locked out by what went wrong.
    let form = [("email", "ada@example.com"), ("password", PASSWORD)];
    assert_eq!(portal.another().post("/sign-in", &form).await.status, 303);
}

async fn an_answer_is_for_one_browser_and_one_issuer_through_node(portal: &TestPortal) {
    let (acme, other) = (Provider::start("acme").await, Provider::start("other").await);
    let portal = with(portal, vec![acme.settings("acme"), other.settings("other")]).await;
    acme.set("account=grace").await;
    other.set("account=eve").await;
    // Somebody else's answer signs nobody in to their account.
    let (thief, victim) = (portal.another(), portal.another());
    let back = acme.answer(&thief, "acme").await;
    is_refused(&victim.get(&back).await, 403, "did not begin in this browser");
    begin(&victim, "acme", "/").await;
    is_refused(&victim.get(&back).await, 403, "did not begin in this browser");
    // It works once, also in the browser in which it began.
    let kept = thief.cookie("single-sign-on").expect("kept");
    assert_eq!(thief.get(&back).await.status, 303);
    let again = portal.another();
    is_refused(&again.get(&back).await, 403, "did not begin in this browser");
    again.set_cookie("single-sign-on", &kept);
    is_refused(&again.get(&back).await, 403, "it was used before");
    // The answer of one issuer is none of the other: by its address, by what it says (RFC 9207), and if it does not say it.
    let browser = portal.another();
    let back = acme.answer(&browser, "acme").await;
    is_refused(&browser.get(&back.replace("/with/acme?", "/with/other?")).await, 403, "did not begin in this browser");
    let named: String = url::form_urlencoded::byte_serialize(acme.url.as_bytes()).collect();
    let others: String = url::form_urlencoded::byte_serialize(other.url.as_bytes()).collect();
    for (iss, why) in [(format!("&iss={others}"), "it comes from another issuer"), (String::new(), "it does not say who answers")]
    {
        let back = acme.answer(&browser, "acme").await;
        let changed = back.replace(&format!("&iss={named}"), &iss);
        assert_ne!(changed, back);
        is_refused(&browser.get(&changed).await, 403, why);
    }
    // Ten minutes are enough.
    let back = acme.answer(&browser, "acme").await;
    portal.store.clock.turn(Duration::from_secs(10 * 60));
    is_refused(&browser.get(&back).await, 403, "longer than ten minutes");
    for nonsense in ["", "?code=a", "?state=a&code=b", "?error=access_denied", "?state="] {
        is_refused(&portal.another().get(&format!("/sign-in/with/acme{nonsense}")).await, 403, "did not begin");
    }
}

async fn keys_are_fetched_again_through_node(portal: &TestPortal) {
    let (provider, portal) = acme(portal).await;
    provider.set("account=grace").await;
    assert_eq!(provider.sign_in(&portal.another(), "acme").await.status, 303);
    provider.set("account=grace&lie=rotated").await;
    // At most once a minute, whatever is sent.
    is_refused(&provider.sign_in(&portal.another(), "acme").await, 403, "wait a minute");
    portal.wait(60);
    let answer = provider.sign_in(&portal.another(), "acme").await;
    assert_eq!(answer.status, 303, "{}", answer.body);
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
    let portal = portal.with_issuers(vec![provider.with_groups("acme", &groups)]).await;
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
    ] {
        provider.set(&format!("account=grace&claims={claims}")).await;
        let browser = portal.another();
        assert_eq!(provider.sign_in(&browser, "acme").await.status, 303);
        assert_eq!(roles().await, expected, "{claims}");
        let seen = browser.get(&format!("/orgs/{org}")).await.status.as_u16();
        assert_eq!(seen, if expected.is_empty() { 404 } else { 200 }, "{claims}");
    }
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

async fn without_issuers_there_is_no_button(portal: &TestPortal) {
    portal.set_up().await;
    let page = portal.another().get("/sign-in").await;
    assert!(!page.body.contains("Continue with"), "{}", page.body);
    for answer in [portal.another().get("/sign-in/with/acme").await, portal.another().post("/sign-in/with/acme", &[]).await] {
        assert_eq!(answer.status, 404);
    }
}
