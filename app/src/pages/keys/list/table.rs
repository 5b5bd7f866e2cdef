//! The table of keys: heads that sort, rows with a menu, and what is done to the rows that are selected.

use leptos::{prelude::*, tachys::html::InertElement};
use sallyport::store::KeySort;

use super::{KeyList, ListSource};
use crate::{
    components::{DataTable, Head, Hidden, Html, Pager},
    pages::keys::row::{KeyRow, environment_title, owner},
};

/// The size of most rows in HTML.
const ROW: usize = 2048;

/// Heads that sort; pressed again, the list is as it is without.
fn heads(list: &KeyList, choose: bool) -> Vec<Head> {
    let sort = |head: Head, now: &[(KeySort, &'static str)], next: KeySort| {
        let order = now.iter().find(|(sort, _)| *sort == list.filter.sort).map(|(_, order)| *order);
        let pressed = order.is_some() && list.filter.sort == next;
        head.sorted(list.sorted_by(if pressed { KeySort::default() } else { next }), order)
    };
    let created = match list.filter.sort {
        KeySort::Newest => KeySort::Oldest,
        _ => KeySort::Newest,
    };
    let mut heads = Vec::new();
    if choose {
        heads.push(Head::choose());
    }
    heads.push(sort(Head::new("Label"), &[(KeySort::Label, "ascending")], KeySort::Label));
    heads.push(Head::new("Key").less());
    heads.push(Head::new("Environment"));
    if list.has_scopes() {
        let scopes = Head::new("Scopes");
        heads.push(if list.remedy.is_some() { scopes.less() } else { scopes });
    }
    let by_age = [(KeySort::Newest, "descending"), (KeySort::Oldest, "ascending")];
    heads.push(sort(Head::new("Created").less(), &by_age, created));
    if list.has_creators() {
        heads.push(Head::new("Created by").wide());
    }
    heads.push(sort(Head::new("Last used"), &[(KeySort::LastUsed, "descending")], KeySort::LastUsed));
    heads.push(Head::new("Status"));
    heads.extend(list.remedy.map(|_| Head::new("")));
    heads.push(Head::new(""));
    heads
}

/// What else can be done to the selected keys than to revoke them.
fn acts(source: ListSource) -> Vec<(&'static str, &'static str)> {
    match source {
        ListSource::Expiring(_) => vec![("extend", "Extend selected"), ("rotate", "Rotate selected")],
        ListSource::All | ListSource::Hygiene(_) => vec![("pause", "Pause selected")],
    }
}

impl KeyList {
    /// The field that says on which page keys are selected. The list of all keys can be filtered by a check, too.
    fn filter_field(&self) -> Option<(&'static str, &'static str)> {
        self.source.field().or(self.filter.check.map(|check| ("check", check.as_str())))
    }
}

#[component]
pub fn Keys(list: KeyList) -> impl IntoView {
    let newer = list.page.newer.as_ref().map(|cursor| list.href("after", cursor));
    let older = list.page.older.as_ref().map(|cursor| list.href("before", cursor));
    let choose = list.page.keys.iter().any(|key| list.viewer.may_end(key, &list.profile));
    let (heads, here, action) = (heads(&list, choose), list.here(), list.chosen.clone());
    let (source, field) = (list.source, list.filter_field());
    let (scopes, creators) = (list.has_scopes(), list.has_creators());
    let (of_org, remedy, now, profile, viewer) = (list.of_org, list.remedy, list.now, list.profile, list.viewer);
    let mut rows = Html::with_capacity(list.page.keys.len() * ROW);
    for key in &list.page.keys {
        let row = KeyRow {
            environment: environment_title(&profile, &key.environment),
            owner: of_org.then(|| owner(key.owner, &key.owner_name)),
            turn: viewer.may_change(key, &profile).then_some(&here),
            chosen: choose.then(|| viewer.may_end(key, &profile)),
            key,
            scopes,
            creators,
            remedy,
            now,
        };
        row.put(&mut rows);
    }
    view! {
        <DataTable
            label="API keys" columns=heads
            foot=move || choose.then(|| view! {
            <form id="choose" class="chosen" method="get" action=action>
                {field.map(|(name, value)| view! { <Hidden name value/> })}
                <span class="chosen-count">" selected"</span>
                {acts(source).into_iter().map(|(act, label)| view! {
                    <button class="btn btn-small" name="do" value=act>{label}</button>
                }).collect_view()}
                <button class="btn btn-small btn-danger-quiet" name="do" value="revoke">"Revoke selected"</button>
            </form>
            })
        >
            {InertElement::from(rows)}
        </DataTable>
        <div class="table-foot">
            <p>"Keys are hashed; a lost key can’t be shown again."</p>
            <Pager newer older/>
        </div>
    }
}
