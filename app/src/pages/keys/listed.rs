//! A resource with a list of keys: an organization, or one of its apps.

use sallyport::{audit::Action, member::Permission, store::HygieneCheck};

use super::list::ListQuery;
use crate::{
    access::{AppAccess, OrgAccess},
    acts::places::PlaceId,
    error::PageError,
    export::{Download, Format},
    pages::{apps, orgs, settings::placed::Placed},
    portal::Page,
    ui::Ui,
};

pub trait Listed: Placed {
    fn id(&self) -> PlaceId;

    /// The page of the list.
    fn list(&self, ui: &Ui, query: &ListQuery) -> impl Future<Output = Result<Page, PageError>> + Send;

    /// Fails if the person has this permission for no key of the list. A list of an organization contains only the keys
    /// that they see, wherever these are.
    fn needs(&self, permission: Permission) -> Result<(), PageError>;

    /// The list as a file to download.
    fn download(&self, format: Format) -> Download;

    /// The address of the list.
    fn list_path(&self) -> String {
        list_path(&self.id())
    }

    /// The address of the list of what a check finds.
    fn list_path_of(&self, check: Option<HygieneCheck>) -> String {
        let check = check.map(|check| format!("?check={}", check.as_str()));
        format!("{}{}", self.list_path(), check.unwrap_or_default())
    }
}

/// The address of a place's list of keys.
pub fn list_path(place: &PlaceId) -> String {
    format!("{}/keys", place.path())
}

impl Listed for OrgAccess {
    fn needs(&self, permission: Permission) -> Result<(), PageError> {
        self.needs_somewhere(permission)
    }

    fn id(&self) -> PlaceId {
        self.org.id.clone().into()
    }

    async fn list(&self, ui: &Ui, query: &ListQuery) -> Result<Page, PageError> {
        if query.check.is_some() {
            return orgs::hygiene::page(ui, &ui.context, self, query).await;
        }
        let (page, _) = orgs::keys::page(ui, &ui.context, self, query).await?;
        Ok(page)
    }

    fn list_path_of(&self, check: Option<HygieneCheck>) -> String {
        match check {
            None => self.list_path(),
            Some(check) => orgs::hygiene::path_of(self, check),
        }
    }

    fn download(&self, format: Format) -> Download {
        Download::of_org("keys", Action::KeysExported, self, format)
    }
}

impl Listed for AppAccess {
    fn needs(&self, permission: Permission) -> Result<(), PageError> {
        AppAccess::org(self).needs(permission)
    }

    fn id(&self) -> PlaceId {
        self.app.id.clone().into()
    }

    async fn list(&self, ui: &Ui, query: &ListQuery) -> Result<Page, PageError> {
        apps::keys::page(ui, &ui.context, self, query).await
    }

    fn download(&self, format: Format) -> Download {
        Download::of_app("keys", Action::KeysExported, self, format)
    }
}
