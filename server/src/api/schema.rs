//! Schemas that are written by hand: words of which one is taken, and what they are for.

use utoipa::openapi::{ObjectBuilder, Type, schema::Object};

/// One of these words.
pub fn words<'a>(words: impl IntoIterator<Item = &'a str>) -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).build()
}

/// With a description, which utoipa does not read from the comment where a schema is given.
pub fn about(text: &str, words: Object) -> Object {
    ObjectBuilder::from(words).description(Some(text)).build()
}
