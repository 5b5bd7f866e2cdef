//! `/orgs/{org_id}/settings/sign-in`, `/orgs/{org_id}/break-glass`: an organization that requires an issuer.

use std::time::Duration;

use sallyport::{
    audit::{Act, Actor},
    id::OrgId,
    identity::Identity,
    member::Role,
};

use super::{catch_up, provider::Provider, user, with_issuers};
use crate::{
    account::two_step::{next_code, set_up_app},
    client::Client,
    portal::{PASSWORD, TestPortal},
    settings::sign_in::tokens::token,
};

crate::on_both_portals!(
    who_did_not_sign_in_with_it_sees_nothing_through_node,
    an_owner_breaks_the_glass_and_all_are_told_through_node,
);

/// Ada's organization requires Acme; the last is her browser, signed in with it.
async fn required(portal: &TestPortal) -> (Provider, TestPortal, OrgId, Client) {
    let provider = Provider::start("acme").await;
    catch_up(portal);
    portal.set_up().await;
    let org = OrgId::parse(&portal.org("Focus Labs").await).expect("an id");
    let portal = with_issuers(portal, vec![provider.settings("acme")]).await;
    let ada = user(&portal, "ada@example.com").await.expect("Ada");
    let identity = Identity::check(&provider.url, "ada").expect("good");
    portal.store.link_identity(&Act::by(Actor::CommandLine), &ada, identity).await.expect("linked");
    let settings = format!("/orgs/{org}/settings/sign-in");
    let with_password = signed_in(&portal).await;
    let answer = with_password.post(&settings, &[("issuer", "acme")]).await;
    assert!(answer.status == 422 && answer.body.contains("Sign in with it yourself first"), "{}", answer.body);
    provider.set("account=ada").await;
    let browser = portal.another();
    assert_eq!(provider.sign_in(&browser, "acme").await.status, 303);
    assert_eq!(browser.post(&settings, &[("issuer", "nobody")]).await.status, 422);
    assert_eq!(browser.post(&settings, &[("issuer", "acme")]).await.location(), format!("{settings}?saved=1"));
    (provider, portal, org, browser)
}

async fn signed_in(portal: &TestPortal) -> Client {
    let browser = portal.another();
    let form = [("email", "ada@example.com"), ("password", PASSWORD)];
    assert_eq!(browser.post("/sign-in", &form).await.status, 303);
    browser
}

async fn who_did_not_sign_in_with_it_sees_nothing_through_node(portal: &TestPortal) {
    let (provider, portal, org, browser) = required(portal).await;
    let (page, settings) = (format!("/orgs/{org}"), format!("/orgs/{org}/settings"));
    assert_eq!(browser.get(&page).await.status, 200);
    let other = signed_in(&portal).await;
    for path in [page.clone(), settings.clone(), format!("{page}/keys"), format!("{page}/activity.csv")] {
        let answer = other.get(&path).await;
        assert_eq!(answer.status, 403, "{path}");
        assert!(answer.body.contains("Continue with Acme") && !answer.body.contains("Generate API Key"), "{path}");
    }
    let form = [("name", "Changed"), ("description", "")];
    assert_eq!(other.post(&settings, &form).await.status, 403);
    assert_eq!(other.post(&format!("{settings}/sign-in"), &[("issuer", "")]).await.status, 403, "nor is it taken back");
    let ada = user(&portal, "ada@example.com").await.expect("Ada");
    // Somebody who is a member, but never signed in with it: not with a token, either.
    let eve_browser = portal.stranger().await;
    let eve = user(&portal, "eve@example.com").await.expect("Eve");
    portal.store.add_member(&Act::by(Actor::CommandLine), &org, &eve, Role::Admin).await.expect("added");
    assert_eq!(eve_browser.get(&page).await.status, 403);
    // Nor with one that was made after a sign-in by password, although the identity is linked.
    let by_issuer = token(&browser).await;
    for (token, status) in [
        (portal.personal_token(&eve, "Laptop").await.1, 403),
        (portal.personal_token(&ada, "Laptop").await.1, 403),
        (token(&other).await, 403),
        (by_issuer, 200),
    ] {
        let answer = portal.manage(&format!("/v1/orgs/{org}"), &token, None).await;
        assert_eq!(answer.status, status, "{}", answer.body);
        assert!(status == 200 || answer.body.contains("requires single sign-on"), "{}", answer.body);
    }
    // People of other organizations learn nothing of it.
    let stranger = portal.another();
    provider.set("account=grace").await;
    assert_eq!(provider.sign_in(&stranger, "acme").await.status, 303);
    assert_eq!(stranger.get(&page).await.status, 404);
    assert_eq!(stranger.get(&format!("{page}/break-glass")).await.status, 404);
    assert_eq!(eve_browser.get(&format!("{page}/break-glass")).await.status, 404, "she is no owner");
    // Taken back by who is in.
    let form = [("issuer", "")];
    assert_eq!(browser.post(&format!("{settings}/sign-in"), &form).await.status, 303);
    assert_eq!(other.get(&page).await.status, 200);
}

async fn an_owner_breaks_the_glass_and_all_are_told_through_node(portal: &TestPortal) {
    let (provider, portal, org, browser) = required(portal).await;
    let (page, glass) = (format!("/orgs/{org}"), format!("/orgs/{org}/break-glass"));
    portal.stranger().await;
    let eve = user(&portal, "eve@example.com").await.expect("Eve");
    portal.store.add_member(&Act::by(Actor::CommandLine), &org, &eve, Role::Owner).await.expect("added");
    drop(provider);
    // Who is in needs no way around.
    assert_eq!(browser.get(&glass).await.location(), page);
    let other = signed_in(&portal).await;
    assert_eq!(other.get(&glass).await.status, 200);
    let refused = other.post(&glass, &[]).await;
    assert!(refused.body.contains("Only owners with an authenticator app"), "{} {}", refused.status, refused.body);
    assert_eq!(other.get(&page).await.status, 403);
    let (secret, _) = set_up_app(&portal, &other).await;
    let other = portal.another();
    let form = [("email", "ada@example.com"), ("password", PASSWORD)];
    assert!(other.post("/sign-in", &form).await.location().starts_with("/sign-in/code"));
    let code = next_code(&portal, &secret);
    assert_eq!(other.post("/sign-in/code", &[("code", &code)]).await.status, 303);
    assert_eq!(other.get(&page).await.status, 403, "not by itself");
    let told = async || {
        let jobs = portal.store.dump().await.remove("jobs").expect("a table");
        jobs.iter().filter(|job| job.contains("glass_broken")).count()
    };
    assert_eq!(told().await, 0);
    assert_eq!(other.post(&glass, &[]).await.location(), page);
    assert_eq!(other.get(&page).await.status, 200);
    assert_eq!(told().await, 2, "all owners");
    let log = other.get(&format!("{page}/activity")).await;
    assert!(log.body.contains("Let in without single sign-on"), "{}", log.body);
    // For an hour.
    portal.store.clock.turn(Duration::from_secs(60 * 60));
    assert_eq!(other.get(&page).await.status, 403);
    // A sign-in that was a while ago is confirmed first.
    assert!(other.post(&glass, &[]).await.location().starts_with("/account/confirm"));
    assert_eq!(told().await, 2);
}
