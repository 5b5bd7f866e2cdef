//! What endpoints have in common: credentials, errors, and the profile's terms.

use sallyport::profile::Profile;
use serde_json::{Value, json};

use super::{examples::Examples, properties, responses, schemes};

/// In this order; the page `/docs` groups by them.
const TAGS: [(&str, &str); 18] = [
    ("Verification", "Check whether a key is valid for a request: from a backend, or from a gateway."),
    ("Organizations", "Organizations own everything below them."),
    ("Tenants", "Separate parts of an organization."),
    ("Projects", "Projects of a tenant."),
    ("Apps", "Apps of a project. API keys act for them."),
    ("Members", "People with roles in an organization, a tenant or a project."),
    (
        "Service accounts",
        "Members that are no people: automation acts with their tokens, which end within a year and can be several.",
    ),
    ("Keys", "API keys: issue, list, read, change and revoke them."),
    (
        "Rules for keys",
        "What an organization demands of its keys, and requests that wait for the approval of another person.",
    ),
    (
        "Trust rules",
        "Short-lived keys for CI jobs, which need no stored key: an ID token is exchanged for one (RFC 8693).",
    ),
    ("Rotation", "Another secret for a key; the old one is accepted for a while."),
    ("Capability tokens", "Signed tokens that let an app use modules and channels for a subject."),
    ("Leaks", "Keys that somebody has who should not: anybody who has all of one may report it."),
    ("Webhooks", "Endpoints that are told what happens, and what was sent to them."),
    ("Usage", "How often keys were used, with which result."),
    ("Activity", "The activity log of an organization."),
    ("Sign-in", "A command line signs in: the OAuth 2.0 device authorization grant (RFC 8628)."),
    ("Service", "The health of the server, and this description."),
];

/// Adds what many endpoints have in common.
pub fn complete(document: &mut Value, profile: &Profile) {
    let examples = Examples::of(profile);
    document["tags"] = TAGS.iter().map(|(name, text)| json!({ "name": name, "description": text })).collect();
    let components = &mut document["components"];
    components["responses"] = responses::responses();
    components["headers"] = responses::headers();
    components["securitySchemes"] = schemes::schemes(profile);
    properties::describe(&mut components["schemas"]);
    let new = &mut components["schemas"]["NewKey"]["properties"];
    new["environment"]["enum"] = profile.environments.iter().map(|environment| environment.name.as_str()).collect();
    let scopes: Value = profile.scopes.iter().map(|scope| scope.name.as_str()).collect();
    if !profile.scopes.is_empty() {
        new["scopes"]["items"]["enum"] = scopes.clone();
        new["scopes"]["example"] = json!([profile.scopes[0].name]);
    }
    new["environment"]["example"] = json!(profile.environments.first().map(|environment| &environment.name));
    if !profile.scopes.is_empty() {
        components["schemas"]["KeyUpdate"]["properties"]["scopes"]["items"]["enum"] = scopes;
    }

    let Some(paths) = document["paths"].as_object_mut() else { return };
    for (path, item) in paths {
        for operation in item.as_object_mut().into_iter().flat_map(|operations| operations.values_mut()) {
            shared(path, operation, profile);
            examples.show(operation);
        }
    }
}

/// Adds to an operation what all of its kind have.
fn shared(path: &str, operation: &mut Value, profile: &Profile) {
    let made = ["201", "202"].into_iter().find(|status| operation["responses"].get(status).is_some());
    // A change of a key that waits for an approval is no creation.
    let made = made.filter(|made| *made == "201" || path.ends_with("/imports"));
    let makes = made.is_some();
    let takes = operation.get("requestBody").is_some();
    let finds = path.contains('{');
    let statuses: &[(&str, bool)] = if path.starts_with("/v1/auth") {
        operation["x-any-method"] = json!(true);
        operation["security"] = schemes::of_keys(profile);
        for status in ["400", "401", "403", "408", "413", "429", "503"] {
            operation["responses"][status] = json!({ "$ref": format!("#/components/responses/Shown{status}") });
        }
        operation["responses"]["200"]["headers"] = responses::identity();
        &[]
    } else if !path.starts_with("/v1/") || ["/v1/openapi.json", "/v1/token"].contains(&path) {
        operation["security"] = json!([]);
        &[]
    } else if path == "/v1/leaks" {
        operation["security"] = json!([]);
        &[("400", true), ("401", true), ("408", true), ("413", true), ("429", true), ("503", true)]
    } else {
        let manages = !["/v1/keys/verify", "/v1/capabilities/verify"].contains(&path);
        let by_key = manages && profile.managing_scope().is_some();
        let of_roles = ["personal_token", "service_token"].map(|way| manages.then_some(way));
        let ways = [Some("root_token")].into_iter().chain(of_roles).chain([by_key.then_some("managing_key")]);
        operation["security"] = ways.flatten().map(|way| json!({ way: [] })).collect();
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
    if let Some(made) = made {
        let header = json!({
            "name": "Idempotency-Key", "in": "header", "required": false,
            "description": "A unique name for this request. A repetition with the same name creates nothing: it is \
                answered 409, with the id of what the first one created.",
            "schema": { "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!#-~]+$" },
        });
        let parameters = operation.as_object_mut().map(|operation| operation.entry("parameters").or_insert(json!([])));
        if let Some(Value::Array(parameters)) = parameters {
            parameters.push(header);
        }
        // Several invitations have no address together, and tokens are not stored.
        if !path.ends_with("/invitations") && !path.ends_with("/capabilities") {
            operation["responses"][made]["headers"]["Location"] = json!({ "$ref": "#/components/headers/Location" });
        }
    }
    let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
    parameters.into_iter().flatten().for_each(properties::describe_parameter);
    let Some(responses) = operation["responses"].as_object_mut() else { return };
    for (_, response) in responses.iter_mut().filter(|(_, response)| response.get("$ref").is_none()) {
        response["headers"]["X-Request-Id"] = json!({ "$ref": "#/components/headers/X-Request-Id" });
        if response["description"].as_str().unwrap_or_default().is_empty() {
            response["description"] = json!("Done");
        }
    }
}
