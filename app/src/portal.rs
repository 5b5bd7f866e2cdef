//! The HTML document around every page.

use leptos::{either::EitherOf3, prelude::*};
use sallyport::colour::Colour;

use crate::components::{BareFrame, Brand, ChromeFrame, OpenFrame, rendered};

pub use crate::{
    components::{
        Body,
        chrome::{AdminSection, Archived, Chrome, Crumb, CurrentOrg, OrgEntry, Section, TenantEntry, Viewer},
    },
    theme::Theme,
};

/// The document's settings.
#[derive(Clone, Debug, Default)]
pub struct Site {
    /// A path named by the content of the assets, without a trailing slash.
    pub base: String,
    pub theme: Theme,
    /// Allows the scripts of this response.
    pub nonce: String,
    pub brand: Brand,
    /// The colour of buttons and links from the profile.
    pub accent: Option<Colour>,
    /// The address that replaces this response in the browser's history.
    pub instead: Option<String>,
}

/// The frame around the body.
pub enum Frame {
    /// Sign-in, set-up, errors: a centred card under the logo.
    Bare,
    /// Public pages: a bar with the logo, and the whole width. Holds the page's address.
    Open(String),
    /// Sidebar and top bar.
    Chrome(Box<Chrome>),
}

/// A page before it is placed into the document.
pub struct Page {
    pub title: String,
    pub frame: Frame,
    pub body: Body,
    /// A panel or dialog over the page, which is inert behind it.
    pub dialog: Option<Body>,
    /// Where the same content is shown by a GET, if not at the form's address.
    pub address: Option<String>,
    /// Whether it shows something that can't be shown again.
    pub is_secret: bool,
}

impl Page {
    /// A centred card under the logo.
    pub fn bare<V: IntoView + 'static>(title: impl Into<String>, body: impl FnOnce() -> V + Send + 'static) -> Self {
        Self::new(title.into(), Frame::Bare, body)
    }

    /// A public page, at the address `here`.
    pub fn open<V: IntoView + 'static>(
        title: impl Into<String>,
        here: impl Into<String>,
        body: impl FnOnce() -> V + Send + 'static,
    ) -> Self {
        Self::new(title.into(), Frame::Open(here.into()), body)
    }

    /// A page with the sidebar and the top bar.
    pub fn framed<V: IntoView + 'static>(
        title: impl Into<String>,
        chrome: Chrome,
        body: impl FnOnce() -> V + Send + 'static,
    ) -> Self {
        Self::new(title.into(), Frame::Chrome(Box::new(chrome)), body)
    }

    /// Adds a `SidePanel`, a `Modal` or the `OnceDialog`.
    pub fn with_dialog<V: IntoView + 'static>(mut self, dialog: impl FnOnce() -> V + Send + 'static) -> Self {
        self.dialog = Some(Box::new(move || rendered(dialog()).into_any()));
        self
    }

    fn new<V: IntoView + 'static>(title: String, frame: Frame, body: impl FnOnce() -> V + Send + 'static) -> Self {
        Self {
            title,
            frame,
            body: Box::new(move || rendered(body()).into_any()),
            dialog: None,
            address: None,
            is_secret: false,
        }
    }
}

/// The whole document.
#[component]
pub fn Portal(page: Page, site: Site) -> impl IntoView {
    let Page { title, frame, body, dialog, .. } = page;
    let Site { base, theme, nonce, brand, accent, instead } = site;
    let accent = accent.map(|colour| format!("hue-{}", colour.as_str()));
    let behind = dialog.is_some();

    view! {
        <!DOCTYPE html>
        <html lang="en" class=accent data-theme=theme.attribute() data-instead=instead>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content=theme.color_scheme()/>
                <title>{format!("{title} · {}", brand.name)}</title>
                <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
                <link rel="stylesheet" href=format!("{base}/sallyport.css")/>
                <link rel="modulepreload" nonce=nonce.clone() href=format!("{base}/sallyport.js")/>
                <link
                    rel="preload"
                    r#as="fetch"
                    r#type="application/wasm"
                    crossorigin="anonymous"
                    href=format!("{base}/sallyport.wasm")
                />
                <script type="module" nonce=nonce src=format!("{base}/boot.js")></script>
            </head>
            <body>
                <div class="frame" inert=behind aria-hidden=behind.then_some("true")>
                    <a class="skip" href="#content">"Skip to content"</a>
                    {match frame {
                        Frame::Bare => EitherOf3::A(view! { <BareFrame body=body brand=brand/> }),
                        Frame::Open(here) => EitherOf3::B(view! { <OpenFrame body=body brand=brand theme=theme here=here/> }),
                        Frame::Chrome(chrome) => EitherOf3::C(view! { <ChromeFrame chrome=*chrome theme=theme body=body brand=brand/> }),
                    }}
                </div>
                {dialog.map(|dialog| dialog())}
                <div id="announcer" class="sr-only" role="status"></div>
            </body>
        </html>
    }
}
