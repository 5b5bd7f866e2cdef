//! Where a page of a list of keys begins.

use sqlx::any::AnyRow;

use super::{KeySort, Value};
use crate::{Result, id::KeyId, store::row::Read};

/// A key's place in a list: its id, so that equals keep an order, and what the list is sorted by.
pub(super) struct Cursor {
    pub id: KeyId,
    pub value: Value,
}

impl Cursor {
    pub fn parse(text: &str, sort: KeySort) -> Option<Self> {
        let (id, value) = text.split_once('.')?;
        let value = match sort {
            // PostgreSQL refuses some characters with an error; no label holds them.
            KeySort::Label => Value::Text(value.replace(char::is_control, "\u{fffd}")),
            _ => Value::Int(value.parse().ok()?),
        };
        Some(Self { id: KeyId::parse(id)?, value })
    }

    pub fn of(row: &AnyRow, sort: KeySort) -> Result<String> {
        let value = match sort {
            KeySort::Label => row.text("sorted_by")?,
            KeySort::Newest | KeySort::Oldest => row.int("created_at")?.to_string(),
            KeySort::LastUsed => row.int_opt("last_used_at")?.unwrap_or(0).to_string(),
            KeySort::Expires => row.int_opt("expires_at")?.unwrap_or(i64::MAX).to_string(),
        };
        Ok(cursor(&KeyId::stored(row.text("id")?), &value))
    }
}

/// An id has no dot in it, whatever a label has.
fn cursor(id: &KeyId, value: &str) -> String {
    format!("{id}.{value}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::SeededEntropy;

    proptest! {
        #[test]
        fn cursors_come_back(micros: i64, label in "\\PC{0,20}", seed: u64) {
            let id = KeyId::mint(&SeededEntropy::new(seed));
            let back = |text: &str, sort| Cursor::parse(text, sort).map(|cursor| (cursor.id, cursor.value));
            prop_assert_eq!(back(&cursor(&id, &micros.to_string()), KeySort::Newest), Some((id.clone(), Value::Int(micros))));
            let word = Value::Text(label.clone());
            prop_assert_eq!(back(&cursor(&id, &label), KeySort::Label), Some((id, word)));
        }

        #[test]
        fn no_cursor_panics(text in ".*") {
            for sort in KeySort::ALL {
                if let Some(cursor) = Cursor::parse(&text, *sort) {
                    prop_assert!(text.starts_with(cursor.id.as_str()));
                }
            }
        }
    }
}
