use leptos::prelude::*;

/// The meaning of a colour, which is always accompanied by words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    Good,
    #[default]
    Neutral,
    Warning,
    Danger,
    Accent,
}

impl Tone {
    pub(super) fn class(self, base: &str) -> String {
        let tone = match self {
            Tone::Good => "good",
            Tone::Neutral => "neutral",
            Tone::Warning => "warning",
            Tone::Danger => "danger",
            Tone::Accent => "accent",
        };
        format!("{base} {tone}")
    }
}

/// A state, as a small pill.
#[component]
pub fn Badge(tone: Tone, #[prop(into)] text: String) -> impl IntoView {
    view! { <span class=tone.class("badge")>{text}</span> }
}

/// A scope, as an outlined word.
#[component]
pub fn Chip(#[prop(into)] text: String) -> impl IntoView {
    view! { <span class="chip">{text}</span> }
}

/// A sentence that should not be missed.
#[component]
pub fn Notice(#[prop(default = Tone::Accent)] tone: Tone, children: Children) -> impl IntoView {
    view! { <div class=tone.class("notice")>{children()}</div> }
}
