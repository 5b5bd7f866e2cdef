//! Descriptions of properties and parameters that mean the same everywhere. Others are documented where their field
//! is declared.

use serde_json::{Value, json};

const MEANINGS: [(&str, &str); 64] = [
    ("action", "What was done, such as `key.generated`."),
    ("actor_id", "Id of the actor."),
    ("actor_name", "Name of the actor at that time."),
    ("address", "Address of the client; `null` for actions of the server itself."),
    ("app_id", "Id of the app; `null` where there is none."),
    ("approval_id", "Id of the request for approval."),
    ("body_base64", "The body as it was sent, in base64 (RFC 4648, with padding)."),
    ("bundle_id", "Android package or iOS bundle id; `null` if there is none."),
    ("checks", "One entry for each requirement of the server."),
    ("code", "The result in one word; see the list of codes."),
    ("created_at", "When it was created."),
    ("data", "The entries of this part of the list."),
    ("delivery_id", "Id of the delivery."),
    ("description", "Free text; may be empty."),
    ("detail", "One sentence for people."),
    ("details", "More about the event; the fields depend on the action."),
    ("email", "E-mail address of the person."),
    ("environment", "Environment of the key."),
    ("error", "The body for your client, as defined by the profile."),
    ("expires_at", "When the key expires; `null` if it never does."),
    ("has_signing_secret", "Whether the key has a signing secret."),
    ("import_id", "Id of the import."),
    ("invitation_id", "Id of the invitation."),
    ("key_id", "Id of the key."),
    ("kind", "How it came to be: `created` on the page of the account, or `command_line`."),
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
    ("place", "Kind of the place where the role was granted."),
    ("place_id", "Id of the place where the role was granted."),
    ("place_name", "Name of the place where the role was granted."),
    ("plan", "Plan of the organization, which sets the rate limits of its keys."),
    ("project_id", "Id of the project; `null` where there is none."),
    ("rate_limit", "The limit that this key will reach first; `null` if it has no limit."),
    ("ready", "Whether every check passed."),
    ("remaining", "Requests that the limit still allows."),
    ("request_id", "Id of the request, as in `X-Request-Id`."),
    ("revoked_at", "When the key was revoked; `null` if it was not."),
    ("revoked_by", "Name of the person or token that revoked it; `null` if it was not."),
    ("role", "A role, as docs/roles.md lists them."),
    ("roles", "Roles, as docs/roles.md lists them."),
    ("scopes", "Names of the key’s scopes."),
    ("seq", "Number of the event in the log."),
    ("service_account_id", "Id of the service account."),
    ("service_token_id", "Id of the token."),
    ("signature", "Signature of the client’s request, if it was signed."),
    ("since", "Since when."),
    ("status", "Its status."),
    ("target_id", "Id of what was acted on."),
    ("target_kind", "Kind of what was acted on."),
    ("target_name", "Name of what was acted on."),
    ("tenant_id", "Id of the tenant; `null` where there is none."),
    ("time", "When it happened."),
    ("timestamp", "Timestamp header of the signed request: seconds since 1970, as text."),
    ("trust_rule_id", "Id of the trust rule."),
    ("user_id", "Id of the person."),
    ("webhook_id", "Id of the webhook."),
];

/// Descriptions for one schema, if the name alone is not enough.
const PARTICULAR: [(&str, &str, &str); 18] = [
    ("Approval", "kind", "Whether a `key` is to be made, or a `change` of one."),
    ("Approval", "status", "How far it is."),
    ("Event", "app_id", "Id of the app that the event is about; `null` where there is none."),
    ("Event", "user_agent", "`User-Agent` of the client; `null` if it sent none."),
    ("Invitation", "expires_at", "When its link stops working."),
    ("Invitations", "invitations", "One for each address, in the order of the request."),
    ("Key", "status", "The first that applies of revoked, expired, suspended, paused, rotating and active."),
    ("NewServiceToken", "scopes", "What it may do; `read` is always included."),
    ("Problem", "status", "HTTP status of this answer."),
    ("Problem", "title", "Name of the HTTP status."),
    ("Refused", "status", "HTTP status to answer your client with."),
    ("Refused", "valid", "`false`: refuse the request."),
    (
        "ServiceAccount",
        "status",
        "Whether requests with its tokens are answered: `disabled`, `no_role` once its place was deleted, or `stopped` while that \
         is archived or suspended.",
    ),
    ("ServiceToken", "scopes", "What it may do, as far as the role of the account allows."),
    ("Signature", "signature", "Signature header of the signed request: 64 hexadecimal digits."),
    ("Valid", "status", "Always 200."),
    ("Valid", "valid", "`true`: the key is valid for this request."),
    ("WaitingForApproval", "status", "Always `waiting_for_approval`."),
];

/// Properties of a problem that refer to what an earlier request with the same Idempotency-Key created.
const CREATED: [&str; 12] = [
    "org_id",
    "tenant_id",
    "project_id",
    "app_id",
    "invitation_id",
    "approval_id",
    "capability_id",
    "webhook_id",
    "trust_rule_id",
    "service_account_id",
    "service_token_id",
    "key_id",
];

/// Adds missing descriptions to the properties of each schema. Entries of lists refer to their schema by its name.
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
        let text = "With 409: the id, if the earlier request created one of these.";
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
