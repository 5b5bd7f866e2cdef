//! The people whom the filter *Created by* offers: the reader, those who created keys of the organization or app, and the
//! one it is set to.

use std::collections::BTreeMap;

use super::KeyList;
use crate::components::{Choice, cut_middle};

/// By name. People of the same name are distinguished by their ids.
pub fn creators(list: &KeyList) -> Vec<Choice> {
    let mut people: BTreeMap<&str, &str> = BTreeMap::new();
    if let Some(id) = &list.filter.created_by {
        people.insert(id.as_str(), list.creator.as_deref().unwrap_or(id.as_str()));
    }
    let of_page = list.page.keys.iter().filter_map(|key| key.created_by.as_ref());
    people.extend(list.creators.iter().chain(of_page).map(|person| (person.id.as_str(), person.name.as_str())));
    people.insert(list.viewer.user.as_str(), &list.viewer.name);
    let mut people: Vec<_> = people.into_iter().collect();
    people.sort_by_key(|(id, name)| (name.to_lowercase(), *id));
    let label = |id: &str, name: &str| {
        let namesakes = people.iter().filter(|(_, other)| *other == name).count();
        if namesakes > 1 { format!("{name} · {}", cut_middle(id)) } else { name.to_owned() }
    };
    people.iter().map(|(id, name)| Choice::new(*id, label(id, name))).collect()
}
