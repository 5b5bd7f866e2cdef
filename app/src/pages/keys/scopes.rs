//! The scopes of a key, as the profile describes them.

use std::sync::Arc;

use leptos::prelude::*;
use sallyport::{key::Key, profile::Profile};

use super::scope_fields::allows;
use crate::components::{Card, Chip};

/// Each scope of the key with its description; nothing if it has none.
#[component]
pub fn KeyScopes(key: Key, profile: Arc<Profile>) -> impl IntoView {
    let rows = key.scopes.iter().map(|name| {
        let name = name.clone();
        let Some(scope) = profile.scope(&name) else {
            return view! {
                <li><Chip text=name/><p class="muted">"No longer in the profile: it allows nothing."</p></li>
            }
            .into_any();
        };
        let implied = profile.names(profile.granted(profile.set([name.as_str()]))).filter(|other| *other != name);
        let implied: Vec<_> = implied.filter_map(|other| profile.scope(other)).map(|other| &*other.title).collect();
        let includes = (!implied.is_empty()).then(|| format!("Includes {}.", implied.join(", ")));
        let allows = allows(scope).map(|requests| view! { <p class="muted">"Requests: "<code>{requests}</code></p> });
        view! {
            <li>
                <p><b>{scope.title.clone()}</b>" "<Chip text=name/></p>
                {(!scope.description.is_empty()).then(|| view! { <p>{scope.description.clone()}</p> })}
                {includes.map(|text| view! { <p class="muted">{text}</p> })}
                {allows}
            </li>
        }
        .into_any()
    });
    let rows = rows.collect_view();
    (!key.scopes.is_empty()).then(|| view! { <Card title="What it may do"><ul class="scope-list">{rows}</ul></Card> })
}
