//! `/orgs/{org_id}/service-accounts`, `/service-accounts/…`, `/service-tokens/…`

use std::time::Duration;

use sallyport::{
    audit::{Act, Actor},
    id::{OrgId, ServiceAccountId},
    member::Role,
    personal_token::TokenScopes,
    second_factor::FRESH,
    service_account::{self, NewServiceToken, ServiceAccount, ServiceToken},
    store::EventFilter,
};

use crate::{
    client::Answer,
    portal::{PASSWORD, TestPortal, find},
};

crate::on_both_portals!(
    one_is_made_and_gets_a_token,
    a_token_needs_a_fresh_sign_in,
    a_token_is_replaced_while_the_other_works,
    it_is_disabled_enabled_and_removed,
    its_name_and_role_are_changed,
    more_ends_its_tokens_and_needs_a_fresh_sign_in,
    what_was_typed_is_checked,
    each_sees_those_of_their_places,
    a_token_opens_no_page,
);

impl TestPortal {
    /// A service account that sees the whole organization, with a token that may do all that its role allows.
    pub async fn service_account(&self, org: &OrgId) -> (ServiceAccount, ServiceToken, String) {
        let act = Act::by(Actor::CommandLine);
        let account =
            self.store.create_service_account(&act, org, "Service of the org", Role::Viewer).await.expect("made");
        let new = NewServiceToken {
            name: "Service token".to_owned(),
            scopes: TokenScopes::ALL,
            expires_at: self.store.now() + Duration::from_secs(300 * 86_400),
            form_token: None,
        };
        let (token, secret) = self.store.issue_service_token(&act, &account.id, new).await.expect("made");
        (account, token, secret.expose().to_owned())
    }
}

async fn org(portal: &TestPortal) -> OrgId {
    portal.set_up().await;
    OrgId::parse(&portal.org("Focus Labs").await).expect("an id")
}

/// Makes an account on the page; returns the address of its page.
async fn create(portal: &TestPortal, org: &OrgId, name: &str, role: &str) -> String {
    let form = [("name", name), ("place", org.as_str()), ("role", role)];
    let made = portal.post(&format!("/orgs/{org}/service-accounts/new"), &form).await;
    assert_eq!(made.status, 303, "{}", made.body);
    made.location().trim_end_matches("?done=created").to_owned()
}

async fn new_token(portal: &TestPortal, account: &str, fields: &[(&str, &str)]) -> Answer {
    let path = format!("{account}/tokens/new");
    let form_token = portal.get(&path).await.hidden("form_token");
    portal.post(&path, &[&[("form_token", form_token.as_str())], fields].concat()).await
}

fn secret(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.body);
    find(&answer.body, service_account::PREFIX, 43).expect("a token")
}

async fn status(portal: &TestPortal, path: &str, token: &str) -> u16 {
    portal.another().manage(path, token, None).await.status.as_u16()
}

async fn one_is_made_and_gets_a_token(portal: &TestPortal) {
    let org = org(portal).await;
    let members = portal.get(&format!("/orgs/{org}/members")).await;
    let list = format!("/orgs/{org}/service-accounts");
    assert!(members.body.contains(&format!("href=\"{list}\"")), "{}", members.body);
    let empty = portal.get(&list).await;
    assert!(empty.body.contains("No service accounts") && empty.body.contains("New service account"));
    let panel = portal.get(&format!("{list}/new")).await;
    for words in ["Focus Labs (organization)", "Development (tenant)", "value=\"viewer\" selected"] {
        assert!(panel.body.contains(words), "{words}: {}", panel.body);
    }
    assert!(!panel.body.contains("value=\"owner\""), "it owns nothing: {}", panel.body);
    let page = create(portal, &org, "Nightly import", "developer").await;
    let shown = portal.get(&format!("{page}?done=created")).await;
    for words in ["Nightly import", "Developer at Focus Labs (organization)", "No token yet", ">Active<"] {
        assert!(shown.body.contains(words), "{words}: {}", shown.body);
    }
    let dialog = portal.get(&format!("{page}/tokens/new")).await;
    assert!(dialog.body.contains("value=\"90\" selected") && !dialog.body.contains("Never\""), "{}", dialog.body);
    let answer = new_token(portal, &page, &[("token_name", "build-3"), ("scopes", "places"), ("expires", "30")]).await;
    let token = secret(&answer);
    assert!(answer.body.contains("Save your token"));
    assert_eq!(answer.header("cache-control"), "no-store");
    // It works on /v1, as far as its role and scopes allow.
    assert_eq!(status(portal, &format!("/v1/orgs/{org}"), &token).await, 200);
    let made = portal.json(&format!("/v1/orgs/{org}/tenants"), &token, &serde_json::json!({ "name": "By it" })).await;
    assert_eq!(made.status, 403, "a developer makes no tenants: {}", made.body);
    portal.store.settled().await;
    let shown = portal.get(&page).await;
    assert!(!shown.body.contains(&token) && shown.body.contains("build-3") && shown.body.contains("127.0.0.1"));
    let listed = portal.get(&list).await;
    assert!(listed.body.contains("Nightly import") && listed.body.contains("Developer · Focus Labs"));
    let filter = EventFilter { action: "service_token.created".to_owned(), ..EventFilter::default() };
    assert_eq!(portal.store.events(&org, None, &filter).await.expect("asked").events.len(), 1);
}

async fn a_token_needs_a_fresh_sign_in(portal: &TestPortal) {
    let org = org(portal).await;
    let page = create(portal, &org, "Nightly import", "developer").await;
    portal.store.clock.turn(FRESH + Duration::from_secs(1));
    let fields = [("token_name", "build-3"), ("expires", "30")];
    let asked = new_token(portal, &page, &fields).await;
    assert!(asked.location().starts_with("/account/confirm"), "{} {}", asked.location(), asked.body);
    let id = ServiceAccountId::parse(page.trim_start_matches("/service-accounts/")).expect("an id");
    assert!(portal.store.service_tokens(&id).await.expect("asked").is_empty());
    portal.confirm(PASSWORD).await;
    secret(&new_token(portal, &page, &fields).await);
}

async fn a_token_is_replaced_while_the_other_works(portal: &TestPortal) {
    let org = org(portal).await;
    let page = create(portal, &org, "Nightly import", "viewer").await;
    let path = format!("/v1/orgs/{org}");
    let old = secret(&new_token(portal, &page, &[("token_name", "old"), ("expires", "30")]).await);
    portal.store.clock.turn(Duration::from_secs(1));
    let new = secret(&new_token(portal, &page, &[("token_name", "new"), ("expires", "365")]).await);
    assert_eq!([status(portal, &path, &old).await, status(portal, &path, &new).await], [200, 200]);
    let shown = portal.get(&page).await;
    // Newest first.
    let (_, rest) = shown.body.split_once("id=\"revoke-").expect("a row");
    let (_, row) = rest.split_once("id=\"revoke-").expect("another row");
    let revoke = format!("/service-tokens/{}/revoke", row.split('"').next().expect("an id"));
    let asking = portal.get(&revoke).await;
    assert!(asking.body.contains("Revoke this token?") && asking.body.contains(">old<"), "{}", asking.body);
    let done = portal.post(&revoke, &[]).await;
    assert_eq!(done.location(), format!("{page}?done=revoked"), "{}", done.body);
    assert_eq!([status(portal, &path, &old).await, status(portal, &path, &new).await], [401, 200]);
    assert_eq!(portal.post(&revoke, &[]).await.status, 303, "again changes nothing");
}

async fn it_is_disabled_enabled_and_removed(portal: &TestPortal) {
    let org = org(portal).await;
    let page = create(portal, &org, "Nightly import", "viewer").await;
    let token = secret(&new_token(portal, &page, &[("token_name", "CI"), ("expires", "30")]).await);
    let path = format!("/v1/orgs/{org}");
    assert!(portal.get(&format!("{page}/disable")).await.body.contains("Disable this service account?"));
    assert_eq!(portal.post(&format!("{page}/disable"), &[]).await.location(), format!("{page}?done=disabled"));
    assert_eq!(status(portal, &path, &token).await, 401);
    let shown = portal.get(&page).await;
    assert!(shown.body.contains(">Disabled<") && shown.body.contains(">Enable<"), "{}", shown.body);
    assert_eq!(portal.post(&format!("{page}/enable"), &[]).await.location(), format!("{page}?done=enabled"));
    assert_eq!(status(portal, &path, &token).await, 200);
    let refused = portal.post(&format!("{page}/remove"), &[("typed_name", "Another")]).await;
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("Type the name as it is written here"), "{}", refused.body);
    let done = portal.post(&format!("{page}/remove"), &[("typed_name", "Nightly import")]).await;
    assert_eq!(done.location(), format!("/orgs/{org}/service-accounts?done=removed"), "{}", done.body);
    assert!(portal.get(done.location()).await.body.contains("Removed, with its tokens."));
    assert_eq!(status(portal, &path, &token).await, 401);
    assert_eq!(portal.get(&page).await.status, 404);
}

async fn its_name_and_role_are_changed(portal: &TestPortal) {
    let org = org(portal).await;
    let page = create(portal, &org, "Nightly import", "viewer").await;
    let edit = portal.get(&format!("{page}/edit")).await;
    assert!(edit.body.contains("value=\"Nightly import\"") && edit.body.contains("value=\"viewer\" selected"));
    let tenant = portal.store.tenants(&org).await.expect("asked").remove(0);
    let form = [("name", "Import"), ("place", tenant.id.as_str()), ("role", "tenant_admin")];
    let done = portal.post(&format!("{page}/edit"), &form).await;
    assert_eq!(done.location(), format!("{page}?done=saved"), "{}", done.body);
    let shown = portal.get(&page).await;
    assert!(shown.body.contains("Tenant admin at Development (tenant)"), "{}", shown.body);
    let form = [("name", "Import"), ("place", tenant.id.as_str()), ("role", "admin")];
    let refused = portal.post(&format!("{page}/edit"), &form).await;
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("A tenant can’t have this role: Admin."), "{}", refused.body);
}

async fn more_ends_its_tokens_and_needs_a_fresh_sign_in(portal: &TestPortal) {
    let org = org(portal).await;
    let page = create(portal, &org, "Nightly import", "viewer").await;
    let (edit, path) = (format!("{page}/edit"), format!("/v1/orgs/{org}"));
    let form = |name: &'static str, role: &'static str| [("name", name), ("place", org.as_str()), ("role", role)];
    let fields = [("token_name", "CI"), ("expires", "30")];
    let token = secret(&new_token(portal, &page, &fields).await);
    let panel = portal.get(&edit).await;
    assert!(panel.body.contains("its tokens are revoked"), "{}", panel.body);
    portal.store.clock.turn(FRESH + Duration::from_secs(1));
    let renamed = portal.post(&edit, &form("Import", "viewer")).await;
    assert_eq!(renamed.location(), format!("{page}?done=saved"), "{}", renamed.body);
    let asked = portal.post(&edit, &form("Import", "developer")).await;
    assert!(asked.location().starts_with("/account/confirm"), "{} {}", asked.location(), asked.body);
    assert_eq!(status(portal, &path, &token).await, 200, "nothing was changed");
    portal.confirm(PASSWORD).await;
    let done = portal.post(&edit, &form("Import", "developer")).await;
    assert_eq!(done.location(), format!("{page}?done=saved"), "{}", done.body);
    assert_eq!(status(portal, &path, &token).await, 401);

    // Less is taken at once, and ends no token.
    let token = secret(&new_token(portal, &page, &fields).await);
    portal.store.clock.turn(FRESH + Duration::from_secs(1));
    let done = portal.post(&edit, &form("Import", "viewer")).await;
    assert_eq!(done.location(), format!("{page}?done=saved"), "{}", done.body);
    assert_eq!(status(portal, &path, &token).await, 200);
}

async fn what_was_typed_is_checked(portal: &TestPortal) {
    let org = org(portal).await;
    let new = format!("/orgs/{org}/service-accounts/new");
    let other = portal.org("Other").await;
    for (form, says) in [
        ([("name", ""), ("place", org.as_str()), ("role", "viewer")], "Give the service account a name."),
        ([("name", "A"), ("place", "org_none_aaaaaa"), ("role", "viewer")], "Choose a place from the list."),
        ([("name", "A"), ("place", other.as_str()), ("role", "viewer")], "Choose a place from the list."),
        ([("name", "A"), ("place", org.as_str()), ("role", "owner")], "own an organization."),
        ([("name", "A"), ("place", org.as_str()), ("role", "king")], "Choose a role."),
    ] {
        let refused = portal.post(&new, &form).await;
        assert_eq!(refused.status, 422, "{form:?} {}", refused.location());
        assert!(refused.body.contains(says), "{says}: {}", refused.body);
    }
    let page = create(portal, &org, "A", "viewer").await;
    let again = portal.post(&new, &[("name", "a"), ("place", org.as_str()), ("role", "viewer")]).await;
    assert!(
        again.body.contains("There is a service account of this name in this organization already."),
        "{}",
        again.body
    );
    for (fields, says) in [
        ([("token_name", ""), ("expires", "30")], "Give the token a name."),
        ([("token_name", "CI"), ("expires", "never")], "ends within 366 days"),
        ([("token_name", "CI"), ("expires", "367")], "ends within 366 days"),
    ] {
        let refused = new_token(portal, &page, &fields).await;
        assert_eq!(refused.status, 422, "{fields:?}");
        assert!(refused.body.contains(says), "{says}: {}", refused.body);
    }
}

async fn each_sees_those_of_their_places(portal: &TestPortal) {
    let org = org(portal).await;
    let ada = portal.store.account_by_email("ada@example.com").await.expect("asked").expect("there").user;
    let act = portal.store.act(&ada);
    let tenant = portal.store.tenants(&org).await.expect("asked").remove(0);
    create(portal, &org, "Whole organization", "viewer").await;
    let below = portal.store.create_service_account(&act, &tenant, "Of the tenant", Role::Viewer).await.expect("made");
    let browser = portal.stranger().await;
    let eve = portal.store.account_by_email("eve@example.com").await.expect("asked").expect("there").user;
    portal.store.add_member(&act, &tenant, &eve, Role::TenantAdmin).await.expect("added");
    let list = browser.get(&format!("/orgs/{org}/service-accounts")).await;
    assert_eq!(list.status, 200, "{}", list.body);
    assert!(list.body.contains("Of the tenant") && !list.body.contains("Whole organization"), "{}", list.body);
    let panel = browser.get(&format!("/orgs/{org}/service-accounts/new")).await;
    assert!(panel.body.contains("Development (tenant)") && !panel.body.contains("(organization)"), "{}", panel.body);
    assert_eq!(browser.get(&format!("/service-accounts/{}", below.id)).await.status, 200);
    portal.store.change_role(&act, &tenant, &eve, Role::Developer).await.expect("changed");
    assert_eq!(browser.get(&format!("/service-accounts/{}", below.id)).await.status, 404);
    assert_eq!(browser.get(&format!("/orgs/{org}/service-accounts")).await.status, 403);
}

async fn a_token_opens_no_page(portal: &TestPortal) {
    let org = org(portal).await;
    let (.., token) = portal.service_account(&org).await;
    let stranger = portal.another();
    for path in ["/".to_owned(), format!("/orgs/{org}"), "/account".to_owned(), "/admin".to_owned()] {
        let request = crate::client::Client::request(axum::http::Method::GET, &path)
            .header("authorization", format!("Bearer {token}"))
            .body(axum::body::Body::empty());
        let answer = stranger.send(request.expect("a request")).await;
        assert!(answer.location().starts_with("/sign-in"), "{path}: {} {}", answer.status, answer.location());
    }
}
