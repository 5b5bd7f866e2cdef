//! Credentials: root tokens, personal tokens, and keys as the profile allows them.

use sallyport::profile::Profile;
use serde_json::{Value, json};

pub fn schemes(profile: &Profile) -> Value {
    let mut schemes = json!({
        "root_token": {
            "type": "http", "scheme": "bearer",
            "description": "A root token, `sp_root_…`: created by `sallyport token create`. It can verify keys; with `--manage` it can also use the management endpoints.",
        },
        "personal_token": {
            "type": "http", "scheme": "bearer",
            "description": "A personal token, `sp_pat_…`: created on the page of the account, or by `sallyport login`. It can do what its person’s roles and its scopes allow.",
        },
        "service_token": {
            "type": "http", "scheme": "bearer",
            "description": "A token of a service account, `sp_svc_…`: made on the account’s page, or with a root token. It can do what the account’s role and its scopes allow.",
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
            "description": "A live API key with the scope that manages its organization; it can access only that organization.",
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

/// In any place where the profile allows a key.
pub fn of_keys(profile: &Profile) -> Value {
    let credentials = &profile.credentials;
    let mut ways: Vec<_> = credentials.headers.iter().map(|name| scheme_of(name)).collect();
    ways.extend(credentials.bearer.then(|| "key_bearer".to_owned()));
    ways.extend(credentials.query.as_ref().map(|_| "key_query".to_owned()));
    ways.into_iter().map(|way| Value::Object([(way, json!([]))].into_iter().collect())).collect()
}
