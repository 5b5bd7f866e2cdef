//! Actors in tables and filters: an icon for the kind, the name, and what distinguishes actors of the same name.

use std::collections::HashMap;

use leptos::prelude::*;
use sallyport::{audit::Event, store::SeenActor};

use crate::{
    components::{Avatar, Choice, cut_middle},
    icons::{Icon, IconView},
};

/// The kind in words, and its icon.
fn kind(kind: &str) -> (&'static str, Icon) {
    match kind {
        "user" => ("Person", Icon::User),
        "root_token" => ("Root token", Icon::Token),
        "service_account" => ("Service account", Icon::Token),
        "trust_rule" => ("Trust rule", Icon::Token),
        "key" => ("API key", Icon::Key),
        "command_line" => ("Command line", Icon::Terminal),
        "sallyport" => ("Sallyport", Icon::Door),
        _ => ("Anonymous", Icon::Unknown),
    }
}

/// Who acted, as a picture: a person's initials, or the icon of what else it was.
#[component]
pub fn ActorMark(kind: String, id: String, name: String) -> impl IntoView {
    let person = kind == "user";
    let (title, icon) = self::kind(&kind);
    let mark = if person { view! { <Avatar id name/> }.into_any() } else { view! { <IconView icon/> }.into_any() };
    view! { <span class="actor-kind" title=title>{mark}<span class="sr-only">{title}": "</span></span> }
}

/// E-mail addresses by person's id; if it is missing, the id is shown.
pub type Emails = HashMap<String, String>;

/// The actor of an event.
#[component]
pub fn ActorCell(event: Event, emails: Emails) -> impl IntoView {
    let id = event.actor_id;
    let about = match emails.get(&id) {
        Some(email) => view! { <span class="cell-sub">{email.clone()}</span> }.into_any(),
        None if id.is_empty() => ().into_any(),
        None => view! { <code class="cell-sub" title=id.clone()>{cut_middle(&id)}</code> }.into_any(),
    };
    view! {
        <span class="actor">
            <ActorMark kind=event.actor_kind id name=event.actor_name.clone()/>
            <span class="actor-name">{event.actor_name}</span>
            {about}
        </span>
    }
}

/// The actors that the filter offers: by id, so that two with the same name stay separate.
pub fn choices(actors: Vec<SeenActor>, emails: &Emails) -> Vec<Choice> {
    let label = |actor: &SeenActor| match (emails.get(&actor.id), actor.id.as_str()) {
        (Some(email), _) => format!("{} · {email}", actor.name),
        (None, "") => actor.name.clone(),
        (None, id) => format!("{} · {} {}", actor.name, kind(&actor.kind).0, cut_middle(id)),
    };
    actors.into_iter().map(|actor| Choice::new(actor.key(), label(&actor))).collect()
}
