//! Complete examples of an endpoint's responses, from the OpenAPI document.

use axum::http::StatusCode;
use serde_json::Value;

use super::field::resolved;

/// One refusal is shown: the first of these that the endpoint has, as it says most about the request.
const REFUSALS: [&str; 4] = ["422", "404", "403", "401"];

/// Status and body of the examples: of success, and of one refusal.
pub fn examples(document: &Value, operation: &Value) -> Vec<(String, String)> {
    let responses = &operation["responses"];
    let good = responses.as_object().into_iter().flatten().filter(|(status, _)| status.starts_with('2'));
    let mut shown: Vec<_> =
        good.flat_map(|(status, response)| good_examples(status, resolved(document, response))).collect();
    let refusal = REFUSALS.iter().find_map(|status| {
        let response = resolved(document, &responses[status]);
        let example = &response["content"]["application/problem+json"]["example"];
        (!example.is_null()).then(|| (title(status), pretty(example)))
    });
    shown.extend(refusal);
    shown
}

fn good_examples(status: &str, response: &Value) -> Vec<(String, String)> {
    let content = &response["content"]["application/json"];
    if let Some(several) = content["examples"].as_object() {
        let one =
            |(name, example): (&String, &Value)| (format!("{}, {name}", title(status)), pretty(&example["value"]));
        let mut several: Vec<_> = several.iter().map(one).collect();
        // The success comes first.
        several.sort_by_key(|(name, _)| !name.ends_with("valid"));
        return several;
    }
    if let Some(file) = response["content"]["text/csv"]["example"].as_str() {
        return vec![(title(status), file.to_owned())];
    }
    match &content["example"] {
        Value::Null if content.is_null() => vec![(title(status), "(no body)".to_owned())],
        // A schema without an example: its fields are shown instead.
        Value::Null => Vec::new(),
        example => vec![(title(status), pretty(example))],
    }
}

/// "201 Created".
fn title(status: &str) -> String {
    let reason = status.parse::<u16>().ok().and_then(|number| StatusCode::from_u16(number).ok());
    match reason.and_then(|status| status.canonical_reason()) {
        Some(reason) => format!("{status} {reason}"),
        None => status.to_owned(),
    }
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_answered_and_one_refusal() {
        let problem =
            |code: &str| json!({ "content": { "application/problem+json": { "example": { "code": code } } } });
        let document = json!({ "components": { "responses": { "Problem404": problem("not_found"), "Problem401": problem("unauthorized") } } });
        let reference = |name: &str| json!({ "$ref": format!("#/components/responses/{name}") });
        let operation = json!({ "responses": {
            "201": { "content": { "application/json": { "example": { "key_id": "key_x" } } } },
            "401": reference("Problem401"),
            "404": reference("Problem404"),
        } });
        let shown = examples(&document, &operation);
        let expected =
            [("201 Created", "{\n  \"key_id\": \"key_x\"\n}"), ("404 Not Found", "{\n  \"code\": \"not_found\"\n}")];
        assert_eq!(shown, expected.map(|(title, body)| (title.to_owned(), body.to_owned())));
    }

    #[test]
    fn several_answers_and_none() {
        let several = json!({ "refused": { "value": { "valid": false } }, "valid": { "value": { "valid": true } } });
        let operation =
            json!({ "responses": { "200": { "content": { "application/json": { "examples": several } } } } });
        let names: Vec<_> = examples(&json!({}), &operation).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["200 OK, valid", "200 OK, refused"]);
        let empty = json!({ "responses": { "200": { "description": "The key is good" } } });
        assert_eq!(examples(&json!({}), &empty), [("200 OK".to_owned(), "(no body)".to_owned())]);
    }
}
