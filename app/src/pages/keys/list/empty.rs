//! What a list without a key says.

use leptos::prelude::*;
use sallyport::profile::HolderKind;

use super::KeyList;
use crate::{
    components::{CodeBlock, Empty, EmptyList},
    icons::Icon,
    pages::keys::snippets,
};

#[component]
pub fn NothingMatches(path: String) -> impl IntoView {
    view! {
        <EmptyList
            icon=Icon::Search title="No results" text="No keys match the search and the filters. Remove some of them."
            clear=Some(path)
        />
    }
}

#[component]
pub fn NoKeys(list: KeyList) -> impl IntoView {
    let (title, text) = if list.hides {
        ("No active keys", "Every key here was revoked. Tick Include revoked to see them.")
    } else if list.archived {
        ("No API key", "This is archived: restore it to generate keys.")
    } else if list.can_generate {
        let text = match list.profile.keys.owner {
            HolderKind::App => "A key lets one app call your API. Its secrets are shown once, when you generate it.",
            HolderKind::Member => "A key lets you call the API as yourself. It is shown once, when you generate it.",
            HolderKind::Organization => "A key lets your servers call the API. It is shown once, when you generate it.",
        };
        ("No API key yet", text)
    } else if list.profile.keys.owner == HolderKind::App {
        ("No apps yet", "A key belongs to one app. Create a project and an app first.")
    } else {
        ("No API key of this app", list.profile.keys.owner.who_generates())
    };
    let generate = list.can_generate.then(|| format!("{}?panel=generate", list.path));
    let next = list.next.clone().filter(|_| generate.is_none() && !list.hides && !list.archived);
    let curl = snippets::curl(&list.public_url, &list.profile);
    let below = list.can_generate;
    view! {
        <Empty
            icon=Icon::Key title text
            action=move || view! {
                {generate.map(|href| view! { <a id="generate" class="btn btn-primary" href=href>"Generate API Key"</a> })}
                {next.map(|(name, href)| view! { <a class="btn btn-primary" href=href>{name}</a> })}
            }
            below=move || below.then(|| view! {
                <p class="muted">"Send it in a header. To verify it:"</p>
                <CodeBlock text=curl/>
            })
        />
    }
}
