//! The button that pauses a key or resumes it, wherever the key is shown.

use axum::response::Response;
use leptos::{prelude::*, server_fn::ServerFn};
use sallyport::{id::KeyId, key::Status};

use crate::{
    acts::keys::{PauseKey, ResumeKey},
    components::{Html, put_hidden, written},
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
    #[prop(default = "btn")] class: &'static str,
) -> impl IntoView {
    written(|html| put_turn_key(html, &key, (status, paused), class, None))
}

/// `listed` is the label of a key in a list, and the page to come back to.
pub fn put_turn_key(
    html: &mut Html,
    key: &KeyId,
    (status, paused): (Status, bool),
    class: &'static str,
    listed: Option<(&str, &str)>,
) {
    let Some((verb, act, name)) = turn(status, paused) else { return };
    html.tags("<form method=\"post\"").attribute_of("action", &["/keys/", key.as_str(), "/", verb]);
    html.attribute("data-act", act).tags(">");
    put_hidden(html, "key", key.as_str());
    if let Some((_, back)) = listed {
        put_hidden(html, "back", back);
    }
    html.tags("<button").attribute_of("id", &["turn-", key.as_str()]).attribute("class", class);
    if let Some((label, _)) = listed {
        html.attribute_of("aria-label", &[name, " ", label]);
    }
    html.tags(">").text(name).tags("</button></form>");
}
