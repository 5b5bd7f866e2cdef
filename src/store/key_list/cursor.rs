//! Where a page of a list of keys begins.

use super::{KeySort, conditions::Value};
use crate::{
    Timestamp,
    fold::fold,
    id::KeyId,
    key::{InventoryKey, Key, ListedKey},
};

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
}

/// What a list holds, which knows its place in it.
pub(super) trait InList {
    fn cursor(&self, sort: KeySort) -> String;
}

impl InList for ListedKey {
    fn cursor(&self, sort: KeySort) -> String {
        of_key(&self.id, &self.label, self.created_at, self.last_used_at, self.expires_at, sort)
    }
}

impl InList for Key {
    fn cursor(&self, sort: KeySort) -> String {
        of_key(&self.id, &self.label, self.created_at, self.last_used_at, self.expires_at, sort)
    }
}

impl InList for InventoryKey {
    fn cursor(&self, sort: KeySort) -> String {
        self.listed.cursor(sort)
    }
}

fn of_key(
    id: &KeyId,
    label: &str,
    created_at: Timestamp,
    last_used_at: Option<Timestamp>,
    expires_at: Option<Timestamp>,
    sort: KeySort,
) -> String {
    let micros = match sort {
        KeySort::Label => return cursor(id, &fold(label)),
        KeySort::Newest | KeySort::Oldest => created_at.micros(),
        KeySort::LastUsed => last_used_at.map_or(0, Timestamp::micros),
        KeySort::Expires => expires_at.map_or(i64::MAX, Timestamp::micros),
    };
    cursor(id, &micros.to_string())
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
