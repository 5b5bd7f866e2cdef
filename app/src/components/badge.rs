use leptos::prelude::*;
use sallyport::Timestamp;

use super::html::{Html, written};

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
    fn badge(self) -> &'static str {
        match self {
            Tone::Good => "badge good",
            Tone::Neutral => "badge neutral",
            Tone::Warning => "badge warning",
            Tone::Danger => "badge danger",
            Tone::Accent => "badge accent",
        }
    }

    fn notice(self) -> &'static str {
        match self {
            Tone::Good => "notice good",
            Tone::Neutral => "notice neutral",
            Tone::Warning => "notice warning",
            Tone::Danger => "notice danger",
            Tone::Accent => "notice accent",
        }
    }
}

/// A state, as a small pill.
#[component]
pub fn Badge(tone: Tone, #[prop(into)] text: String) -> impl IntoView {
    written(|html| put_badge(html, tone, &text))
}

pub fn put_badge(html: &mut Html, tone: Tone, text: &str) {
    html.tags("<span").attribute("class", tone.badge()).tags(">").text(text).tags("</span>");
}

/// Marks what is archived.
pub fn archived(at: Option<Timestamp>) -> impl IntoView {
    at.map(|_| view! { " "<Badge tone=Tone::Warning text="Archived"/> })
}

/// A scope, as an outlined word.
#[component]
pub fn Chip(#[prop(into)] text: String) -> impl IntoView {
    written(|html| put_chip(html, &text))
}

pub fn put_chip(html: &mut Html, text: &str) {
    html.tags("<span class=\"chip\">").text(text).tags("</span>");
}

/// What was done just now. It is announced, does not move the page, and goes after some seconds.
#[component]
pub fn DoneNotice(#[prop(into)] text: Option<&'static str>, #[prop(default = Tone::Good)] tone: Tone) -> impl IntoView {
    text.map(|text| view! { <div role="status" class="toast"><Notice tone>{text}</Notice></div> })
}

/// A sentence that should not be missed.
#[component]
pub fn Notice(#[prop(default = Tone::Accent)] tone: Tone, children: Children) -> impl IntoView {
    view! { <div class=tone.notice()>{children()}</div> }
}
