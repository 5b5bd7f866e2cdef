//! Every management endpoint, called without permission.

use axum::{
    body::Body,
    http::{Method, header},
};
use sallyport::{
    audit::{Act, Actor},
    id::OrgId,
    member::Role,
};
use serde_json::{Value, json};

use crate::{
    client::{Answer, Client},
    middleware::headers::without_what_differs,
    portal::TestPortal,
};

crate::on_both_portals!(
    each_token_reaches_what_it_may,
    another_organization_does_not_exist,
    what_is_no_id_is_not_found,
    a_token_that_was_revoked_writes_nothing,
    other_methods_are_refused,
);

/// All endpoints under `/v1` except verify, auth and the description. A test of the description checks that none is
/// missing here.
pub const ENDPOINTS: &[(Method, &str)] = &[
    (Method::GET, "/v1/me"),
    (Method::GET, "/v1/nodes"),
    (Method::GET, "/v1/orgs"),
    (Method::POST, "/v1/orgs"),
    (Method::GET, "/v1/orgs/{org_id}"),
    (Method::GET, "/v1/orgs/{org_id}/tenants"),
    (Method::POST, "/v1/orgs/{org_id}/tenants"),
    (Method::GET, "/v1/orgs/{org_id}/audit"),
    (Method::GET, "/v1/orgs/{org_id}/audit/checkpoint"),
    (Method::GET, "/v1/orgs/{org_id}/audit/{seq}/proof"),
    (Method::GET, "/v1/orgs/{org_id}/audit/evidence.zip"),
    (Method::GET, "/v1/orgs/{org_id}/keys"),
    (Method::POST, "/v1/orgs/{org_id}/keys"),
    (Method::POST, "/v1/orgs/{org_id}/keys/revoke-all"),
    (Method::GET, "/v1/orgs/{org_id}/members"),
    (Method::PUT, "/v1/orgs/{org_id}/members/{user_id}"),
    (Method::GET, "/v1/tenants/{tenant_id}/members"),
    (Method::PUT, "/v1/tenants/{tenant_id}/members/{user_id}"),
    (Method::GET, "/v1/projects/{project_id}/members"),
    (Method::PUT, "/v1/projects/{project_id}/members/{user_id}"),
    (Method::DELETE, "/v1/projects/{project_id}/members/{user_id}"),
    (Method::DELETE, "/v1/tenants/{tenant_id}/members/{user_id}"),
    (Method::DELETE, "/v1/orgs/{org_id}/members/{user_id}"),
    (Method::POST, "/v1/orgs/{org_id}/invitations"),
    (Method::POST, "/v1/tenants/{tenant_id}/invitations"),
    (Method::POST, "/v1/projects/{project_id}/invitations"),
    (Method::DELETE, "/v1/invitations/{invitation_id}"),
    (Method::GET, "/v1/tenants/{tenant_id}"),
    (Method::GET, "/v1/tenants/{tenant_id}/projects"),
    (Method::POST, "/v1/tenants/{tenant_id}/projects"),
    (Method::GET, "/v1/projects/{project_id}"),
    (Method::GET, "/v1/projects/{project_id}/apps"),
    (Method::POST, "/v1/projects/{project_id}/apps"),
    (Method::GET, "/v1/apps/{app_id}"),
    (Method::GET, "/v1/apps/{app_id}/keys"),
    (Method::POST, "/v1/apps/{app_id}/keys"),
    (Method::POST, "/v1/apps/{app_id}/keys/revoke-all"),
    (Method::GET, "/v1/apps/{app_id}/imports"),
    (Method::POST, "/v1/apps/{app_id}/imports"),
    (Method::GET, "/v1/imports/{import_id}"),
    (Method::POST, "/v1/apps/{app_id}/capabilities"),
    (Method::POST, "/v1/apps/{app_id}/capabilities/revoke-all"),
    (Method::GET, "/v1/keys/{key_id}"),
    (Method::PATCH, "/v1/keys/{key_id}"),
    (Method::POST, "/v1/keys/{key_id}/rotate"),
    (Method::POST, "/v1/keys/{key_id}/extend-previous"),
    (Method::POST, "/v1/keys/{key_id}/end-previous"),
    (Method::POST, "/v1/keys/{key_id}/revoke"),
    (Method::GET, "/v1/keys/{key_id}/requests"),
    (Method::GET, "/v1/keys/{key_id}/usage"),
    (Method::GET, "/v1/keys/{key_id}/usage.csv"),
    (Method::GET, "/v1/apps/{app_id}/usage"),
    (Method::GET, "/v1/apps/{app_id}/usage.csv"),
    (Method::GET, "/v1/projects/{project_id}/usage"),
    (Method::GET, "/v1/projects/{project_id}/usage.csv"),
    (Method::GET, "/v1/orgs/{org_id}/usage"),
    (Method::GET, "/v1/orgs/{org_id}/usage.csv"),
    (Method::GET, "/v1/keys/{key_id}/suggestion"),
    (Method::GET, "/v1/orgs/{org_id}/hygiene"),
    (Method::GET, "/v1/orgs/{org_id}/key-policy"),
    (Method::PUT, "/v1/orgs/{org_id}/key-policy"),
    (Method::GET, "/v1/orgs/{org_id}/approvals"),
    (Method::GET, "/v1/approvals/{approval_id}"),
    (Method::POST, "/v1/approvals/{approval_id}/approve"),
    (Method::POST, "/v1/approvals/{approval_id}/refuse"),
    (Method::POST, "/v1/approvals/{approval_id}/claim"),
    (Method::POST, "/v1/approvals/{approval_id}/withdraw"),
    (Method::GET, "/v1/orgs/{org_id}/webhooks"),
    (Method::POST, "/v1/orgs/{org_id}/webhooks"),
    (Method::GET, "/v1/webhooks/{webhook_id}"),
    (Method::PATCH, "/v1/webhooks/{webhook_id}"),
    (Method::POST, "/v1/webhooks/{webhook_id}/secret"),
    (Method::POST, "/v1/webhooks/{webhook_id}/test"),
    (Method::GET, "/v1/webhooks/{webhook_id}/deliveries"),
    (Method::POST, "/v1/webhooks/{webhook_id}/resend-failed"),
    (Method::GET, "/v1/deliveries/{delivery_id}"),
    (Method::POST, "/v1/deliveries/{delivery_id}/resend"),
    (Method::GET, "/v1/apps/{app_id}/trust-rules"),
    (Method::POST, "/v1/apps/{app_id}/trust-rules"),
    (Method::GET, "/v1/trust-rules/{trust_rule_id}"),
    (Method::PATCH, "/v1/trust-rules/{trust_rule_id}"),
    (Method::DELETE, "/v1/trust-rules/{trust_rule_id}"),
    (Method::GET, "/v1/orgs/{org_id}/service-accounts"),
    (Method::POST, "/v1/orgs/{org_id}/service-accounts"),
    (Method::GET, "/v1/service-accounts/{service_account_id}"),
    (Method::PATCH, "/v1/service-accounts/{service_account_id}"),
    (Method::GET, "/v1/service-accounts/{service_account_id}/tokens"),
    (Method::POST, "/v1/service-accounts/{service_account_id}/tokens"),
    (Method::DELETE, "/v1/service-tokens/{service_token_id}"),
    (Method::DELETE, "/v1/service-accounts/{service_account_id}"),
    (Method::DELETE, "/v1/webhooks/{webhook_id}"),
];

struct World {
    ids: Vec<(&'static str, String)>,
    all: String,
}

impl World {
    async fn new(portal: &TestPortal) -> Self {
        let all = portal.token(true, None).await;
        let [org, tenant, project, app] = portal.managed(&all).await;
        let key = portal.made(&all, &format!("/v1/apps/{app}/keys"), body("/keys"), "key_id").await;
        let user = portal.store.person("Member").await;
        let (act, of) = (Act::by(Actor::CommandLine), OrgId::parse(&org).expect("an id"));
        portal.store.add_member(&act, &of, &user, Role::Member).await.expect("added");
        let mut ids =
            vec![("org_id", org), ("tenant_id", tenant), ("project_id", project), ("app_id", app), ("key_id", key)];
        ids.push(("user_id", user.id.to_string()));
        let invite = json!({ "emails": ["noor@example.com"], "role": "viewer" });
        let invited = portal.json(&format!("/v1/orgs/{of}/invitations"), &all, &invite).await.json();
        let invitation = invited["invitations"][0]["invitation_id"].as_str().expect("invited").to_owned();
        ids.push(("invitation_id", invitation));
        let of = sallyport::id::AppId::parse(&ids[3].1).expect("an id");
        ids.push(("approval_id", portal.waiting(&of).await.to_string()));
        ids.push(("import_id", portal.import(&of).await.to_string()));
        let org = OrgId::parse(&ids[0].1).expect("an id");
        let (webhook, delivery) = portal.webhook(&org).await;
        ids.push(("webhook_id", webhook.to_string()));
        ids.push(("delivery_id", delivery.to_string()));
        ids.push(("trust_rule_id", portal.trust_rule(&of).await.to_string()));
        let (account, token, _) = portal.service_account(&org).await;
        ids.push(("service_account_id", account.id.to_string()));
        ids.push(("service_token_id", token.id.to_string()));
        ids.push(("seq", "1".to_owned()));
        Self { ids, all }
    }

    fn path(&self, path: &str, change: impl Fn(&str) -> String) -> String {
        self.ids.iter().fold(path.to_owned(), |path, (name, id)| path.replace(&format!("{{{name}}}"), &change(id)))
    }
}

/// A valid body for it.
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
        Some(account) if account.starts_with("sva_") => json!({ "disabled": false }),
        Some("service-accounts") => json!({ "name": "Eve", "role": "viewer" }),
        Some("tokens") => json!({ "name": "Eve", "expires_at": "2026-12-22T00:00:00Z" }),
        Some("orgs") => json!({ "name": "Eve", "plan": "pro" }),
        Some(user) if user.starts_with("usr_") => json!({ "role": "developer" }),
        Some(key) if key.starts_with("key_") => json!({ "label": "Eve", "scopes": ["write"] }),
        _ => json!({ "name": "Eve" }),
    }
}

async fn ask(portal: &TestPortal, method: &Method, path: &str, token: Option<&str>) -> Answer {
    let mut request = Client::request(method.clone(), path);
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    let sent = if [Method::POST, Method::PATCH, Method::PUT].contains(method) {
        request = request.header(header::CONTENT_TYPE, "application/json");
        Body::from(body(path).to_string())
    } else {
        Body::empty()
    };
    portal.another().send(request.body(sent).expect("a request")).await
}

async fn each_token_reaches_what_it_may(portal: &TestPortal) {
    let world = World::new(portal).await;
    let org = world.path("{org_id}", str::to_owned);
    let other = portal.made(&world.all, "/v1/orgs", json!({ "name": "Other", "plan": "pro" }), "org_id").await;
    let verifies = portal.token(false, None).await;
    let verifies_here = portal.token(false, Some(&org)).await;
    let elsewhere = portal.token(true, Some(&other)).await;
    let before = portal.store.dump().await;
    for (method, path) in ENDPOINTS {
        let at = world.path(path, str::to_owned);
        let of_org = path.contains('{');
        let outside = if *path == "/v1/me" {
            // Only a person's token has a person.
            403
        } else if of_org {
            404
        } else if *method == Method::POST {
            403
        } else {
            200
        };
        for (token, status) in [
            (None, 401),
            (Some("sp_root_junk"), 401),
            (Some("sk_live_junk"), 401),
            (Some(verifies.as_str()), 403),
            (Some(&verifies_here), 403),
            (Some(&elsewhere), outside),
        ] {
            let answer = ask(portal, method, &at, token).await;
            assert_eq!(answer.status.as_u16(), status, "{method} {path} {token:?}: {}", answer.body);
            if status != 200 {
                assert_eq!(answer.header("content-type"), "application/problem+json");
                assert_eq!(answer.json()["request_id"], answer.header("x-request-id"));
                let codes = ["unauthorized", "forbidden", "not_found"];
                assert_eq!(
                    answer.json()["code"],
                    codes[[401, 403, 404].iter().position(|s| *s == status).expect("one")]
                );
            }
            assert!(!answer.body.contains("Focus"), "{method} {path} {token:?}: {}", answer.body);
        }
    }
    assert_eq!(portal.store.dump().await, before, "a refused request changed something");
    // Callers with permission: in an order that revokes last.
    let own = portal.token(true, Some(&org)).await;
    let (revoke, others): (Vec<_>, Vec<_>) = ENDPOINTS.iter().partition(|(_, path)| path.contains("revoke"));
    for (method, path) in others.into_iter().chain(revoke) {
        let answer = ask(portal, method, &world.path(path, str::to_owned), Some(&own)).await;
        let expected: &[u16] = match (method, *path) {
            (&Method::POST, "/v1/orgs") | (&Method::GET, "/v1/me") => &[403],
            // Here keys belong to apps; with other profiles to the organization.
            (&Method::POST, "/v1/orgs/{org_id}/keys") => &[422],
            // It is approved once, and was asked for by somebody else.
            (&Method::POST, path) if path.starts_with("/v1/approvals/") => &[200, 409],
            (&Method::POST, _) => &[200, 201, 202],
            (&Method::DELETE, _) => &[204],
            _ => &[200],
        };
        assert!(expected.contains(&answer.status.as_u16()), "{method} {path}: {} {}", answer.status, answer.body);
    }
}

async fn another_organization_does_not_exist(portal: &TestPortal) {
    let world = World::new(portal).await;
    let other = portal.made(&world.all, "/v1/orgs", json!({ "name": "Other", "plan": "pro" }), "org_id").await;
    let elsewhere = portal.token(true, Some(&other)).await;
    for (method, path) in ENDPOINTS.iter().filter(|(_, path)| path.contains('{')) {
        let real = ask(portal, method, &world.path(path, str::to_owned), Some(&elsewhere)).await;
        let nobodys = |id: &str| match id.len().checked_sub(6) {
            Some(length) => format!("{}XXXXXX", &id[..length]),
            // The number of an event.
            None => id.to_owned(),
        };
        let made_up = ask(portal, method, &world.path(path, nobodys), Some(&elsewhere)).await;
        assert_eq!((real.status.as_u16(), made_up.status.as_u16()), (404, 404), "{method} {path}");
        assert_eq!(without_what_differs(&real), without_what_differs(&made_up), "{method} {path}");
    }
}

async fn what_is_no_id_is_not_found(portal: &TestPortal) {
    let world = World::new(portal).await;
    let junk = ["x", "%00", "%ff", "..%2f..", "%F0%9F%A6%80", "%27%20OR%201=1", "org_", &"a".repeat(5_000)];
    for (method, path) in ENDPOINTS.iter().filter(|(_, path)| path.contains('{')) {
        let others = world.ids.iter().filter(|(name, _)| !path.contains(name)).map(|(_, id)| id.clone());
        for id in junk.map(str::to_owned).into_iter().chain(others) {
            let at = world.path(path, |_| id.clone());
            let answer = ask(portal, method, &at, Some(&world.all)).await;
            assert_eq!(answer.status, 404, "{method} {at}: {}", answer.body);
            assert_eq!(answer.header("content-type"), "application/problem+json");
        }
    }
}

async fn a_token_that_was_revoked_writes_nothing(portal: &TestPortal) {
    use sallyport::{Error, org::NewOrg, tenant::NewTenant};
    let world = World::new(portal).await;
    let shell = Act::by(Actor::CommandLine);
    let here = OrgId::parse(&world.path("{org_id}", str::to_owned)).expect("an id");
    let there = portal.made(&world.all, "/v1/orgs", json!({ "name": "Other", "plan": "pro" }), "org_id").await;
    let there = OrgId::parse(&there).expect("an id");
    let (token, secret) = portal.store.create_token(&shell, "Own", true, Some(there.clone())).await.expect("made");
    let act = Act::by(Actor::RootToken { id: token.id.clone(), name: token.name });
    let new = || NewTenant { name: "Eve".to_owned() };
    // The permission that a handler checked at its beginning is checked again within the write.
    assert!(matches!(portal.store.create_tenant(&act, &here, new()).await, Err(Error::NotFound)));
    let org = NewOrg { name: "Eve".to_owned(), ..NewOrg::default() };
    assert!(matches!(portal.store.create_org(&act, org.clone()).await, Err(Error::Forbidden(_))));
    let (verifies, _) = portal.store.create_token(&shell, "Verifies", false, None).await.expect("made");
    let verifies = Act::by(Actor::RootToken { id: verifies.id, name: verifies.name });
    assert!(matches!(portal.store.create_tenant(&verifies, &here, new()).await, Err(Error::Forbidden(_))));
    assert!(matches!(portal.store.create_org(&verifies, org).await, Err(Error::Forbidden(_))));
    portal.store.create_tenant(&act, &there, new()).await.expect("made");
    portal.store.revoke_token(&shell, &token.id).await.expect("revoked");
    let before = portal.store.dump().await;
    let new = NewTenant { name: "Late".to_owned() };
    assert!(matches!(portal.store.create_tenant(&act, &there, new).await, Err(Error::SignedOut)));
    assert_eq!(portal.store.dump().await, before);
    assert_eq!(portal.manage("/v1/orgs", secret.expose(), None).await.status, 401);
}

async fn other_methods_are_refused(portal: &TestPortal) {
    let world = World::new(portal).await;
    let before = portal.store.dump().await;
    for (_, path) in ENDPOINTS {
        let mut taken: Vec<_> =
            ENDPOINTS.iter().filter(|(_, at)| at == path).map(|(method, _)| method.clone()).collect();
        if taken.contains(&Method::GET) {
            taken.push(Method::HEAD);
        }
        for method in
            [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS]
        {
            if taken.contains(&method) {
                continue;
            }
            let answer = ask(portal, &method, &world.path(path, str::to_owned), Some(&world.all)).await;
            assert_eq!(answer.status, 405, "{method} {path}");
            let mut allowed: Vec<_> = answer.header("allow").split(',').collect();
            allowed.sort_unstable();
            let mut expected: Vec<_> = taken.iter().map(Method::as_str).collect();
            expected.sort_unstable();
            assert_eq!(allowed, expected, "{method} {path}");
        }
    }
    assert_eq!(portal.store.dump().await, before);
}
