//! The credentials of a key that was just created or rotated: to a file or to standard output, and nowhere else.

use std::{io, path::PathBuf};

use serde_json::Value;
use zeroize::Zeroizing;

use super::{
    key_output::KeyOutput,
    show::{json_text, print_one, text, text_or},
};
use crate::cli::table::harmless;

/// The fields of the credentials JSON, as the portal's download has them.
const CREDENTIALS: [&str; 6] = ["org_id", "tenant_id", "project_id", "app_id", "secret_key", "signing_secret"];
const SECRETS: [&str; 2] = ["secret_key", "signing_secret"];

/// Where they go. It is opened before the request, so that a wrong path changes nothing.
pub struct Delivery {
    output: KeyOutput,
    path: Option<PathBuf>,
    json: bool,
}

impl Delivery {
    pub fn open(path: Option<PathBuf>, json: bool) -> Result<Self, String> {
        Ok(Self { output: KeyOutput::open(path.as_deref())?, path, json })
    }

    pub fn write(&mut self, key: &Value) -> io::Result<()> {
        // With --json and no file, everything is printed together.
        let is_whole = self.json && self.path.is_none();
        let credentials = Zeroizing::new(json_text(&if is_whole { key.clone() } else { credentials(key) }));
        self.output.write(&credentials)
    }

    /// Says what was written where, without the secrets.
    pub fn finish(self, mut key: Value) -> Result<(), String> {
        note!(
            "Key {} ({}). Its secrets are not shown again.",
            harmless(&text(&key, "key_id")),
            harmless(&text(&key, "label"))
        );
        if let Some(until) = key.get("previous_expires_at") {
            match until.as_str() {
                Some(until) => note!("The old secret is accepted until {}.", harmless(until)),
                None => note!("The old secret is refused from now on."),
            }
        }
        let Some(path) = self.path else { return Ok(()) };
        for secret in SECRETS {
            key.as_object_mut().map(|fields| fields.remove(secret));
        }
        let fields = [
            ("Credentials", path.display().to_string()),
            ("Key", text(&key, "label")),
            ("ID", text(&key, "key_id")),
            ("Environment", format!("{} ({})", text(&key, "environment"), text(&key, "mode"))),
            ("Scopes", text(&key, "scopes")),
            ("Expires", text_or(&key, "expires_at", "never")),
        ];
        print_one(&key, self.json, &fields)
    }
}

fn credentials(key: &Value) -> Value {
    let fields = CREDENTIALS.iter().filter_map(|name| Some(((*name).to_owned(), key.get(name)?.clone())));
    Value::Object(fields.collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn credentials_are_the_fields_of_the_download() {
        let key = json!({
            "org_id": "org_a",
            "tenant_id": null,
            "project_id": null,
            "app_id": null,
            "secret_key": "sk_live_1",
            "key_id": "key_1",
            "label": "CI",
        });
        let expected = json!({ "org_id": "org_a", "tenant_id": null, "project_id": null, "app_id": null, "secret_key": "sk_live_1" });
        assert_eq!(credentials(&key), expected, "no signing secret, no field");
    }
}
