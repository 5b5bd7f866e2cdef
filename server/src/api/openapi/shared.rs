//! What endpoints have in common: who may call, how they refuse, and the words of the profile.

use sallyport::profile::Profile;
use serde_json::{Map, Value, json};

/// A gateway sends on whatever method the client used.
const ANY: [&str; 7] = ["post", "put", "patch", "delete", "head", "options", "trace"];

pub fn complete(document: &mut Value, profile: &Profile) {
    let components = &mut document["components"];
    components["responses"] = responses();
    components["headers"] = headers();
    components["securitySchemes"] = schemes(profile);
    let new = &mut components["schemas"]["NewKey"]["properties"];
    new["environment"]["enum"] = profile.environments.iter().map(|environment| environment.name.as_str()).collect();
    let scopes: Value = profile.scopes.iter().map(|scope| scope.name.as_str()).collect();
    if !profile.scopes.is_empty() {
        new["scopes"]["items"]["enum"] = scopes;
        new["scopes"]["example"] = json!([profile.scopes[0].name]);
    }
    new["environment"]["example"] = json!(profile.environments.first().map(|environment| &environment.name));

    let Some(paths) = document["paths"].as_object_mut() else { return };
    for (path, item) in paths {
        let Some(operations) = item.as_object_mut() else { continue };
        for (method, operation) in operations.iter_mut() {
            shared(path, method, operation, profile);
        }
        if path.starts_with("/v1/auth") {
            any_method(operations);
        }
    }
}

/// Writes into an operation what others of its kind have too.
fn shared(path: &str, method: &str, operation: &mut Value, profile: &Profile) {
    let name = operation_id(path, method);
    operation["operationId"] = json!(name);
    let makes = operation["responses"].get("201").is_some();
    let takes = operation.get("requestBody").is_some();
    let finds = path.contains('{');
    let statuses: &[(&str, bool)] = if path.starts_with("/v1/auth") {
        operation["security"] = profile_security(profile);
        for status in ["400", "401", "403", "408", "413", "429", "503"] {
            operation["responses"][status] = json!({ "$ref": format!("#/components/responses/Shown{status}") });
        }
        operation["responses"]["200"]["headers"] = identity();
        &[]
    } else if !path.starts_with("/v1/") || path == "/v1/openapi.json" {
        operation["security"] = json!([]);
        &[]
    } else {
        let manages = path != "/v1/keys/verify";
        let by_key = manages && profile.managing_scope().is_some();
        let ways = [Some("root_token"), by_key.then_some("managing_key")];
        operation["security"] = ways.into_iter().flatten().map(|way| json!({ way: [] })).collect();
        &[
            ("400", true),
            ("401", true),
            ("403", manages),
            ("404", finds),
            ("408", takes),
            ("409", makes),
            ("413", takes),
            ("415", takes),
            ("422", takes),
            ("429", true),
            ("503", true),
        ]
    };
    for (status, _) in statuses.iter().filter(|(_, there)| *there) {
        operation["responses"][*status] = json!({ "$ref": format!("#/components/responses/Problem{status}") });
    }
    if makes {
        let header = json!({
            "name": "Idempotency-Key", "in": "header", "required": false,
            "description": "A name of your own for this request. Sent again under it, nothing more is made: the answer \
                is 409, with the id of what was made.",
            "schema": { "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!#-~]+$" },
        });
        let parameters = operation.as_object_mut().map(|operation| operation.entry("parameters").or_insert(json!([])));
        if let Some(Value::Array(parameters)) = parameters {
            parameters.push(header);
        }
        operation["responses"]["201"]["headers"]["Location"] = json!({ "$ref": "#/components/headers/Location" });
    }
    let Some(responses) = operation["responses"].as_object_mut() else { return };
    for (_, response) in responses.iter_mut().filter(|(_, response)| response.get("$ref").is_none()) {
        response["headers"]["X-Request-Id"] = json!({ "$ref": "#/components/headers/X-Request-Id" });
        if response["description"].as_str().unwrap_or_default().is_empty() {
            response["description"] = json!("Done");
        }
    }
}

/// `get_v1_orgs_org_id_tenants`: what clients made from this call their functions.
fn operation_id(path: &str, method: &str) -> String {
    let words = path.split(|character: char| !character.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    std::iter::once(method).chain(words).collect::<Vec<_>>().join("_")
}

fn any_method(operations: &mut Map<String, Value>) {
    let Some(get) = operations.get("get").cloned() else { return };
    for method in ANY {
        let mut operation = get.clone();
        let name = get["operationId"].as_str().unwrap_or_default();
        operation["operationId"] = json!(name.replacen("get", method, 1));
        operations.insert(method.to_owned(), operation);
    }
}

fn responses() -> Value {
    let problem = json!({ "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } });
    // The profile says how a refused client is told; nginx is told in headers.
    let shown = json!({ "application/problem+json": { "schema": {} }, "application/json": { "schema": {} } });
    let mut responses = Map::new();
    for (status, description) in [
        ("400", "It can’t be read: no JSON, an unknown parameter, a header that is too long"),
        ("401", "No credential, or not one that lives"),
        ("403", "The caller may not do this, or it is archived"),
        ("404", "There is no such thing within the caller’s reach"),
        ("408", "The body did not come within 20 seconds"),
        ("409", "This request was answered before, under the same Idempotency-Key; what it made is named"),
        ("413", "The body is larger than 256 KiB"),
        ("415", "The body is no JSON"),
        ("422", "A field is wrong: `errors` names each"),
        (
            "429",
            "The limit of the managing API key is used up, or too many unknown root tokens came from this address: wait as long as Retry-After says",
        ),
        ("503", "Nothing can be said right now; refuse, and try again after `Retry-After` seconds"),
    ] {
        let described = json!({ "description": description, "content": problem, "headers": of_refusal(status) });
        responses.insert(format!("Problem{status}"), described);
    }
    for (status, description) in [
        ("400", "The gateway is not set up well: an unknown requirement, two keys"),
        ("401", "No key, or not one that is good"),
        ("403", "The key is good, but not for this request"),
        ("408", "The body that a signature is of did not come within 20 seconds"),
        ("413", "The body is larger than what can be checked"),
        ("429", "Too many requests with this key"),
        ("503", "Nothing can be said right now; refuse, and try again after `Retry-After` seconds"),
    ] {
        let mut described = json!({ "description": description, "headers": of_refusal(status) });
        // With gateway=nginx every refusal is a 403 without a body.
        if status != "403" {
            described["content"] = shown.clone();
        }
        responses.insert(format!("Shown{status}"), described);
    }
    Value::Object(responses)
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

fn headers() -> Value {
    let text = |description: &str| json!({ "description": description, "schema": { "type": "string" } });
    json!({
        "X-Request-Id": text("Names this request, in the log too"),
        "WWW-Authenticate": text("How to authenticate"),
        "Location": text("Where what was made is read"),
        "Retry-After": { "description": "Seconds to wait", "schema": { "type": "integer", "minimum": 0 } },
    })
}

/// Who the key speaks for, for the upstream behind the gateway.
fn identity() -> Value {
    let names = ["Key-Id", "Org-Id", "Tenant-Id", "Project-Id", "App-Id", "Scopes", "Environment", "Mode"];
    let headers = names.map(|name| (format!("X-Auth-{name}"), json!({ "schema": { "type": "string" } })));
    Value::Object(headers.into_iter().collect())
}

fn schemes(profile: &Profile) -> Value {
    let mut schemes = json!({
        "root_token": {
            "type": "http", "scheme": "bearer",
            "description": "A root token, `sp_root_…`: made with `sallyport token create`, with `--manage` for more than verifying.",
        },
    });
    for name in &profile.credentials.headers {
        schemes[scheme_of(name)] =
            json!({ "type": "apiKey", "in": "header", "name": name, "description": "An API key." });
    }
    if profile.credentials.bearer {
        schemes["key_bearer"] = json!({ "type": "http", "scheme": "bearer", "description": "An API key." });
    }
    if profile.managing_scope().is_some() {
        schemes["managing_key"] = json!({
            "type": "http", "scheme": "bearer",
            "description": "An API key of real data whose scope manages its organization; it reaches that one alone.",
        });
    }
    if let Some(name) = &profile.credentials.query {
        schemes["key_query"] = json!({ "type": "apiKey", "in": "query", "name": name, "description": "An API key." });
    }
    schemes
}

fn scheme_of(header: &str) -> String {
    format!("key_{}", header.replace('-', "_"))
}

/// In any of the places where the profile reads a key.
fn profile_security(profile: &Profile) -> Value {
    let credentials = &profile.credentials;
    let mut ways: Vec<_> = credentials.headers.iter().map(|name| scheme_of(name)).collect();
    ways.extend(credentials.bearer.then(|| "key_bearer".to_owned()));
    ways.extend(credentials.query.as_ref().map(|_| "key_query".to_owned()));
    ways.into_iter().map(|way| Value::Object([(way, json!([]))].into_iter().collect())).collect()
}
