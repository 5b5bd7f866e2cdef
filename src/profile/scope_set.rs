//! Scopes of one catalogue as bits, so that checking them on every request is cheap.

/// A set of scopes, by index in the catalogue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScopeSet(u64);

impl ScopeSet {
    /// The maximum number of scopes in a catalogue.
    pub const MOST: usize = 64;

    pub const EMPTY: Self = Self(0);

    #[must_use]
    pub const fn with(self, place: usize) -> Self {
        Self(self.0 | 1 << place)
    }

    pub const fn has(self, place: usize) -> bool {
        self.0 & 1 << place != 0
    }

    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub const fn len(self) -> u32 {
        self.0.count_ones()
    }

    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The indices, ascending.
    pub fn places(self) -> impl Iterator<Item = usize> {
        let mut left = self.0;
        std::iter::from_fn(move || {
            let place = left.trailing_zeros() as usize;
            // Either nothing is left, or this scope and those above it.
            left &= left.checked_sub(1)?;
            Some(place)
        })
    }

    /// The last scope of the catalogue that is in the set.
    pub const fn highest(self) -> Option<usize> {
        if self.0 == 0 { None } else { Some(63 - self.0.leading_zeros() as usize) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_one_is_the_highest() {
        let set = ScopeSet::default().with(0).with(63).with(5);
        assert_eq!(set.places().collect::<Vec<_>>(), [0, 5, 63]);
        assert_eq!((set.highest(), ScopeSet::default().highest()), (Some(63), None));
        assert!(set.has(5) && !set.has(6));
    }
}
