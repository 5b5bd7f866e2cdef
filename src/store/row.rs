//! Reads rows of the database into the types of the domain.

use sqlx::{Row, any::AnyRow};

use crate::{Error, Result, Timestamp, key::Digest};

pub(super) trait Read {
    fn text(&self, column: &str) -> Result<String>;
    fn text_opt(&self, column: &str) -> Result<Option<String>>;
    fn int(&self, column: &str) -> Result<i64>;
    fn int_opt(&self, column: &str) -> Result<Option<i64>>;
    fn bytes(&self, column: &str) -> Result<Vec<u8>>;
    fn bytes_opt(&self, column: &str) -> Result<Option<Vec<u8>>>;

    fn flag(&self, column: &str) -> Result<bool> {
        Ok(self.int(column)? != 0)
    }

    fn time(&self, column: &str) -> Result<Timestamp> {
        Ok(Timestamp::from_micros(self.int(column)?))
    }

    fn time_opt(&self, column: &str) -> Result<Option<Timestamp>> {
        Ok(self.int_opt(column)?.map(Timestamp::from_micros))
    }

    /// An enum value that the schema's checks allow; any other means that the database is damaged.
    fn word<T>(&self, column: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T> {
        let word = self.text(column)?;
        parse(&word).ok_or_else(|| Error::Unavailable(format!("the column {column} holds the unknown word {word:?}")))
    }
}

/// A stored digest.
pub(super) fn digest(bytes: &[u8]) -> Result<Digest> {
    bytes.try_into().map(Digest).map_err(|_| Error::Unavailable("a digest has the wrong length".to_owned()))
}

/// A row whose columns of one table have a prefix, because another table of the query has columns with the same
/// names.
pub(super) struct Prefixed<'a, R>(pub(super) &'a R, pub(super) &'static str);

impl<R: Read> Prefixed<'_, R> {
    fn named(&self, column: &str) -> String {
        format!("{}{column}", self.1)
    }
}

impl<R: Read> Read for Prefixed<'_, R> {
    fn text(&self, column: &str) -> Result<String> {
        self.0.text(&self.named(column))
    }

    fn text_opt(&self, column: &str) -> Result<Option<String>> {
        self.0.text_opt(&self.named(column))
    }

    fn int(&self, column: &str) -> Result<i64> {
        self.0.int(&self.named(column))
    }

    fn int_opt(&self, column: &str) -> Result<Option<i64>> {
        self.0.int_opt(&self.named(column))
    }

    fn bytes(&self, column: &str) -> Result<Vec<u8>> {
        self.0.bytes(&self.named(column))
    }

    fn bytes_opt(&self, column: &str) -> Result<Option<Vec<u8>>> {
        self.0.bytes_opt(&self.named(column))
    }
}

impl Read for AnyRow {
    fn text(&self, column: &str) -> Result<String> {
        Ok(self.try_get(column)?)
    }

    fn text_opt(&self, column: &str) -> Result<Option<String>> {
        Ok(self.try_get(column)?)
    }

    fn int(&self, column: &str) -> Result<i64> {
        Ok(self.try_get(column)?)
    }

    fn int_opt(&self, column: &str) -> Result<Option<i64>> {
        Ok(self.try_get(column)?)
    }

    fn bytes(&self, column: &str) -> Result<Vec<u8>> {
        Ok(self.try_get(column)?)
    }

    fn bytes_opt(&self, column: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.try_get(column)?)
    }
}
