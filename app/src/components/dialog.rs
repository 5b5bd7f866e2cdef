use leptos::prelude::*;

use crate::{
    icons::{Icon, IconView},
    islands::EscapeCloses,
};

/// A dialog at the right edge, over its page. Its last child should be a form with a `PanelFoot`.
#[component]
pub fn SidePanel(
    #[prop(into)] title: String,
    #[prop(optional, into)] sub: String,
    /// The address of the page below.
    #[prop(into)]
    close_href: String,
    children: Children,
) -> impl IntoView {
    view! {
        <div class="backdrop">
            <Scrim href=close_href.clone()/>
            <dialog
                open
                class="panel"
                aria-modal="true"
                aria-labelledby="dialog-title"
                data-close=close_href.clone()
            >
                <DialogHead title=title sub=sub close_href=close_href.clone()/>
                {children()}
            </dialog>
        </div>
    }
}

/// A dialog in the middle. Without `close_href` it can be left only by its content.
#[component]
pub fn Modal(
    #[prop(into)] title: String,
    #[prop(optional, into)] sub: String,
    #[prop(optional, into)] close_href: String,
    children: Children,
) -> impl IntoView {
    let closes = (!close_href.is_empty()).then(|| close_href.clone());
    view! {
        <div class="backdrop backdrop-center">
            {closes.clone().map(|href| view! { <Scrim href=href/> })}
            <dialog open class="modal" aria-modal="true" aria-labelledby="dialog-title" data-close=closes>
                <DialogHead title=title sub=sub close_href=close_href/>
                {children()}
            </dialog>
        </div>
    }
}

/// The row of buttons at the end of a panel's or modal's form: Cancel, then the children.
#[component]
pub fn PanelFoot(
    #[prop(into)] cancel_href: String,
    /// Focuses Cancel, if there is nothing to fill in.
    #[prop(optional)]
    autofocus: bool,
    children: Children,
) -> impl IntoView {
    view! {
        <div class="dialog-foot"><a class="btn" href=cancel_href autofocus=autofocus>"Cancel"</a>{children()}</div>
    }
}

/// A click outside the dialog leads to the page below.
#[component]
fn Scrim(href: String) -> impl IntoView {
    view! { <a class="scrim" href=href tabindex="-1" aria-hidden="true"></a> }
}

#[component]
fn DialogHead(title: String, sub: String, close_href: String) -> impl IntoView {
    let close = (!close_href.is_empty()).then(|| {
        view! {
            <a class="icon-btn dialog-close" href=close_href aria-label="Close"><IconView icon=Icon::Close/></a>
            <EscapeCloses/>
        }
    });
    let sub = (!sub.is_empty()).then(|| view! { <p>{sub}</p> });
    view! { <div class="dialog-head"><h2 id="dialog-title">{title}</h2>{sub}{close}</div> }
}
