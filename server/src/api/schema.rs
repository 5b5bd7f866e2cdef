//! Schemas written by hand: enums and their descriptions.

use serde_json::Value;
use utoipa::openapi::{
    ObjectBuilder, Type,
    schema::{Object, SchemaType},
};

/// One of these words.
pub fn words<'a>(words: impl IntoIterator<Item = &'a str>) -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).build()
}

/// Adds a description, because utoipa ignores the comment of a field with its own schema.
pub fn about(text: &str, words: Object) -> Object {
    ObjectBuilder::from(words).description(Some(text)).build()
}

/// One of these words, or `null`.
pub fn or_null(mut words: Object) -> Object {
    words.schema_type = SchemaType::from_iter([Type::String, Type::Null]);
    words.enum_values.iter_mut().for_each(|values| values.push(Value::Null));
    words
}
