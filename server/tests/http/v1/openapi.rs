//! `/v1/openapi.json`

use std::collections::BTreeSet;

use axum::{body::Body, http::Method};
use serde_json::{Value, json};

use super::isolation::ENDPOINTS;
use crate::{client::Client, portal::TestPortal};

crate::on_both_portals!(
    it_describes_what_there_is,
    every_reference_leads_somewhere,
    what_is_answered_is_described,
    everything_is_described_and_shown,
    it_follows_the_profile,
);

const METHODS: [&str; 8] = ["get", "head", "post", "put", "patch", "delete", "options", "trace"];
const ANY_METHOD: [&str; 2] = ["/v1/auth", "/v1/auth/envoy/{requirement}"];
/// In addition to the management endpoints.
const OTHERS: [(Method, &str); 13] = [
    (Method::GET, "/.well-known/sallyport-audit.json"),
    (Method::GET, "/.well-known/oauth-authorization-server"),
    (Method::POST, "/oauth/device_authorization"),
    (Method::POST, "/oauth/token"),
    (Method::POST, "/oauth/revoke"),
    (Method::GET, "/healthz"),
    (Method::GET, "/readyz"),
    (Method::GET, "/v1/openapi.json"),
    (Method::POST, "/v1/keys/verify"),
    (Method::GET, "/.well-known/jwks.json"),
    (Method::POST, "/v1/capabilities/verify"),
    (Method::POST, "/v1/leaks"),
    (Method::POST, "/v1/token"),
];

async fn document(portal: &TestPortal) -> Value {
    let answer = portal.another().get("/v1/openapi.json").await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/json"));
    answer.json()
}

/// Each of its operations, with its method and path.
fn operations(document: &Value) -> Vec<(Method, String, Value)> {
    let paths = document["paths"].as_object().expect("paths");
    let operations = paths.iter().flat_map(|(path, item)| {
        let item = item.as_object().expect("operations").iter();
        item.map(move |(method, operation)| {
            assert!(METHODS.contains(&method.as_str()), "{path} {method}");
            let method = method.to_uppercase().parse::<Method>().expect("a method");
            (method, path.clone(), operation.clone())
        })
    });
    operations.collect()
}

async fn it_describes_what_there_is(portal: &TestPortal) {
    let document = document(portal).await;
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["servers"], json!([{ "url": "http://127.0.0.1:3000" }]));
    let mut expected: BTreeSet<_> =
        ENDPOINTS.iter().chain(&OTHERS).map(|(method, path)| (method.to_string(), (*path).to_owned())).collect();
    // One operation documents all methods.
    for path in ANY_METHOD {
        expected.insert(("GET".to_owned(), path.to_owned()));
    }
    let operations = operations(&document);
    let described: BTreeSet<_> =
        operations.iter().map(|(method, path, _)| (method.to_string(), path.clone())).collect();
    assert_eq!(described, expected);
    // The router has each of them, and no other methods.
    for (path, _) in document["paths"].as_object().expect("paths") {
        let at = path.replace(['{', '}'], "");
        for method in METHODS.map(str::to_uppercase) {
            let request = Client::request(method.parse().expect("a method"), &at).body(Body::empty());
            let answer = portal.another().send(request.expect("a request")).await;
            // HEAD is GET without its body (RFC 9110 §9.3.2).
            let there = ANY_METHOD.contains(&path.as_str())
                || described.contains(&(method.clone(), path.clone()))
                || method == "HEAD" && described.contains(&("GET".to_owned(), path.clone()));
            assert_eq!(answer.status != 405, there, "{method} {path}: {}", answer.status);
            assert!(!answer.body.contains("There is no such endpoint."), "{method} {path}");
        }
    }
    let ids: BTreeSet<_> = operations.iter().map(|(.., operation)| operation["operationId"].to_string()).collect();
    assert_eq!(ids.len(), operations.len(), "each has a name of its own");
    let tags: Vec<_> = document["tags"].as_array().expect("tags").iter().map(|tag| &tag["name"]).collect();
    for (method, path, operation) in operations {
        assert!(tags.contains(&&operation["tags"][0]), "{method} {path}: an unknown tag");
        assert_eq!(operation["x-any-method"] == true, ANY_METHOD.contains(&path.as_str()), "{method} {path}");
        let id = operation["operationId"].as_str().expect("text");
        assert!(id.starts_with(char::is_lowercase) && id.chars().all(char::is_alphanumeric), "{method} {path}: {id}");
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            assert!(!parameter["description"].is_null(), "{method} {path}: {} has no description", parameter["name"]);
        }
        for field in ["summary", "tags"] {
            assert!(!operation[field].is_null(), "{method} {path} has no {field}");
        }
        let credentials = operation["security"].as_array().expect("said").len();
        let is_for_anybody =
            ["/v1/openapi.json", "/v1/leaks", "/v1/token"].contains(&path.as_str()) || !path.starts_with("/v1/");
        assert_eq!(credentials == 0, is_for_anybody, "{method} {path}");
    }
}

fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(object) => {
            found.extend(object.get("$ref").and_then(Value::as_str));
            object.values().for_each(|value| references(value, found));
        }
        Value::Array(list) => list.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

async fn every_reference_leads_somewhere(portal: &TestPortal) {
    let document = document(portal).await;
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 50);
    for reference in &found {
        let pointer = reference.strip_prefix('#').expect("within");
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let reference = value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    reference.map_or(value, |pointer| document.pointer(pointer).expect("leads somewhere"))
}

/// The fields of a response are exactly those of its schema.
fn fits(document: &Value, schema: &Value, value: &Value, place: &str) {
    let schema = resolved(document, schema);
    let Some(properties) = schema["properties"].as_object() else { return };
    let required = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
    let value = value.as_object().unwrap_or_else(|| panic!("{place} is no object"));
    for (name, value) in value {
        let schema = properties.get(name).unwrap_or_else(|| panic!("{place}.{name} is not described"));
        if let Some(list) = value.as_array() {
            list.iter().for_each(|value| fits(document, &schema["items"], value, &format!("{place}.{name}[]")));
        }
    }
    for name in required {
        assert!(value.contains_key(name.as_str().expect("text")), "{place}.{name} is missing");
    }
}

async fn what_is_answered_is_described(portal: &TestPortal) {
    let document = document(portal).await;
    let token = portal.token(true, None).await;
    let of_person = portal.personal_token(&portal.store.person("Ada").await, "Laptop").await.1;
    let [org, tenant, project, app] = portal.managed(&token).await;
    let key = json!({ "label": "CI", "environment": "production", "scopes": ["read"] });
    let issued = portal.json(&format!("/v1/apps/{app}/keys"), &token, &key).await.json();
    let of = sallyport::id::AppId::parse(&app).expect("an id");
    let of_org = sallyport::id::OrgId::parse(&org).expect("an id");
    let (approval, import) = (portal.waiting(&of).await.to_string(), portal.import(&of).await.to_string());
    let ids =
        [("approval_id", approval), ("org_id", org), ("tenant_id", tenant), ("project_id", project), ("app_id", app)];
    let ids = ids.into_iter().chain([("key_id", issued["key_id"].as_str().expect("text").to_owned())]);
    let (webhook, delivery) = portal.webhook(&of_org).await;
    let ids = ids.chain([("webhook_id", webhook.to_string()), ("delivery_id", delivery.to_string())]);
    let (account, service_token, _) = portal.service_account(&of_org).await;
    let ids =
        ids.chain([("service_account_id", account.id.to_string()), ("service_token_id", service_token.id.to_string())]);
    let ids = ids.chain([("trust_rule_id", portal.trust_rule(&of).await.to_string())]);
    let ids = ids.chain([("seq", "1".to_owned()), ("import_id", import)]);
    let ids: Vec<_> = ids.collect();
    let mut compared = 0;
    for (method, path, operation) in operations(&document) {
        if method != Method::GET || !path.starts_with("/v1/") || path.starts_with("/v1/auth") {
            continue;
        }
        let at = ids.iter().fold(path.clone(), |path, (name, id)| path.replace(&format!("{{{name}}}"), id));
        // Root tokens belong to no person.
        let token = if path == "/v1/me" { &of_person } else { &token };
        let answer = portal.manage(&at, token, None).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        let content = operation["responses"]["200"]["content"].as_object().expect("described");
        // A checkpoint is text, and counts for spreadsheets are CSV.
        let Some(json) = content.get("application/json") else {
            let is_described = content.keys().any(|kind| answer.header("content-type").starts_with(kind.as_str()));
            assert!(is_described, "{path}: {}", answer.header("content-type"));
            continue;
        };
        fits(&document, &json["schema"], &answer.json(), &path);
        compared += 1;
    }
    assert!(compared >= 11, "{compared} answers were compared");
    fits(&document, &json!({ "$ref": "#/components/schemas/IssuedKey" }), &issued, "IssuedKey");
    let wrong = portal.json("/v1/orgs", &token, &json!({})).await.json();
    fits(&document, &json!({ "$ref": "#/components/schemas/Problem" }), &wrong, "Problem");
    let judged = portal.json("/v1/keys/verify", &token, &json!({ "key": issued["secret_key"] })).await.json();
    fits(&document, &json!({ "$ref": "#/components/schemas/Valid" }), &judged, "Valid");
    let refused = portal.json("/v1/keys/verify", &token, &json!({ "key": "junk" })).await.json();
    fits(&document, &json!({ "$ref": "#/components/schemas/Refused" }), &refused, "Refused");
}

async fn everything_is_described_and_shown(portal: &TestPortal) {
    let document = document(portal).await;
    let ids: Vec<_> =
        operations(&document).into_iter().map(|(.., operation)| operation["operationId"].clone()).collect();
    for id in ["verifyKey", "createKey", "listKeys", "revokeKey", "listApps"] {
        assert!(ids.contains(&json!(id)), "{id} is missing");
    }
    for (name, schema) in document["components"]["schemas"].as_object().expect("schemas") {
        for (property, described) in schema["properties"].as_object().into_iter().flatten() {
            let text = described["description"].as_str().unwrap_or_default();
            assert!(!text.is_empty(), "{name}.{property} has no description");
        }
    }
    let mut shown = 0;
    for (method, path, operation) in operations(&document) {
        let answers = operation["responses"].as_object().expect("responses").values();
        let answers = answers.map(|answer| &resolved(&document, answer)["content"]);
        for content in answers.chain([&operation["requestBody"]["content"]]) {
            let content = &content["application/json"];
            let schema = resolved(&document, &content["schema"]);
            if schema["properties"].is_null() && schema["oneOf"].is_null() {
                continue;
            }
            let many = content["examples"].as_object().into_iter().flatten().map(|(_, example)| &example["value"]);
            let all: Vec<_> = content.get("example").into_iter().chain(many).collect();
            assert!(!all.is_empty(), "{method} {path}: a body without an example");
            for example in &all {
                fits(&document, schema, example, &format!("{method} {path}"));
            }
            shown += all.len();
        }
    }
    assert!(shown >= 30, "{shown} examples");
}

async fn it_follows_the_profile(portal: &TestPortal) {
    let document = document(portal).await;
    let new = &document["components"]["schemas"]["NewKey"]["properties"];
    let profile = portal.store.profile();
    let environments: Vec<_> = profile.environments.iter().map(|environment| environment.name.as_str()).collect();
    let scopes: Vec<_> = profile.scopes.iter().map(|scope| scope.name.as_str()).collect();
    assert_eq!(new["environment"]["enum"], json!(environments));
    assert_eq!(new["scopes"]["items"]["enum"], json!(scopes));
    assert_eq!(document["components"]["securitySchemes"]["key_x_api_key"]["name"], "x-api-key");
}
