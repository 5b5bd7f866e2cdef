//! The views of a list that the person saved.

use leptos::prelude::*;
use sallyport::{
    id::{TenantId, UserId, ViewId},
    profile::Profile,
    saved_view::SavedView,
    store::{HygieneCheck, KeySort, KeyStatus},
};

use super::KeyList;
use crate::components::Menu;

/// A saved view, with what is still valid of its filters.
#[derive(Clone, Debug)]
pub struct ListView {
    pub id: ViewId,
    pub name: String,
    /// As in the address of the list.
    pub query: String,
}

impl ListView {
    /// Filters that mean nothing any more are left out: a scope that the profile does not have, a tenant that was deleted.
    pub fn new(view: SavedView, profile: &Profile, is_tenant: impl Fn(&TenantId) -> bool) -> Self {
        let pairs = url::form_urlencoded::parse(view.query.as_bytes());
        let valid = pairs.filter(|(name, value)| is_valid(name, value, profile, &is_tenant));
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(valid).finish();
        Self { id: view.id, name: view.name, query }
    }
}

fn is_valid(name: &str, value: &str, profile: &Profile, is_tenant: impl Fn(&TenantId) -> bool) -> bool {
    match name {
        "include_revoked" | "label" => true,
        "environment" => profile.environment(value).is_some(),
        "scope" => profile.scope(value).is_some() || profile.bundles.iter().any(|bundle| bundle.name == value),
        "status" => KeyStatus::parse(value).is_some(),
        "check" => HygieneCheck::parse(value).is_some(),
        "tenant" => TenantId::parse(value).is_some_and(|id| is_tenant(&id)),
        "created_by" => UserId::parse(value).is_some(),
        "sort" => KeySort::parse(value).is_some(),
        _ => false,
    }
}

impl KeyList {
    /// The saved view that the list shows.
    fn current_view(&self) -> Option<&ListView> {
        let query = self.query();
        self.views.iter().find(|view| !query.is_empty() && view.query == query)
    }

    /// Where the filters can be saved, unless they are already, or there are none.
    pub(super) fn to_save(&self) -> Option<String> {
        let query = self.query();
        (!query.is_empty() && self.current_view().is_none()).then(|| format!("{}/views?do=save&{query}", self.path))
    }
}

/// Links to the views, and a menu that deletes them. A function, so that the keys of the page are not copied for it.
pub fn saved_views(list: &KeyList) -> impl IntoView + use<> {
    let query = list.query();
    let current = list.current_view().cloned();
    let all = query.is_empty().then_some("page");
    let links = list.views.iter().map(|ListView { id, name, query }| {
        let here = current.as_ref().is_some_and(|current| current.id == *id);
        let href = if query.is_empty() { list.path.clone() } else { format!("{}?{query}", list.path) };
        view! { <a href=href title=name.clone() aria-current=here.then_some("page")>{name.clone()}</a> }
    });
    let links = links.collect_view();
    // Of every view: one whose filters are no longer valid is never the current one.
    let deletes = list.views.iter().map(|ListView { id, name, .. }| {
        let kept = if query.is_empty() { String::new() } else { format!("&{query}") };
        let delete = format!("{}/views?do=delete&view={id}{kept}", list.path);
        view! { <a class="menu-item menu-danger" href=delete>{format!("Delete {name}")}</a> }
    });
    let deletes = deletes.collect_view();
    (!list.views.is_empty()).then(|| {
        view! {
            <div class="saved-views">
                <nav class="presets" aria-label="Views"><a href=list.path.clone() aria-current=all>"All keys"</a>{links}</nav>
                <Menu id="view-menu" name="Manage views" small=true>{deletes}</Menu>
            </div>
        }
    })
}

#[cfg(test)]
mod tests {
    use sallyport::{id::ViewId, profile::Profile, saved_view::SavedView};

    use super::ListView;

    #[test]
    fn what_is_no_longer_valid_is_left_out() {
        let shown = |query: &str| {
            let id = ViewId::parse("view_9dKf3mQwXYZ1").expect("an id");
            let view = SavedView { id, name: "Live".to_owned(), query: query.to_owned() };
            ListView::new(view, &Profile::standard(), |tenant| tenant.as_str() == "ten_here_000000").query
        };
        for valid in [
            "include_revoked=1&label=a%26b+c&environment=production&scope=read&status=unused&sort=label",
            "tenant=ten_here_000000&created_by=usr_9dKf3mQwXYZ1",
            "",
        ] {
            assert_eq!(shown(valid), valid);
        }
        assert_eq!(shown("environment=moon&scope=read&status=lost&tenant=ten_gone_000000&sort=colour"), "scope=read");
        assert_eq!(shown("scope=fly&before=key_x.1&created_by=x&panel=generate&label=ci"), "label=ci");
    }
}
