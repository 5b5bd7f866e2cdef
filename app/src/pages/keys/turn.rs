//! The button that pauses a key or resumes it, wherever the key is shown.

use leptos::{prelude::*, server_fn::ServerFn};
use sallyport::{
    Timestamp,
    key::{Key, Status},
};

use crate::{
    acts::keys::{PauseKey, ResumeKey},
    components::Hidden,
    islands::ActInPlace,
};

/// What can be done: the last part of the page's address, the act's own, and the name of the button.
fn turn(key: &Key, now: Timestamp) -> Option<(&'static str, &'static str, &'static str)> {
    match key.status(now) {
        Status::Suspended if key.paused.is_some() => Some(("resume", ResumeKey::PATH, "Resume")),
        Status::Active | Status::Suspended => Some(("pause", PauseKey::PATH, "Pause")),
        Status::Paused => Some(("resume", ResumeKey::PATH, "Resume")),
        Status::Expired | Status::Revoked => None,
    }
}

#[component]
pub fn TurnKey(
    key: Key,
    now: Timestamp,
    /// Where the key is one of a list: the page to come back to.
    #[prop(optional, into)]
    back: String,
) -> impl IntoView {
    let listed = !back.is_empty();
    turn(&key, now).map(|(verb, act, name)| {
        let id = format!("turn-{}", key.id);
        view! {
            <form method="post" action=format!("/keys/{}/{verb}", key.id) data-act=act>
                <Hidden name="key" value=key.id.to_string()/>
                {listed.then(|| view! { <Hidden name="back" value=back/> })}
                <button
                    id=id class=if listed { "btn btn-small" } else { "btn" }
                    aria-label=listed.then(|| format!("{name} {}", key.label))
                >{name}</button>
                <ActInPlace/>
            </form>
        }
    })
}
