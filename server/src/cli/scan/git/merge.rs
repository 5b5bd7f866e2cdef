//! What a merge adds itself: what is new to each of its parents.

use std::collections::BTreeMap;

use sallyport::scan::Found;

/// More are not kept.
const MOST: usize = 10_000;

pub(super) struct Merge {
    parents: usize,
    /// By the place in the new file: what is there, and to how many parents it is new.
    places: BTreeMap<(String, u64, u64), (Found, usize)>,
}

impl Merge {
    pub fn of(parents: usize) -> Self {
        Self { parents, places: BTreeMap::new() }
    }

    pub fn found(&mut self, path: &str, found: Found) {
        let place = (path.to_owned(), found.line, found.column);
        if self.places.len() < MOST || self.places.contains_key(&place) {
            self.places.entry(place).or_insert((found, 0)).1 += 1;
        }
    }

    pub fn added(self) -> impl Iterator<Item = (String, Found)> {
        let parents = self.parents;
        let places = self.places.into_iter().filter(move |(_, (_, new_to))| *new_to == parents);
        places.map(|((path, ..), (found, _))| (path, found))
    }
}
