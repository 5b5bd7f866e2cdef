//! A resource with a list of keys: an organization, or one of its apps.

use sallyport::audit::Action;

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

    /// The page of the list, with no filter.
    fn list(&self, ui: &Ui) -> impl Future<Output = Result<Page, PageError>> + Send;

    /// The list as a file to download.
    fn download(&self, format: Format) -> Download;

    /// The address of the list.
    fn list_path(&self) -> String {
        list_path(&self.id())
    }
}

/// The address of a place's list of keys.
pub fn list_path(place: &PlaceId) -> String {
    format!("{}/keys", place.path())
}

impl Listed for OrgAccess {
    fn id(&self) -> PlaceId {
        self.org.id.clone().into()
    }

    async fn list(&self, ui: &Ui) -> Result<Page, PageError> {
        let (page, _) = orgs::keys::page(ui, &ui.context, self, &ListQuery::default()).await?;
        Ok(page)
    }

    fn download(&self, format: Format) -> Download {
        Download::of_org("keys", Action::KeysExported, self, format)
    }
}

impl Listed for AppAccess {
    fn id(&self) -> PlaceId {
        self.app.id.clone().into()
    }

    async fn list(&self, ui: &Ui) -> Result<Page, PageError> {
        apps::keys::page(ui, &ui.context, self, &ListQuery::default()).await
    }

    fn download(&self, format: Format) -> Download {
        Download::of_app("keys", Action::KeysExported, self, format)
    }
}
