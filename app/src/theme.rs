//! Light or dark: how pages are lit.

/// The chosen theme; without a choice the system's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    /// The name in the cookie and in the form; `None` for an unknown one.
    pub fn parse(name: &str) -> Option<Self> {
        [Theme::System, Theme::Light, Theme::Dark].into_iter().find(|theme| theme.name() == name)
    }

    pub fn name(self) -> &'static str {
        match self {
            Theme::System => "system",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }

    pub fn attribute(self) -> Option<&'static str> {
        (self != Theme::System).then(|| self.name())
    }

    pub fn color_scheme(self) -> &'static str {
        if self == Theme::System { "light dark" } else { self.name() }
    }
}
