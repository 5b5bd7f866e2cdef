//! Answers of issuers that are not to be trusted.

use std::time::Duration;

use super::{
    acme, catch_up, is_refused,
    provider::{Provider, begin},
    user, with,
};
use crate::portal::{PASSWORD, TestPortal};

crate::on_both_portals!(
    answers_that_are_not_to_be_trusted_through_node,
    an_answer_is_for_one_browser_and_one_issuer_through_node,
    keys_are_fetched_again_through_node,
);

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
    for (iss, why) in
        [(format!("&iss={others}"), "it comes from another issuer"), (String::new(), "it does not say who answers")]
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
