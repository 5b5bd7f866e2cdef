//! Schemas of the OpenAPI document, as rows of a table.

use serde_json::Value;

/// A parameter, or a field of a body or a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    pub name: String,
    /// The type for people: `text`, `list of text`, or the allowed words.
    pub kind: String,
    pub required: bool,
    pub says: String,
    pub example: Value,
}

/// Headers of a response.
pub fn headers(document: &Value, headers: &Value) -> Vec<Field> {
    let field = |(name, header): (&String, &Value)| {
        let header = resolved(document, header);
        let (kind, required) = (kind(document, &header["schema"]), header["required"] == true);
        Field { name: name.clone(), kind, required, says: says(header), example: Value::Null }
    };
    headers.as_object().into_iter().flatten().map(field).collect()
}

/// The target of a `$ref`; any other value is returned unchanged.
pub fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let pointer = value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    pointer.and_then(|pointer| document.pointer(pointer)).unwrap_or(value)
}

/// Depth of the nested fields that are shown.
const DEPTH: usize = 2;

/// The fields of an object, with nested ones as `rate_limit.limit` and `data[].key_id`.
pub fn fields(document: &Value, schema: &Value) -> Vec<Field> {
    within(document, schema, "", DEPTH)
}

fn within(document: &Value, schema: &Value, before: &str, depth: usize) -> Vec<Field> {
    let own = own_fields(document, schema);
    let schema = resolved(document, present(schema));
    let with_inner = |field: Field| {
        let property = resolved(document, present(&schema["properties"][&field.name]));
        let (inner, mark) = if property["type"] == "array" { (&property["items"], "[].") } else { (property, ".") };
        let name = format!("{before}{}", field.name);
        let inner = if depth > 0 { within(document, inner, &format!("{name}{mark}"), depth - 1) } else { Vec::new() };
        std::iter::once(Field { name, ..field }).chain(inner)
    };
    own.into_iter().flat_map(with_inner).collect()
}

/// The fields of an object without nested ones, required ones first.
pub fn own_fields(document: &Value, schema: &Value) -> Vec<Field> {
    let schema = resolved(document, present(schema));
    let required = |name: &str| schema["required"].as_array().is_some_and(|list| list.iter().any(|one| one == name));
    let Some(properties) = schema["properties"].as_object() else { return Vec::new() };
    let field = |(name, property): (&String, &Value)| Field {
        name: name.clone(),
        kind: kind(document, property),
        required: required(name),
        says: says(property),
        example: example(document, property),
    };
    let mut fields: Vec<_> = properties.iter().map(field).collect();
    fields.sort_by_key(|field| !field.required);
    fields
}

pub fn parameter(document: &Value, parameter: &Value) -> Field {
    let parameter = resolved(document, parameter);
    Field {
        name: parameter["name"].as_str().unwrap_or_default().to_owned(),
        kind: kind(document, &parameter["schema"]),
        required: parameter["required"] == true,
        says: Some(says(parameter)).filter(|says| !says.is_empty()).unwrap_or_else(|| says(&parameter["schema"])),
        example: Value::Null,
    }
}

fn says(value: &Value) -> String {
    value["description"].as_str().unwrap_or_default().replace('\n', " ")
}

/// The alternatives of a response (`oneOf`), each with its title; a single one if there is no choice.
pub fn answers<'a>(document: &'a Value, schema: &'a Value) -> Vec<(String, &'a Value)> {
    let schema = resolved(document, schema);
    let Some(choices) = schema["oneOf"].as_array() else { return vec![("Answer".to_owned(), schema)] };
    let told = |choice| {
        let choice = resolved(document, choice);
        let means = says(choice);
        (means.split_once(['.', ':']).map_or(means.as_str(), |(means, _)| means).to_owned(), choice)
    };
    choices.iter().map(told).map(|(means, choice)| (format!("Answer: {}", means.to_lowercase()), choice)).collect()
}

/// The schema without the alternative `null`, which the description mentions.
fn present(schema: &Value) -> &Value {
    let choices = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array());
    choices.and_then(|choices| choices.iter().find(|one| one["type"] != "null")).unwrap_or(schema)
}

fn kind(document: &Value, schema: &Value) -> String {
    let schema = resolved(document, present(schema));
    if let Some(words) = schema["enum"].as_array() {
        const SHOWN: usize = 12;
        let words: Vec<_> = words.iter().filter_map(Value::as_str).collect();
        let more = if words.len() > SHOWN { ", …" } else { "" };
        return format!("one of {}{more}", words[..words.len().min(SHOWN)].join(", "));
    }
    let types = match &schema["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
        Value::String(one) => vec![one.as_str()],
        _ => vec!["object"],
    };
    let words = types.iter().map(|one| match *one {
        "string" if schema["format"] == "date-time" => "RFC 3339".to_owned(),
        "string" => "text".to_owned(),
        "integer" => "number".to_owned(),
        "boolean" => "true or false".to_owned(),
        "array" => format!("list of {}", kind(document, &schema["items"])),
        other => other.to_owned(),
    });
    words.collect::<Vec<_>>().join(" or ")
}

fn example(document: &Value, schema: &Value) -> Value {
    let schema = resolved(document, present(schema));
    if !schema["example"].is_null() {
        return schema["example"].clone();
    }
    match (&schema["enum"][0], schema["type"].as_str()) {
        (Value::String(word), _) => word.clone().into(),
        (_, Some("array")) => Value::Array(vec![example(document, &schema["items"])]),
        (_, Some("integer")) => 1.into(),
        (_, Some("boolean")) => true.into(),
        _ => "…".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_schema_becomes_rows() {
        let document = json!({ "components": { "schemas": { "New": {
            "required": ["label"],
            "properties": {
                "expires_at": { "type": ["string", "null"], "format": "date-time", "description": "Some\nday" },
                "label": { "type": "string", "example": "CI" },
                "plan": { "type": "string", "enum": ["starter", "pro"] },
                "scopes": { "type": "array", "items": { "type": "string" } },
            },
        } } } });
        let rows = fields(&document, &json!({ "$ref": "#/components/schemas/New" }));
        let told: Vec<_> = rows.iter().map(|row| (row.name.as_str(), row.kind.as_str(), row.required)).collect();
        let expected = [
            ("label", "text", true),
            ("expires_at", "RFC 3339 or null", false),
            ("plan", "one of starter, pro", false),
            ("scopes", "list of text", false),
        ];
        assert_eq!(told, expected);
        assert_eq!((&rows[0].example, rows[1].says.as_str()), (&json!("CI"), "Some day"));
        assert!(fields(&document, &json!({ "type": "object" })).is_empty());
        let list = json!({ "properties": {
            "data": { "type": "array", "items": { "$ref": "#/components/schemas/New" } },
            "next_cursor": { "type": ["string", "null"] },
        } });
        let names: Vec<_> = fields(&document, &list).into_iter().map(|field| field.name).collect();
        let expected = ["data", "data[].label", "data[].expires_at", "data[].plan", "data[].scopes", "next_cursor"];
        assert_eq!(names, expected);
    }
}
