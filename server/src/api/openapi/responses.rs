//! Error responses and headers that endpoints share.

use serde_json::{Map, Value, json};

/// Statuses of problem documents, with code and description.
const PROBLEMS: [(&str, &str, &str); 11] = [
    ("400", "bad_request", "The request is malformed: invalid JSON, an unknown parameter, or an invalid header"),
    ("401", "unauthorized", "Missing or revoked credential"),
    ("403", "forbidden", "The caller may not do this, or the resource is archived"),
    ("404", "not_found", "It does not exist, or the caller may not see it"),
    ("408", "timeout", "The body did not arrive in time"),
    (
        "409",
        "already_made",
        "A request with this Idempotency-Key was answered before; the response has the id of what it created",
    ),
    ("413", "too_large", "The body is larger than 256 KiB"),
    ("415", "unsupported_media_type", "The body is not JSON"),
    ("422", "invalid", "A field is invalid; `errors` has an entry for each"),
    (
        "429",
        "rate_limited",
        "The limit of the managing API key is used up, or too many unknown root tokens came from this address: wait as \
         long as Retry-After says",
    ),
    (
        "503",
        "unavailable",
        "Keys can’t be checked right now: refuse your client, and try again after `Retry-After` seconds",
    ),
];

/// Responses that a gateway passes on to its client, formatted according to the profile.
const SHOWN: [(&str, &str); 7] = [
    ("400", "The gateway is misconfigured (an unknown requirement), or the request has two keys"),
    ("401", "Missing, unknown, expired or revoked key"),
    ("403", "The key is valid, but not for this request"),
    ("408", "The signed body did not arrive in time"),
    ("413", "The body is larger than what can be checked"),
    ("429", "Too many requests with this key"),
    ("503", "Keys can’t be checked right now: refuse the client, and try again after `Retry-After` seconds"),
];

pub fn responses() -> Value {
    // The profile defines the format; nginx gets the body in headers.
    let shown = json!({ "application/problem+json": { "schema": {} }, "application/json": { "schema": {} } });
    let mut responses = Map::new();
    for (status, code, description) in PROBLEMS {
        let content = json!({ "application/problem+json": {
            "schema": { "$ref": "#/components/schemas/Problem" },
            "example": example(status, code, description),
        } });
        let described = json!({ "description": description, "content": content, "headers": of_refusal(status) });
        responses.insert(format!("Problem{status}"), described);
    }
    for (status, description) in SHOWN {
        let mut described = json!({ "description": description, "headers": of_refusal(status) });
        // With gateway=nginx every refusal is a 403 without a body.
        if status != "403" {
            described["content"] = shown.clone();
        }
        responses.insert(format!("Shown{status}"), described);
    }
    Value::Object(responses)
}

fn example(status: &str, code: &str, description: &str) -> Value {
    let number: u16 = status.parse().unwrap_or_default();
    let title = axum::http::StatusCode::from_u16(number).ok().and_then(|status| status.canonical_reason());
    let mut problem = json!({
        "type": "about:blank", "title": title, "status": number, "code": code, "detail": format!("{description}."),
        "request_id": "req_5wQm2hVdK8sLp0aZ3xYc",
    });
    match status {
        "409" => problem["key_id"] = json!("key_7Hq2aB3cD4eF5gH6"),
        "422" => {
            problem["detail"] = json!("Give the key a label.");
            problem["errors"] = json!([{ "pointer": "/label", "detail": "Give the key a label." }]);
        }
        _ => {}
    }
    problem
}

fn of_refusal(status: &str) -> Value {
    let header = |name: &str| json!({ "$ref": format!("#/components/headers/{name}") });
    let mut headers = json!({ "X-Request-Id": header("X-Request-Id") });
    match status {
        "401" => headers["WWW-Authenticate"] = header("WWW-Authenticate"),
        "429" | "503" => headers["Retry-After"] = header("Retry-After"),
        _ => {}
    }
    headers
}

pub fn headers() -> Value {
    let text = |description: &str| json!({ "description": description, "schema": { "type": "string" } });
    json!({
        "X-Request-Id": text("Id of this request, also in the log"),
        "WWW-Authenticate": text("How to authenticate"),
        "Location": text("Path of the created resource"),
        "Retry-After": { "description": "Seconds to wait", "schema": { "type": "integer", "minimum": 0 } },
    })
}

/// The key's identity, for the upstream behind the gateway.
pub fn identity() -> Value {
    let names = [
        ("Key-Id", "Id of the key"),
        ("Org-Id", "Organization of the key"),
        ("Tenant-Id", "Tenant of the key’s app; absent if the key belongs to no app"),
        ("Project-Id", "Project of the key’s app; absent if the key belongs to no app"),
        ("App-Id", "App of the key; absent if the key belongs to no app"),
        ("Scopes", "Scopes of the key, separated by spaces"),
        ("Environment", "Environment of the key"),
        ("Mode", "`live` or `test`"),
        ("Secret", "`current`, or `previous` for the old secret of a key that is being rotated"),
    ];
    let headers = names
        .map(|(name, text)| (format!("X-Auth-{name}"), json!({ "description": text, "schema": { "type": "string" } })));
    Value::Object(headers.into_iter().collect())
}
