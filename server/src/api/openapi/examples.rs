//! Complete examples of requests and responses, by the name of their schema.

use sallyport::profile::Profile;
use serde_json::{Map, Value, json};

/// `{environment}`, `{mode}`, `{prefix}` and `{scope}` are replaced by the profile's values.
const TEXT: &str = include_str!("examples.json");

const SCHEMAS: &str = "#/components/schemas/";

pub struct Examples(Map<String, Value>);

impl Examples {
    /// With the values of this profile.
    pub fn of(profile: &Profile) -> Self {
        let environment = profile.environments.first();
        let word = |word: fn(&sallyport::profile::Environment) -> &str| environment.map_or("", word);
        let scopes = match profile.scopes.first() {
            Some(scope) => format!("[\"{}\"]", scope.name),
            None => "[]".to_owned(),
        };
        let text = TEXT
            .replace("{environment}", word(|environment| &environment.name))
            .replace("{mode}", word(|environment| environment.mode.as_str()))
            .replace("{prefix}", word(|environment| &environment.prefix))
            .replace("[\"{scope}\"]", &scopes)
            .replace("{scope}", profile.scopes.first().map_or("", |scope| &scope.name));
        // The names in a profile are letters, digits and a few signs, none of which JSON escapes.
        Self(serde_json::from_str(&text).expect("the file is JSON, a test reads it"))
    }

    /// Adds them to each schema of an operation's bodies.
    pub fn show(&self, operation: &mut Value) {
        if let Some(content) = operation.pointer_mut("/requestBody/content") {
            self.show_content(content);
        }
        for response in operation["responses"].as_object_mut().into_iter().flat_map(|responses| responses.values_mut())
        {
            if let Some(content) = response.get_mut("content") {
                self.show_content(content);
            }
        }
    }

    fn show_content(&self, content: &mut Value) {
        let Some(json) = content.get_mut("application/json") else { return };
        let schema = json["schema"].clone();
        if let Some(one) = name(&schema["items"]).and_then(|name| self.example(name)) {
            json["example"] = json!([one]);
            return;
        }
        let choice = schema["oneOf"].as_array().into_iter().flatten().find(|choice| choice.get("$ref").is_some());
        let Some(name) = name(choice.unwrap_or(&schema)) else { return };
        if name == "Judged" {
            let shown = |name: &str| json!({ "summary": name, "value": self.0[name] });
            json["examples"] = json!({ "valid": shown("Valid"), "refused": shown("Refused") });
        } else if let Some(one) = self.example(name) {
            json["example"] = one;
        }
    }

    fn example(&self, name: &str) -> Option<Value> {
        match name.strip_prefix("Listed_") {
            Some(one) => Some(json!({ "data": [self.0.get(one)?], "next_cursor": null })),
            None => self.0.get(name).cloned(),
        }
    }
}

/// The name of the referenced schema.
fn name(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.strip_prefix(SCHEMAS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_follow_the_profile() {
        let Examples(examples) = Examples::of(&Profile::standard());
        assert_eq!(examples["NewKey"]["environment"], "production");
        assert_eq!(examples["Key"]["shown"], "sk_live_7Hq2…x9Ka");
        assert_eq!(examples["Valid"]["scopes"], json!(["read"]));
    }
}
