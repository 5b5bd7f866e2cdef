//! The management endpoints, called with the personal tokens of people with every role at every place.

use axum::{
    body::Body,
    http::{Method, header},
};
use sallyport::{
    member::{Permission, Role},
    personal_token::{NewPersonalToken, TokenScopes},
    place::PlaceKind,
    user::User,
};
use serde_json::{Value, json};

use super::{
    people::{Expected, Kind, OWNER, Spot},
    rules::Who,
    world::World,
};
use crate::{
    client::{Answer, Client},
    portal::TestPortal,
    v1::isolation::ENDPOINTS,
};

crate::on_both_portals!(
    who_may_not_is_refused_and_changes_nothing,
    who_may_is_answered,
    lists_name_nothing_else,
    a_token_does_no_more_than_its_scopes,
    a_token_of_an_owner_sees_the_whole_organization,
    a_token_ends_with_its_membership,
);

async fn user(portal: &TestPortal, kind: Kind) -> User {
    portal.store.account_by_email(&kind.email()).await.expect("asked").expect("there").user
}

async fn token(portal: &TestPortal, kind: Kind, scopes: TokenScopes) -> String {
    let user = user(portal, kind).await;
    let form_token = format!("{kind:?} {scopes}").into_bytes();
    let new = NewPersonalToken { name: "Laptop".to_owned(), scopes, expires_at: None, form_token };
    let made = portal.store.issue_personal_token(&portal.store.act(&user), new).await;
    made.expect("made").1.expose().to_owned()
}

/// What an endpoint needs, and at which level.
fn needed(method: &Method, path: &str) -> Option<(Who, PlaceKind)> {
    use Permission as P;
    use PlaceKind::{App, Org, Project, Tenant};
    let level = match path.split('/').nth(2) {
        Some("orgs" | "invitations" | "approvals" | "webhooks" | "deliveries") => Org,
        Some("service-accounts" | "service-tokens") => Org,
        Some("tenants") => Tenant,
        Some("projects") => Project,
        _ => App,
    };
    let reads = *method == Method::GET;
    let last = path.rsplit('/').next().unwrap_or_default();
    let who = match last {
        // Everybody with a token.
        "me" | "orgs" | "nodes" => return None,
        // Not with this profile, in which keys belong to apps.
        "keys" if level == Org && !reads => return None,
        // Of whoever asked alone.
        "claim" | "withdraw" => return None,
        "{approval_id}" | "approve" | "refuse" => Who::May(P::GovernKeys),
        "webhooks" | "{webhook_id}" | "secret" | "test" | "deliveries" | "resend-failed" | "{delivery_id}"
        | "resend" => Who::May(P::ManageWebhooks),
        // With no personal token.
        "tokens" if !reads => return None,
        "service-accounts" if reads => Who::Somewhere(P::ManageMembers),
        "service-accounts" | "{service_account_id}" | "tokens" | "{service_token_id}" => Who::May(P::ManageMembers),
        "trust-rules" | "{trust_rule_id}" => Who::May(P::GovernKeys),
        "key-policy" if !reads => Who::May(P::GovernKeys),
        "checkpoint" | "proof" | "evidence.zip" => Who::May(P::ManageOrg),
        "members" | "{user_id}" if reads => Who::May(P::SeePlace),
        "{user_id}" | "invitations" | "{invitation_id}" => Who::May(P::ManageMembers),
        "imports" | "{import_id}" => Who::May(P::ManageKeys),
        "usage" | "usage.csv" | "requests" => Who::May(P::SeeKeys),
        _ if reads && level == App => Who::May(P::SeeKeys),
        _ if reads => Who::Passing,
        "tenants" => Who::May(P::CreateTenants),
        "projects" => Who::May(P::CreateProjects),
        "apps" => Who::May(P::ManageApps),
        "revoke-all" if level == Org => Who::May(P::ManagePlace),
        _ => Who::May(P::ManageKeys),
    };
    Some((who, level))
}

fn body(path: &str) -> Value {
    match path.rsplit('/').next() {
        Some("keys") => json!({ "label": "Eve", "environment": "production", "scopes": ["read"] }),
        Some("imports") => json!({ "key": "legacy_eve_0123456789", "environment": "production", "scopes": ["read"] }),
        Some("capabilities") => json!({ "subject": "Eve", "modules": ["focus"] }),
        Some("revoke" | "revoke-all" | "rotate" | "end-previous" | "key-policy") => json!({}),
        Some("approve" | "claim" | "withdraw") => json!({}),
        Some("refuse") => json!({ "reason": "No" }),
        Some("trust-rules") => json!({
            "name": "Eve", "issuer": "https://issuer.example.com", "audience": "https://portal.example.com",
            "claims": { "sub": "repo:eve/app" }, "environment": "production", "scopes": ["read"],
        }),
        Some("webhooks") => {
            json!({ "url": "https://hooks.example.com/", "environment": "production", "events": ["*"] })
        }
        Some("secret" | "test" | "resend") => json!({}),
        Some("resend-failed") => json!({ "since": "2026-11-22T00:00:00Z" }),
        Some(webhook) if webhook.starts_with("whk_") => json!({ "description": "Eve" }),
        Some("extend-previous") => json!({ "seconds": 60 }),
        Some("invitations") => json!({ "emails": ["eve@example.com"], "role": "viewer" }),
        Some("service-accounts") => json!({ "name": "Eve", "role": "viewer" }),
        Some("tokens") => json!({ "name": "Eve", "expires_at": "2026-12-22T00:00:00Z" }),
        Some("orgs") => json!({ "name": "Eve", "plan": "pro" }),
        Some(user) if user.starts_with("usr_") => json!({ "role": "viewer" }),
        Some(key) if key.starts_with("key_") => json!({ "label": "Eve" }),
        _ => json!({ "name": "Eve" }),
    }
}

fn address(world: &World, path: &str) -> String {
    let ids = ["org_id", "tenant_id", "project_id", "app_id", "key_id", "user_id", "invitation_id", "approval_id"];
    let ids = ids.into_iter().chain([
        "webhook_id",
        "delivery_id",
        "trust_rule_id",
        "import_id",
        "service_account_id",
        "service_token_id",
    ]);
    let path = path.replace("{seq}", "1");
    ids.fold(path, |path, name| path.replace(&format!("{{{name}}}"), world.id(name)))
}

async fn ask(portal: &TestPortal, method: &Method, path: &str, token: &str) -> Answer {
    let mut request = Client::request(method.clone(), path).header(header::AUTHORIZATION, format!("Bearer {token}"));
    let mut sent = Body::empty();
    if [Method::POST, Method::PATCH, Method::PUT].contains(method) {
        request = request.header(header::CONTENT_TYPE, "application/json");
        sent = Body::from(body(path).to_string());
    }
    portal.another().send(request.body(sent).expect("a request")).await
}

/// Everything except when and from where tokens were used, and checkpoints, which are made when they are read first.
async fn dump(portal: &TestPortal) -> std::collections::BTreeMap<String, Vec<String>> {
    portal.store.settled().await;
    // Reading usage writes what was counted before.
    portal.state.verifier.flush_counts().await.expect("written");
    let mut dump = portal.store.dump().await;
    for table in ["personal_tokens", "checkpoints", "audit_keys"] {
        dump.remove(table);
    }
    dump
}

fn with_tokens() -> Vec<Kind> {
    Kind::all().into_iter().filter(|kind| *kind != Kind::Nobody).collect()
}

async fn who_may_not_is_refused_and_changes_nothing(portal: &TestPortal) {
    let world = World::new(portal).await;
    let mut tokens = Vec::new();
    for kind in with_tokens() {
        tokens.push((kind, token(portal, kind, TokenScopes::ALL).await));
    }
    let before = dump(portal).await;
    for (method, path) in ENDPOINTS {
        let Some((who, at)) = needed(method, path) else { continue };
        for (kind, token) in &tokens {
            let expected = kind.expects(who, at);
            if expected == Expected::Taken {
                continue;
            }
            let answer = ask(portal, method, &address(&world, path), token).await;
            let status = answer.status.as_u16();
            // Who only passes through a place learns its name, and is told for all else that it does not exist.
            let held = status == 404 || (status == 403 && expected == Expected::Forbidden);
            assert!(held, "{kind:?} {method} {path}: {expected:?} was expected, not {status} {}", answer.body);
        }
    }
    assert_eq!(dump(portal).await, before, "a refused request changed something");
}

async fn who_may_is_answered(portal: &TestPortal) {
    let world = World::new(portal).await;
    for kind in with_tokens() {
        let token = token(portal, kind, TokenScopes::ALL).await;
        for (method, path) in ENDPOINTS {
            let ends = *method == Method::DELETE || path.contains("revoke") || path.ends_with("{user_id}");
            let Some((who, at)) = needed(method, path).filter(|_| !ends) else { continue };
            if kind.expects(who, at) != Expected::Taken {
                continue;
            }
            let answer = ask(portal, method, &address(&world, path), &token).await;
            // The same name or invitation may be there already.
            let held = matches!(answer.status.as_u16(), 200 | 201 | 202 | 409 | 422 | 429);
            assert!(held, "{kind:?} {method} {path}: {} {}", answer.status, answer.body);
        }
    }
    let owner = token(portal, OWNER, TokenScopes::READ.with(sallyport::personal_token::TokenScope::Keys)).await;
    let revoked = ask(portal, &Method::POST, &address(&world, "/v1/keys/{key_id}/revoke"), &owner).await;
    assert_eq!((revoked.status.as_u16(), &revoked.json()["status"]), (200, &json!("revoked")));
}

/// Names that a person must not read in any answer.
fn hidden(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::With(role, Spot::Org) if role.may(Permission::SeeKeys) => &[],
        Kind::With(_, Spot::Org) => &["\"Focus and calm\"", "\"Hidden\"", "Hidden key", "\"CI\""],
        Kind::With(_, Spot::Tenant) => &["Hidden tenant", "Hidden too"],
        Kind::With(_, Spot::Project) => &["Hidden"],
        Kind::With(_, Spot::OtherProject) => &["Focus and calm", "Hidden tenant", "Hidden too", "\"CI\""],
        Kind::With(_, Spot::OtherTenant) => &["Focus and calm", "Project of Hidden", "Hidden key", "\"CI\""],
        Kind::Nobody | Kind::Stranger | Kind::Operator => &["Hidden", "Focus and calm", "\"CI\""],
    }
}

async fn lists_name_nothing_else(portal: &TestPortal) {
    let world = World::new(portal).await;
    for kind in with_tokens() {
        let token = token(portal, kind, TokenScopes::READ).await;
        for (_, path) in ENDPOINTS.iter().filter(|(method, _)| *method == Method::GET) {
            let answer = ask(portal, &Method::GET, &address(&world, path), &token).await;
            for name in hidden(kind) {
                assert!(!answer.body.contains(name), "{kind:?} {path} contains {name}\n{}", answer.body);
            }
        }
    }
    let viewer = token(portal, Kind::With(Role::Viewer, Spot::Project), TokenScopes::ALL).await;
    for path in ["/v1/orgs", "/v1/orgs/{org_id}/tenants", "/v1/projects/{project_id}/apps", "/v1/orgs/{org_id}/keys"] {
        let listed = ask(portal, &Method::GET, &address(&world, path), &viewer).await.json();
        assert_eq!(listed["data"].as_array().map(Vec::len), Some(1), "{path}: {listed}");
    }
}

async fn a_token_does_no_more_than_its_scopes(portal: &TestPortal) {
    let world = World::new(portal).await;
    let reads = token(portal, OWNER, TokenScopes::READ).await;
    let before = dump(portal).await;
    for (method, path) in ENDPOINTS {
        let answer = ask(portal, method, &address(&world, path), &reads).await;
        let expected = if *method == Method::GET { 200 } else { 403 };
        // Keys of organizations are refused before, with this profile.
        let held = answer.status.as_u16() == expected || (expected == 403 && answer.status == 422);
        assert!(held, "{method} {path}: {} {}", answer.status, answer.body);
    }
    assert_eq!(dump(portal).await, before, "a refused request changed something");
    let keys = token(portal, OWNER, TokenScopes::parse("keys").expect("good")).await;
    let path = address(&world, "/v1/apps/{app_id}/keys");
    let made = ask(portal, &Method::POST, &path, &keys).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let log = ask(portal, &Method::GET, &address(&world, "/v1/orgs/{org_id}/audit"), &keys).await.json();
    let event = &log["data"][0];
    assert_eq!((&event["action"], &event["actor_kind"]), (&json!("key.generated"), &json!("user")));
    assert_eq!(event["details"]["personal_token"]["name"], "Laptop");
    let refused = ask(portal, &Method::POST, &address(&world, "/v1/orgs/{org_id}/tenants"), &keys).await;
    assert_eq!(refused.status, 403);
    assert!(refused.body.contains("lacks the scope places"), "{}", refused.body);
    // It verifies nothing.
    let verify = portal.json("/v1/keys/verify", &keys, &json!({ "key": "x" })).await;
    assert_eq!(verify.status, 401);
}

async fn a_token_of_an_owner_sees_the_whole_organization(portal: &TestPortal) {
    let world = World::new(portal).await;
    let owner = token(portal, OWNER, TokenScopes::READ).await;
    let org = sallyport::id::OrgId::parse(world.id("org_id")).expect("an id");
    let events = portal.store.last_event(org.as_str()).await.expect("asked");
    let log = ask(portal, &Method::GET, &address(&world, "/v1/orgs/{org_id}/audit?limit=100"), &owner).await.json();
    let shown = log["data"].as_array().map(Vec::len).and_then(|shown| i64::try_from(shown).ok());
    assert_eq!(shown, Some(events.min(100)), "{log}");
}

async fn a_token_ends_with_its_membership(portal: &TestPortal) {
    let world = World::new(portal).await;
    let kind = Kind::With(Role::Developer, Spot::Project);
    let (member, token) = (user(portal, kind).await, token(portal, kind, TokenScopes::ALL).await);
    let path = address(&world, "/v1/apps/{app_id}/keys");
    assert_eq!(ask(portal, &Method::GET, &path, &token).await.status, 200);
    let owner = user(portal, OWNER).await;
    let org = sallyport::id::OrgId::parse(world.id("org_id")).expect("an id");
    portal.store.remove_member(&portal.store.act(&owner), &org, &member).await.expect("removed");
    assert_eq!(ask(portal, &Method::GET, &path, &token).await.status, 404);
    assert_eq!(ask(portal, &Method::GET, "/v1/me", &token).await.json()["orgs"], json!([]));
    let act = sallyport::audit::Act::by(sallyport::audit::Actor::CommandLine);
    portal.store.disable_user(&act, &member).await.expect("disabled");
    assert_eq!(ask(portal, &Method::GET, "/v1/me", &token).await.status, 401);
}
