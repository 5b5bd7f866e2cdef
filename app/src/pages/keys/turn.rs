//! The button that pauses a key or resumes it, wherever the key is shown.

use axum::response::Response;
use leptos::{prelude::*, server_fn::ServerFn};
use sallyport::{id::KeyId, key::Status};

use crate::{
    acts::keys::{PauseKey, ResumeKey},
    components::Hidden,
    form::FormState,
    pages::theme::local,
    ui::see_other,
};

/// What can be done: the last part of the page's address, the act's own, and the name of the button.
fn turn(status: Status, paused: bool) -> Option<(&'static str, &'static str, &'static str)> {
    match status {
        Status::Active | Status::Rotating | Status::Suspended if !paused => Some(("pause", PauseKey::PATH, "Pause")),
        Status::Active | Status::Rotating | Status::Suspended | Status::Paused => {
            Some(("resume", ResumeKey::PATH, "Resume"))
        }
        Status::Expired | Status::Revoked => None,
    }
}

/// The redirect after it was pressed: to the list that shows the key, or to the key's page.
pub fn back(form: &FormState, key: &KeyId, done: &str) -> Response {
    see_other(match form.value("back") {
        list if !list.is_empty() => local(&list).to_owned(),
        _ => format!("/keys/{key}?done={done}"),
    })
}

#[component]
pub fn TurnKey(
    key: KeyId,
    status: Status,
    /// Whether it is paused, whatever else it is.
    paused: bool,
    /// Where the key is one of a list: its label, and the page to come back to.
    #[prop(optional, into)]
    label: String,
    #[prop(optional, into)] back: String,
    #[prop(default = "btn")] class: &'static str,
) -> impl IntoView {
    let listed = !back.is_empty();
    turn(status, paused).map(|(verb, act, name)| {
        view! {
            <form method="post" action=["/keys/", key.as_str(), "/", verb].concat() data-act=act>
                <Hidden name="key" value=key.to_string()/>
                {listed.then(|| view! { <Hidden name="back" value=back/> })}
                <button
                    id=["turn-", key.as_str()].concat() class=class
                    aria-label=listed.then(|| [name, " ", &label].concat())
                >{name}</button>
            </form>
        }
    })
}
