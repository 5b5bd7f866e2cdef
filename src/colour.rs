//! The colours that people, organizations and brands are recognized by.

macro_rules! palette {
    ($($colour:ident $word:literal),+) => {
        /// One of a fixed palette: each of them has enough contrast in both themes, and none looks like a warning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Colour {
            $($colour),+
        }

        impl Colour {
            pub const ALL: &[Self] = &[$(Self::$colour),+];

            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|colour| colour.as_str() == text)
            }

            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$colour => $word),+
                }
            }

            pub const fn title(self) -> &'static str {
                match self {
                    $(Self::$colour => stringify!($colour)),+
                }
            }
        }
    };
}

// The order decides which colour an id has. Their hues are in `style/palette.css`.
palette! {
    Indigo "indigo", Violet "violet", Magenta "magenta", Pink "pink", Lime "lime", Green "green", Teal "teal",
    Cyan "cyan", Sky "sky", Blue "blue"
}

impl Colour {
    /// The colour where none was chosen. It depends on the id alone: a new name does not change it, and it is the same
    /// on every page and for everybody.
    pub fn of_id(id: &str) -> Self {
        let sum = id.bytes().fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        Self::ALL[sum as usize % Self::ALL.len()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_has_one_name() {
        for &colour in Colour::ALL {
            assert_eq!(Colour::parse(colour.as_str()), Some(colour));
            assert_eq!(colour.title().to_lowercase(), colour.as_str());
        }
        for other in ["", "Teal", "red", "teal "] {
            assert_eq!(Colour::parse(other), None, "{other:?}");
        }
    }

    #[test]
    fn an_id_keeps_its_colour_and_ids_differ() {
        assert_eq!(Colour::of_id("usr_9dKf3mQw"), Colour::of_id("usr_9dKf3mQw"));
        let seen: Vec<_> = (0..64).map(|n| Colour::of_id(&format!("usr_{n:08}"))).collect();
        assert!(Colour::ALL.iter().all(|colour| seen.contains(colour)), "{seen:?}");
    }
}
