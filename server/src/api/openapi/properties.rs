//! Descriptions of properties and parameters that mean the same everywhere. Others are documented where their field
//! is declared.

use serde_json::{Value, json};

const MEANINGS: [(&str, &str); 46] = [
    ("action", "What was done, such as `key.generated`."),
    ("actor_id", "Id of the actor."),
    ("actor_name", "Name of the actor at that time."),
    ("address", "Address of the client; `null` for actions of the server itself."),
    ("app_id", "Id of the app; `null` where there is none."),
    ("body_base64", "The body as it was sent, in base64 (RFC 4648, with padding)."),
    ("bundle_id", "Android package or iOS bundle id; `null` if there is none."),
    ("checks", "One entry for each thing that the server needs."),
    ("code", "The result in one word; see the list of codes."),
    ("created_at", "When it was created."),
    ("data", "The entries of this part of the list."),
    ("description", "Free text about it; may be empty."),
    ("detail", "One sentence for people."),
    ("details", "More about the event; the fields depend on the action."),
    ("environment", "Environment of the key."),
    ("error", "The body to show to your client, as the profile says."),
    ("expires_at", "When the key expires; `null` if it never does."),
    ("has_signing_secret", "Whether the key has a signing secret."),
    ("key_id", "Id of the key."),
    ("label", "Label of the key."),
    ("last_used_at", "When a request with the key was last accepted; `null` if never."),
    ("limit", "Requests that the limit allows."),
    ("mode", "`live` or `test`, by the key’s environment."),
    ("name", "Its name, for people."),
    ("ok", "Whether it works."),
    ("org_id", "Id of the organization."),
    ("os", "Operating system of the app."),
    ("outcome", "Whether it was done or refused."),
    ("paused_at", "When the key was paused; `null` if it is not."),
    ("plan", "Plan of the organization, which sets the rate limits of its keys."),
    ("project_id", "Id of the project; `null` where there is none."),
    ("rate_limit", "The limit that this key will reach first; `null` if it has no limit."),
    ("ready", "Whether every check is good."),
    ("remaining", "Requests that are left of it now."),
    ("request_id", "Id of the request, as in `X-Request-Id`."),
    ("revoked_at", "When the key was revoked; `null` if it was not."),
    ("revoked_by", "Name of the person or token that revoked it; `null` if it was not."),
    ("scopes", "Names of the key’s scopes."),
    ("signature", "Signature of the client’s request, if it was signed."),
    ("status", "Status of it."),
    ("target_kind", "Kind of what was acted on."),
    ("target_id", "Id of what was acted on."),
    ("target_name", "Name of what was acted on."),
    ("tenant_id", "Id of the tenant; `null` where there is none."),
    ("time", "When it happened."),
    ("timestamp", "Timestamp header of the signed request: seconds since 1970, as text."),
];

/// Descriptions for one schema, if the name alone is not enough.
const PARTICULAR: [(&str, &str, &str); 10] = [
    ("Event", "app_id", "Id of the app that the event is about; `null` where there is none."),
    ("Event", "user_agent", "`User-Agent` of the client; `null` if it sent none."),
    ("Key", "status", "The first that holds of revoked, expired, suspended, paused and active."),
    ("Problem", "status", "HTTP status of this answer."),
    ("Problem", "title", "Name of the HTTP status."),
    ("Refused", "status", "HTTP status to answer your client with."),
    ("Refused", "valid", "`false`: refuse the request."),
    ("Signature", "signature", "Signature header of the signed request: 64 hexadecimal digits."),
    ("Valid", "status", "Always 200."),
    ("Valid", "valid", "`true`: the key is good for this request."),
];

/// Properties of a problem that refer to what an earlier request with the same Idempotency-Key created.
const CREATED: [&str; 5] = ["org_id", "tenant_id", "project_id", "app_id", "key_id"];

/// Adds missing descriptions to the properties of each schema. Lists get the name of their entries' schema.
pub fn describe(schemas: &mut Value) {
    for (schema, described) in schemas.as_object_mut().into_iter().flatten() {
        if let (Some(one), Some(items)) =
            (schema.strip_prefix("Listed_"), described.pointer_mut("/properties/data/items"))
        {
            *items = json!({ "$ref": format!("#/components/schemas/{one}") });
        }
        let properties = described.get_mut("properties").and_then(Value::as_object_mut);
        for (name, property) in properties.into_iter().flatten() {
            if let (None, Some(meaning)) = (property.get("description"), meaning(schema, name)) {
                property["description"] = json!(meaning);
            }
        }
    }
    for name in CREATED {
        let text = "With 409: id of what the earlier request created, if it was that.";
        schemas["Problem"]["properties"][name] = json!({ "type": "string", "description": text });
    }
}

/// From its schema or, for an id in a path, from the property with the same id.
pub fn describe_parameter(parameter: &mut Value) {
    if parameter.get("description").is_some() {
        return;
    }
    if let Some(text) = parameter.pointer("/schema/description").cloned() {
        parameter["description"] = text;
    } else if let Some(meaning) = parameter["name"].as_str().and_then(|name| meaning("", name)) {
        parameter["description"] = json!(meaning.split(';').next().unwrap_or(meaning).trim_end_matches('.'));
    }
}

fn meaning(schema: &str, name: &str) -> Option<&'static str> {
    let particular = PARTICULAR.iter().find(|(of, property, _)| *of == schema && *property == name);
    let common = MEANINGS.iter().find(|(property, _)| *property == name);
    particular.map(|(.., text)| *text).or(common.map(|(_, text)| *text))
}
