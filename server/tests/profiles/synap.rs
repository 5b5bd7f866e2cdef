//! Personal access tokens, whose scopes are surfaces.

use sallyport::{key::holder::Holder, plan::Plan};
use serde_json::json;

use crate::deployment::{Deployment, unknown};

/// Which scope opens which surface, by SP-2.
const SURFACES: [(&str, &str, &[&str]); 9] = [
    ("GET", "/trpc/entities.list?input=x", &["read:entities"]),
    ("POST", "/trpc/entities.create", &["write:entities"]),
    ("GET", "/api/hub/search?q=x", &["hub-protocol.read"]),
    ("POST", "/api/hub/messages", &["hub-protocol.write"]),
    ("GET", "/api/external/skills", &["skills.invoke"]),
    ("POST", "/api/external/skills/summarise", &["skills.invoke"]),
    ("POST", "/api/external/chat/stream", &["chat.stream"]),
    ("POST", "/mcp", &["mcp.read", "mcp.write"]),
    // A batch of procedures does not bypass it.
    ("GET", "/trpc/entities.list,users.list?batch=1", &[]),
];

#[tokio::test]
async fn synap_does_what_its_document_says() {
    let server = Deployment::of("synap").await;
    let org = server.org("Pod", Plan::Starter).await;
    let person = |org: &sallyport::org::Org| Holder::Member(org.clone(), server.user.clone());

    // SP-2: each scope opens only its own surface.
    let catalogue: Vec<String> = server.store.profile().scopes.iter().map(|scope| scope.name.clone()).collect();
    assert_eq!(catalogue.len(), 8, "SP-2");
    for scope in &catalogue {
        let issued = server.key(person(&org), "production", &[scope]).await;
        let bearer = format!("Bearer {}", issued.secret.expose());
        for (method, path, opened_by) in SURFACES {
            let status = if opened_by.contains(&scope.as_str()) { 200 } else { 403 };
            let answer = server.forwarded(method, path, &[("authorization", &bearer)]);
            assert_eq!(answer.status, status, "SP-2: {scope} {method} {path}");
        }
        let half = server.auth("", &[("x-original-method", "GET"), ("authorization", &bearer)]);
        assert_eq!(half.status, 400, "SP-2: {scope}: a gateway that keeps the path to itself");
        let scopes = [("read:entities", scope == "read:entities"), ("mcp.write", scope == "mcp.write")];
        for (asked, held) in scopes {
            assert_eq!(server.verify(issued.secret.expose(), json!({ "scopes": [asked] }))["valid"], held, "SP-2");
        }
    }

    // SP-2: they add up.
    let both = server.key(person(&org), "production", &["hub-protocol.read", "read:entities"]).await;
    let bearer = format!("Bearer {}", both.secret.expose());
    for path in ["/api/hub/documents", "/trpc/entities.list"] {
        assert_eq!(server.forwarded("GET", path, &[("authorization", &bearer)]).status, 200, "SP-2: {path}");
    }
    assert_eq!(server.forwarded("POST", "/api/hub/messages", &[("authorization", &bearer)]).status, 403, "SP-2");

    // SP-3: bundles; full has no MCP.
    let profile = server.store.profile();
    assert_eq!(profile.bundles.len(), 6, "SP-3");
    let full = profile.bundles.iter().find(|bundle| bundle.name == "full").expect("full");
    assert!(full.scopes.len() == 6 && !full.scopes.iter().any(|scope| scope.starts_with("mcp.")), "SP-3");

    // SP-4: Bearer only; the workspace is the owner's, and no other is accepted.
    let key = both.secret.expose();
    assert!(key.starts_with("sk_live_"), "SP-4");
    assert_eq!(server.auth("", &[("x-api-key", key)]).status, 401, "SP-4");
    let passed = server.auth("", &[("authorization", &bearer)]);
    assert_eq!((passed.status, passed.header("x-auth-org-id")), (200, org.id.as_str()), "SP-4: without the header");
    assert_eq!(passed.header("x-auth-app-id"), "", "SP-1: it is no app's");
    let named = |workspace: &str| server.auth("", &[("authorization", &bearer), ("x-workspace-id", workspace)]);
    assert_eq!(named(org.id.as_str()).status, 200, "SP-4");
    let other = server.org("Other", Plan::Starter).await;
    for workspace in [other.id.as_str(), "ws_1", ""] {
        assert_eq!(named(workspace).status, 403, "SP-4: {workspace:?}");
    }
    let two = [("authorization", bearer.as_str()), ("x-workspace-id", org.id.as_str()), ("x-workspace-id", "ws_1")];
    assert_eq!(server.auth("", &two).status, 400, "SP-4: two workspaces");

    // SP-5: limits by tier.
    for (plan, limit) in [(Plan::Starter, 60), (Plan::Pro, 600), (Plan::Enterprise, 6000)] {
        let org = server.org(plan.title(), plan).await;
        let issued = server.key(person(&org), "production", &["chat.stream"]).await;
        let bearer = format!("Bearer {}", issued.secret.expose());
        let passed = server.auth("", &[("authorization", &bearer)]);
        assert_eq!(passed.header("ratelimit-policy"), format!("\"minute\";q={limit};w=60"), "SP-5: {plan:?}");
        assert_eq!(server.verify(issued.secret.expose(), json!({ "cost": limit }))["code"], "rate_limited", "SP-5");
    }

    // SP-7: revoked is 401 at once, as is unknown.
    server.revoke(&both);
    let revoked = server.auth("", &[("authorization", &bearer)]);
    assert_eq!((revoked.status, revoked.header("www-authenticate")), (401, "Bearer realm=\"Synap\""), "SP-7");
    let nobody = format!("Bearer {}", unknown("sk_live_"));
    assert_eq!(server.auth("", &[("authorization", &nobody)]).status, 401, "SP-7");
    server.end().await;
}
