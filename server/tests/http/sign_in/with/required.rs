//! `/orgs/{org_id}/settings/sign-in`, `/orgs/{org_id}/break-glass`: an organization that requires an issuer.

use std::time::Duration;

use sallyport::{
    audit::{Act, Actor},
    id::OrgId,
    identity::Identity,
    member::Role,
    sign_in_policy::SignInPolicy,
    store::Reader,
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
    a_token_works_as_its_session_was_signed_in_through_node,
    a_service_account_does_not_sign_in_through_node,
    whoever_searches_finds_nothing_of_it_through_node,
    the_requirement_ends_with_its_issuer_or_by_an_operator_through_node,
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
    assert!(other.get(&glass).await.body.contains("name=\"code\""));
    let post = async |browser: &Client, typed: &str| browser.post(&glass, &[("code", typed)]).await;
    let refused = post(&other, "123456").await;
    assert!(
        refused.body.contains("Only owners who set up an authenticator app"),
        "{} {}",
        refused.status,
        refused.body
    );
    // Nor if it was set up just now: the password alone would do.
    let (secret, _) = set_up_app(&portal, &other).await;
    let typed = next_code(&portal, &secret);
    assert!(post(&other, &typed).await.body.contains("more than seven days ago"));
    assert_eq!(other.get(&page).await.status, 403);
    portal.store.clock.turn(Duration::from_secs(7 * 24 * 60 * 60));
    let with_code = async || {
        let browser = portal.another();
        let form = [("email", "ada@example.com"), ("password", PASSWORD)];
        assert!(browser.post("/sign-in", &form).await.location().starts_with("/sign-in/code"));
        let code = next_code(&portal, &secret);
        assert_eq!(browser.post("/sign-in/code", &[("code", &code)]).await.status, 303);
        browser
    };
    let (other, beside) = (with_code().await, with_code().await);
    assert_eq!(other.get(&page).await.status, 403, "not by itself");
    let told = async || {
        let jobs = portal.store.dump().await.remove("jobs").expect("a table");
        jobs.iter().filter(|job| job.contains("glass_broken")).count()
    };
    // Not without a code, nor with a wrong one, nor with the one of the sign-in.
    for wrong in ["", "000000", &secret.code_at(portal.store.now())] {
        assert_eq!(post(&other, wrong).await.status, 422, "{wrong}");
    }
    assert_eq!((told().await, other.get(&page).await.status.as_u16()), (0, 403));
    let typed = next_code(&portal, &secret);
    assert_eq!(post(&other, &typed).await.location(), page);
    assert_eq!(other.get(&page).await.status, 200);
    assert_eq!(beside.get(&page).await.status, 403, "another session of theirs is not let in");
    assert_eq!(told().await, 2, "all owners");
    let log = other.get(&format!("{page}/activity")).await;
    assert!(log.body.contains("Let in without single sign-on"), "{}", log.body);
    // The requirement outlives it.
    let answer = other.post(&format!("{page}/settings/sign-in"), &[("issuer", "")]).await;
    assert!(
        answer.status == 403 && answer.body.contains("Only who is signed in with the required issuer"),
        "{}",
        answer.body
    );
    // For an hour.
    portal.store.clock.turn(Duration::from_secs(60 * 60));
    assert_eq!(other.get(&page).await.status, 403);
    // A sign-in that was a while ago is confirmed first.
    assert!(post(&other, "000000").await.location().starts_with("/account/confirm"));
    assert_eq!(told().await, 2);
}

async fn a_token_works_as_its_session_was_signed_in_through_node(portal: &TestPortal) {
    let (_provider, portal, org, browser) = required(portal).await;
    let by_password = signed_in(&portal).await;
    let url = format!("/v1/orgs/{org}");
    for (browser, status) in [(&browser, 200), (&by_password, 403)] {
        let token = made_token(browser).await;
        let answer = portal.manage(&url, &token, None).await;
        assert_eq!(answer.status.as_u16(), status, "{}", answer.body);
        let listed = portal.manage("/v1/orgs", &token, None).await;
        assert_eq!(listed.body.contains(org.as_str()), status == 200, "{}", listed.body);
        for path in ["keys", "webhooks", "audit", "members"] {
            let answer = portal.manage(&format!("{url}/{path}"), &token, None).await;
            assert_eq!(answer.status.as_u16(), status, "{path}: {}", answer.body);
        }
    }
    // It ends with the link.
    let token = made_token(&browser).await;
    assert_eq!(portal.manage(&url, &token, None).await.status, 200);
    let ada = user(&portal, "ada@example.com").await.expect("Ada");
    let identity = portal.store.identities_of(&ada.id).await.expect("asked").remove(0);
    assert!(portal.store.unlink_identity(&Act::by(Actor::CommandLine), &ada, identity).await.expect("unlinked"));
    assert_eq!(portal.manage(&url, &token, None).await.status, 403);
}

/// A personal token that is made on its page.
async fn made_token(browser: &Client) -> String {
    let form_token = browser.get("/account/tokens/new").await.hidden("form_token");
    let form = [("form_token", form_token.as_str()), ("token_name", "Laptop"), ("scopes", "places"), ("expires", "90")];
    let answer = browser.post("/account/tokens/new", &form).await;
    // Lists show the beginnings of others.
    let found = answer.body.split("sp_pat_").skip(1).map(|rest| {
        rest.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').next().unwrap_or_default()
    });
    format!("sp_pat_{}", found.max_by_key(|text| text.len()).expect("a token"))
}

async fn a_service_account_does_not_sign_in_through_node(portal: &TestPortal) {
    let (_provider, portal, org, browser) = required(portal).await;
    let (account, token, secret) = portal.service_account(&org).await;
    let ada = user(&portal, "ada@example.com").await.expect("Ada");
    let other = portal.store.org(&portal.store.act(&ada), "Another").await;
    assert_eq!(portal.manage(&format!("/v1/orgs/{org}"), &secret, None).await.status, 200);
    let listed = portal.manage("/v1/orgs", &secret, None).await;
    assert!(listed.body.contains(org.as_str()) && !listed.body.contains(other.id.as_str()), "{}", listed.body);
    // People see its page, and that of its token, as they see the organization.
    let (_, laptop) = portal.personal_token(&ada, "Laptop").await;
    let with_password = signed_in(&portal).await;
    let (page, revoke) = (format!("/service-accounts/{}", account.id), format!("/service-tokens/{}/revoke", token.id));
    for path in [&page, &revoke] {
        assert_eq!(browser.get(path).await.status, 200, "{path}");
        assert_eq!(with_password.get(path).await.status, 403, "{path}");
    }
    let answer = portal.manage(&format!("/v1{page}"), &laptop, None).await;
    assert_eq!(answer.status, 403);
    assert!(answer.body.contains("requires single sign-on"), "{}", answer.body);
}

async fn whoever_searches_finds_nothing_of_it_through_node(portal: &TestPortal) {
    let (_provider, portal, org, browser) = required(portal).await;
    let ada = user(&portal, "ada@example.com").await.expect("Ada");
    let act = portal.store.act(&ada);
    let by_password = signed_in(&portal).await;
    let it = portal.store.find(Reader::All, &org).await.expect("asked").expect("there");
    let app = portal.store.app(&act, &it, "Hidden app").await;
    let key = portal.store.key(&act, &app, "Hidden key").await;
    for (query, found) in [
        ("Hidden", "Hidden app"),
        ("Hidden", "Hidden key"),
        (app.id.as_str(), "Hidden app"),
        (key.key.id.as_str(), "Hidden key"),
    ] {
        for (browser, sees) in [(&browser, true), (&by_password, false)] {
            let answer = browser.post("/search", &[("q", query)]).await;
            let shown = answer.body.contains(found) || answer.status == 303;
            assert_eq!(shown, sees, "{query}: {} {}", answer.status, answer.body);
        }
    }
    let answer = by_password.post("/search", &[("q", key.secret.expose())]).await;
    assert!(answer.body.contains("No key of your organizations has this secret"), "{}", answer.body);
    // The frame of pages outside of it names nothing in it.
    assert!(!by_password.get("/account").await.body.contains("Development"));
}

async fn the_requirement_ends_with_its_issuer_or_by_an_operator_through_node(portal: &TestPortal) {
    let (_provider, portal, org, browser) = required(portal).await;
    let settings = format!("/orgs/{org}/settings/sign-in");
    assert_eq!(browser.post(&settings, &[("issuer", "")]).await.status, 303);
    let form = [("issuer", "acme"), ("lifetime_hours", "8"), ("domains", "example.com")];
    assert_eq!(browser.post(&settings, &form).await.status, 303);
    let it = portal.store.find(Reader::All, &org).await.expect("asked").expect("there");
    let ended = portal.store.end_sign_in_policy(&Act::by(Actor::CommandLine), &it).await.expect("ended");
    assert!(ended.issuer.is_some() && ended.lifetime_hours == Some(8));
    assert_eq!(portal.store.sign_in_policy(&org).await.expect("asked"), SignInPolicy::default(), "all of it");
    assert_eq!(signed_in(&portal).await.get(&format!("/orgs/{org}")).await.status, 200);
}
