//! A resource with a list of keys: an organization, or one of its apps.

use sallyport::{audit::Action, member::Permission};

use super::list::{ListQuery, ListSource};
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

    /// The address of the page that a list is on. An app has no others than its list, which has the same filters.
    fn list_path_of(&self, source: ListSource) -> String {
        let filter = match source {
            ListSource::All => String::new(),
            ListSource::Hygiene(check) => format!("?check={}", check.as_str()),
            ListSource::Expiring(status) => format!("?status={}", status.as_str()),
        };
        format!("{}{filter}", self.list_path())
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
        match query.source {
            ListSource::All => Ok(orgs::keys::page(ui, &ui.context, self, query).await?.0),
            ListSource::Hygiene(_) => orgs::hygiene::page(ui, &ui.context, self, query).await,
            ListSource::Expiring(_) => orgs::expiring::page(ui, &ui.context, self, query).await,
        }
    }

    fn list_path_of(&self, source: ListSource) -> String {
        source.path(&self.org.id).unwrap_or_else(|| self.list_path())
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
