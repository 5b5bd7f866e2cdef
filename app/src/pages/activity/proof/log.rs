//! The logs whose events are proven on a page: an organization's, for its members and for operators, and `system`.

use sallyport::{audit::SYSTEM, member::Permission, store::Sight};

use crate::{
    access::{OperatedOrg, OperatorAccess, OrgAccess},
    error::PageError,
    pages::admin::org::note_view,
    portal::{AdminSection, Chrome, Crumb, Section},
    shell,
    ui::Ui,
};

pub trait ProvenLog: Send + Sync {
    fn chain(&self) -> String;

    /// The part of it that the person sees.
    fn sight(&self) -> Result<Sight, PageError>;

    /// Notes that the person looks at it, where that is an event.
    fn note_view(&self, _: &Ui) {}

    /// The frame of the page, down to the list of events.
    fn chrome(&self, ui: &Ui) -> impl Future<Output = Result<Chrome, PageError>> + Send;
}

impl ProvenLog for OrgAccess {
    fn chain(&self) -> String {
        self.org.id.to_string()
    }

    fn sight(&self) -> Result<Sight, PageError> {
        self.needs_somewhere(Permission::SeeKeys)?;
        Ok(self.seen())
    }

    async fn chrome(&self, ui: &Ui) -> Result<Chrome, PageError> {
        let mut chrome = shell::of_org(ui, self, Section::Activity).await?;
        chrome.crumbs.push(Crumb::link("Activity", format!("/orgs/{}/activity", self.org.id)));
        Ok(chrome)
    }
}

impl ProvenLog for OperatedOrg {
    fn chain(&self) -> String {
        self.org.id.to_string()
    }

    fn sight(&self) -> Result<Sight, PageError> {
        Ok(Sight::ALL)
    }

    fn note_view(&self, ui: &Ui) {
        note_view(ui, self);
    }

    async fn chrome(&self, ui: &Ui) -> Result<Chrome, PageError> {
        let above = format!("/admin/organizations/{}", self.org.id);
        let mut chrome = shell::of_admin(ui, &self.me, AdminSection::Organizations).await?;
        chrome.crumbs.push(Crumb::link(self.org.name.as_str(), above.as_str()));
        chrome.crumbs.push(Crumb::link("Activity", format!("{above}/activity")));
        Ok(chrome)
    }
}

impl ProvenLog for OperatorAccess {
    fn chain(&self) -> String {
        SYSTEM.to_owned()
    }

    fn sight(&self) -> Result<Sight, PageError> {
        Ok(Sight::ALL)
    }

    async fn chrome(&self, ui: &Ui) -> Result<Chrome, PageError> {
        shell::of_admin(ui, &self.me, AdminSection::Audit).await
    }
}
