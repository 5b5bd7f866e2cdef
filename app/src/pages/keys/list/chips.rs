//! The filters that are set, each with the way to the list without it.

use leptos::prelude::*;
use sallyport::store::{HygieneCheck, KeyStatus};

use super::KeyList;
use crate::icons::{Icon, IconView};

/// What a filter is called, and what it is set to.
fn words(list: &KeyList, name: &str, value: &str) -> Option<(&'static str, String)> {
    let profile = &list.profile;
    let (label, value) = match name {
        "label" => ("Search", value.to_owned()),
        "environment" => ("Environment", profile.environment(value).map_or(value, |one| &one.title).to_owned()),
        "scope" => {
            let bundle = || profile.bundles.iter().find(|one| one.name == value).map(|one| one.title.clone());
            let title = profile.scope(value).map(|one| one.title.clone()).or_else(bundle);
            ("Scope", title.unwrap_or_else(|| value.to_owned()))
        }
        "status" => ("Status", KeyStatus::parse(value).map_or_else(|| value.to_owned(), |one| one.title().to_owned())),
        "check" => {
            ("Hygiene", HygieneCheck::parse(value).map_or_else(|| value.to_owned(), |one| one.title().to_owned()))
        }
        "tenant" => ("Tenant", list.tenant.clone().unwrap_or_else(|| value.to_owned())),
        "created_by" => ("Created by", list.creator.clone().unwrap_or_else(|| value.to_owned())),
        "include_revoked" => return Some(("", "Revoked included".to_owned())),
        _ => return None,
    };
    Some((label, value))
}

/// A function, so that the keys of the page are not copied for it.
pub fn filter_chips(list: &KeyList) -> impl IntoView + use<> {
    let chips: Vec<_> = list
        .pairs()
        .filter_map(|(name, value)| {
            let (label, value) = words(list, name, value)?;
            let said = if label.is_empty() { value } else { format!("{label}: {value}") };
            Some(view! {
                <li>
                    <a class="filter-chip" href=list.without(name) title=format!("Remove the filter {said}")>
                        <span>{said.clone()}</span><span class="sr-only">", remove"</span><IconView icon=Icon::Close/>
                    </a>
                </li>
            })
        })
        .collect();
    let chips = (!chips.is_empty()).then(|| {
        view! {
            <ul aria-label="Filters that are set">
                {chips}
                <li><a class="link" href=list.path.clone()>"Clear"</a></li>
            </ul>
        }
    });
    let save = list.to_save().map(|href| view! { <a id="save-view" class="link" href=href>"Save view"</a> });
    (chips.is_some() || save.is_some()).then(|| view! { <div class="filter-chips">{chips}{save}</div> })
}
