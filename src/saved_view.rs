//! Views of a list of keys that a person saved.

use crate::{Invalid, id::ViewId, text};

/// A view of a list of keys that a person saved: filters and sort order under a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedView {
    pub id: ViewId,
    pub name: String,
    /// As in the address of the list, without the page.
    pub query: String,
}

/// A view to be saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewView {
    pub name: String,
    pub query: String,
}

impl NewView {
    /// The maximum number of views of a person in one list.
    pub const MOST: usize = 20;

    /// The maximum length of a name in characters: it is in a row with others.
    pub const NAME: u32 = 60;

    /// In bytes.
    const QUERY: usize = 2000;

    /// Checks the name, and that the query holds something that can be saved.
    pub fn check(name: &str, query: String) -> Result<Self, Invalid> {
        let mut invalid = Invalid::default();
        let name = invalid.take(text::line("name", name, Self::NAME as usize, "Give the view a name."));
        if query.is_empty() {
            invalid.push("", "Nothing is filtered or sorted here. Set a filter first, then save the view.");
        }
        if query.len() > Self::QUERY {
            invalid.push("", "The filters are too long to be saved. Search for something shorter.");
        }
        invalid.or(Self { name, query })
    }
}

#[cfg(test)]
mod tests {
    use super::NewView;
    use crate::{key::PlainSecret, testing::SeededEntropy};

    #[test]
    fn a_view_has_a_name_and_filters() {
        let new = NewView::check("  Live keys ", "environment=production".to_owned()).expect("checked");
        assert_eq!((new.name.as_str(), new.query.as_str()), ("Live keys", "environment=production"));
        let fields = |name: &str, query: &str| {
            let refused = NewView::check(name, query.to_owned()).expect_err("refused");
            refused.0.iter().map(|error| error.field).collect::<Vec<_>>()
        };
        assert_eq!(fields(" ", "sort=label"), ["name"]);
        assert_eq!(fields(&"x".repeat(61), "sort=label"), ["name"]);
        assert_eq!(fields("a\u{202e}b", "sort=label"), ["name"]);
        assert_eq!(fields("Live", ""), [""]);
        assert_eq!(fields("", &"x".repeat(2001)), ["name", ""]);
        let key = PlainSecret::mint("sk_live_", &SeededEntropy::new(1));
        assert_eq!(fields(key.expose(), "sort=label"), ["name"], "a whole key");
    }
}
