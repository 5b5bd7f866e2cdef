//! The icons, drawn on a grid of 16 with one stroke.

use leptos::prelude::*;

/// An icon. All of them are decorative: their meaning is also in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    Activity,
    App,
    Bell,
    Building,
    Chart,
    Check,
    Chevrons,
    Close,
    Door,
    Download,
    Folder,
    Gear,
    Info,
    Key,
    Mail,
    Menu,
    Moon,
    Plus,
    Search,
    SignOut,
    Sun,
    System,
    Terminal,
    Token,
    Unknown,
    User,
    Users,
    Warning,
}

impl Icon {
    fn paths(self) -> &'static str {
        match self {
            Icon::Chart => r#"<path d="M2 13.5h12M4.2 11V8.2M8 11V3.5M11.8 11V6"/>"#,
            Icon::Activity => r#"<path d="M1.5 8.5h2.8L6.5 2.8l3.4 10.4 1.9-4.7h2.7"/>"#,
            Icon::App => r#"<rect x="2" y="2" width="12" height="12" rx="3"/><path d="M5.5 8h5M8 5.5v5"/>"#,
            Icon::Bell => {
                r#"<path d="M3.2 11.5h9.6c-1-1-1.3-2-1.3-4.3a3.5 3.5 0 0 0-7 0c0 2.3-.3 3.3-1.3 4.3zM6.7 13.7h2.6"/>"#
            }
            Icon::Building => {
                r#"<path d="M3 14V3.5A1.5 1.5 0 0 1 4.5 2h4A1.5 1.5 0 0 1 10 3.5V14M10 7h1.5A1.5 1.5 0 0 1 13 8.5V14M1.5 14h13M5.5 5h2M5.5 8h2M5.5 11h2"/>"#
            }
            Icon::Check => r#"<path d="m3 8.5 3.2 3.2L13 4.8"/>"#,
            Icon::Chevrons => r#"<path d="m5 6 3-3 3 3M5 10l3 3 3-3"/>"#,
            Icon::Close => r#"<path d="m4 4 8 8M12 4l-8 8"/>"#,
            Icon::Door => {
                r#"<path d="M2 14.5V8a6 6 0 0 1 12 0v6.5M2 14.5h3.5M10.5 14.5H14M5.5 14.5V8.3a2.5 2.5 0 0 1 5 0v6.2"/>"#
            }
            Icon::Download => r#"<path d="M8 2v8M4.8 7 8 10.2 11.2 7M2.5 13.5h11"/>"#,
            Icon::Folder => {
                r#"<path d="M1.8 4.3A1.3 1.3 0 0 1 3.1 3h2.7l1.5 1.7h5.6a1.3 1.3 0 0 1 1.3 1.3v5.7a1.3 1.3 0 0 1-1.3 1.3H3.1a1.3 1.3 0 0 1-1.3-1.3z"/>"#
            }
            Icon::Gear => {
                r#"<circle cx="8" cy="8" r="2.2"/><path d="M8 1.5v2M8 12.5v2M1.5 8h2M12.5 8h2M3.4 3.4l1.4 1.4M11.2 11.2l1.4 1.4M12.6 3.4l-1.4 1.4M4.8 11.2l-1.4 1.4"/>"#
            }
            Icon::Info => r#"<circle cx="8" cy="8" r="6.3"/><path d="M8 7.3v3.7M8 5h.01"/>"#,
            Icon::Key => r#"<circle cx="5" cy="10.8" r="2.9"/><path d="m7.1 8.7 6-6M10.3 5.5l2 2"/>"#,
            Icon::Mail => {
                r#"<rect x="1.8" y="3" width="12.4" height="10" rx="2"/><path d="m2.3 4.8 5.7 4.4 5.7-4.4"/>"#
            }
            Icon::Menu => r#"<path d="M2 4.5h12M2 8h12M2 11.5h12"/>"#,
            Icon::Moon => r#"<path d="M13.5 9.3A5.8 5.8 0 0 1 6.7 2.5a5.8 5.8 0 1 0 6.8 6.8z"/>"#,
            Icon::Plus => r#"<path d="M8 3v10M3 8h10"/>"#,
            Icon::Search => r#"<circle cx="7" cy="7" r="4.5"/><path d="m10.4 10.4 3.3 3.3"/>"#,
            Icon::SignOut => r#"<path d="M6 2.5H3.5a1 1 0 0 0-1 1v9a1 1 0 0 0 1 1H6M10.5 11l3-3-3-3M13.5 8H6"/>"#,
            Icon::Sun => {
                r#"<circle cx="8" cy="8" r="2.8"/><path d="M8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3.1 3.1l1 1M11.9 11.9l1 1M12.9 3.1l-1 1M4.1 11.9l-1 1"/>"#
            }
            Icon::System => r#"<circle cx="8" cy="8" r="6"/><path fill="currentColor" d="M8 2a6 6 0 0 1 0 12z"/>"#,
            Icon::Terminal => {
                r#"<rect x="1.5" y="2.5" width="13" height="11" rx="2"/><path d="m4.5 6 2 2-2 2M8.5 10h3"/>"#
            }
            Icon::Token => r#"<path d="M8 1.8 13.5 4v4c0 3-2.2 5.3-5.5 6.2C4.7 13.3 2.5 11 2.5 8V4zM8 6v4M6 8h4"/>"#,
            Icon::Unknown => {
                r#"<circle cx="8" cy="8" r="6.3"/><path d="M6.2 6.3a1.8 1.8 0 1 1 2.6 1.6c-.5.3-.8.6-.8 1.2M8 11.2h.01"/>"#
            }
            Icon::User => {
                r#"<circle cx="8" cy="5.2" r="2.7"/><path d="M2.8 13.8c.3-2.9 2.3-4.5 5.2-4.5s4.9 1.6 5.2 4.5"/>"#
            }
            Icon::Users => {
                r#"<circle cx="6" cy="5.3" r="2.6"/><path d="M1.5 13.5c.2-2.7 2-4.2 4.5-4.2s4.3 1.5 4.5 4.2M10.7 2.9a2.6 2.6 0 0 1 0 4.8M12 9.6c1.6.5 2.4 1.9 2.5 3.9"/>"#
            }
            Icon::Warning => r#"<path d="M8 2.2 14.5 13.5h-13zM8 6.5v3.3M8 11.7h.01"/>"#,
        }
    }
}

/// An icon in the colour of the text around it.
#[component]
pub fn IconView(icon: Icon) -> impl IntoView {
    view! { <svg class="icon" viewBox="0 0 16 16" aria-hidden="true" inner_html=icon.paths()></svg> }
}

/// The logo: a small door in a wall.
#[component]
pub fn Logo() -> impl IntoView {
    view! {
        <svg
            class="logo-mark"
            viewBox="0 0 20 20"
            aria-hidden="true"
            inner_html=r#"<path d="M2 18.5V9.5a8 8 0 0 1 16 0v9M2 18.5h4.5M13.5 18.5H18M6.5 18.5V10a3.5 3.5 0 0 1 7 0v8.5"/>"#
        ></svg>
    }
}
