//! Schemas written by hand: enums and their descriptions.

use utoipa::openapi::{ObjectBuilder, Type, schema::Object};

/// One of these words.
pub fn words<'a>(words: impl IntoIterator<Item = &'a str>) -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).build()
}

/// Adds a description, because utoipa ignores the comment of a field with its own schema.
pub fn about(text: &str, words: Object) -> Object {
    ObjectBuilder::from(words).description(Some(text)).build()
}
