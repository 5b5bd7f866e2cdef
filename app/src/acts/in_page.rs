use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

/// A value that only a page's own response may contain, such as a secret. It can't be serialized, so an act that
/// returns one can't respond over HTTP, even if it is mounted.
#[derive(Debug)]
pub struct InPage<T>(pub T);

const REFUSED: &str = "a page alone shows this";

impl<T> Serialize for InPage<T> {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(ser::Error::custom(REFUSED))
    }
}

impl<'de, T> Deserialize<'de> for InPage<T> {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(de::Error::custom(REFUSED))
    }
}
