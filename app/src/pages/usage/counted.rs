//! The resources whose requests are counted.

use leptos::prelude::*;
use sallyport::{
    id::{KeyId, OrgId},
    member::Permission,
    place::Place,
};

use crate::{
    access::{AppAccess, KeyAccess, OrgAccess, ProjectAccess},
    components::{IdChip, PageHead},
    context::Context,
    error::PageError,
    pages::{
        apps::head::AppHead,
        keys::head::{KeyHead, KeyHeadView},
    },
    portal::{Chrome, Section},
    shell,
    ui::Ui,
};

pub trait Counted: Sync {
    /// Under which its requests are counted.
    fn id(&self) -> &str;

    fn org_id(&self) -> &OrgId;

    fn name(&self) -> &str;

    /// The address of its page.
    fn path(&self) -> String;

    /// Fails if the person does not see all of its keys.
    fn needs_usage(&self) -> Result<(), PageError>;

    fn chrome(&self, ui: &Ui) -> impl Future<Output = Result<Chrome, PageError>> + Send;

    fn head(&self, context: &Context) -> impl Future<Output = Result<AnyView, PageError>> + Send;

    /// The address of the list of its refused requests with one reason, without that reason.
    fn refused_path(&self) -> Option<String>;

    fn key(&self) -> Option<&KeyId> {
        None
    }

    /// What its keys are ranked in.
    fn place(&self) -> Option<Place> {
        None
    }
}

impl Counted for KeyAccess {
    fn id(&self) -> &str {
        self.key.id.as_str()
    }

    fn org_id(&self) -> &OrgId {
        &self.key.org_id
    }

    fn name(&self) -> &str {
        &self.key.label
    }

    fn path(&self) -> String {
        format!("/keys/{}", self.key.id)
    }

    /// Who sees a key sees its usage.
    fn needs_usage(&self) -> Result<(), PageError> {
        Ok(())
    }

    async fn chrome(&self, ui: &Ui) -> Result<Chrome, PageError> {
        Ok(shell::here(shell::of_key(ui, self).await?, &self.key.label))
    }

    async fn head(&self, context: &Context) -> Result<AnyView, PageError> {
        let head = KeyHead::of(context, self).await?;
        Ok(view! { <KeyHeadView head current="Usage"/> }.into_any())
    }

    fn refused_path(&self) -> Option<String> {
        Some(format!("/orgs/{}/activity/refused?key={}&reason=", self.key.org_id, self.key.id))
    }

    fn key(&self) -> Option<&KeyId> {
        Some(&self.key.id)
    }
}

impl Counted for AppAccess {
    fn id(&self) -> &str {
        self.app.id.as_str()
    }

    fn org_id(&self) -> &OrgId {
        &self.app.org_id
    }

    fn name(&self) -> &str {
        &self.app.name
    }

    fn path(&self) -> String {
        format!("/apps/{}", self.app.id)
    }

    fn needs_usage(&self) -> Result<(), PageError> {
        self.org().needs(Permission::SeeKeys)
    }

    async fn chrome(&self, ui: &Ui) -> Result<Chrome, PageError> {
        Ok(shell::at_last(shell::of_app(ui, self).await?))
    }

    async fn head(&self, _: &Context) -> Result<AnyView, PageError> {
        let generate = self.org().role.may(Permission::ManageKeys);
        Ok(view! { <AppHead app=self.app.clone() current="Usage" generate/> }.into_any())
    }

    fn place(&self) -> Option<Place> {
        Some(Place::from(&self.app))
    }

    fn refused_path(&self) -> Option<String> {
        Some(format!("{}/activity/refused?reason=", Counted::path(self)))
    }
}

impl Counted for ProjectAccess {
    fn id(&self) -> &str {
        self.project.id.as_str()
    }

    fn org_id(&self) -> &OrgId {
        &self.project.org_id
    }

    fn name(&self) -> &str {
        &self.project.name
    }

    fn path(&self) -> String {
        format!("/projects/{}", self.project.id)
    }

    fn needs_usage(&self) -> Result<(), PageError> {
        self.within.within.needs(Permission::SeeKeys)
    }

    async fn chrome(&self, ui: &Ui) -> Result<Chrome, PageError> {
        Ok(shell::here(shell::of_project(ui, self).await?, "Usage"))
    }

    async fn head(&self, _: &Context) -> Result<AnyView, PageError> {
        let (name, id) = (self.project.name.clone(), self.project.id.to_string());
        let head = view! {
            <PageHead title="Usage" sub=move || view! {
                <span>{name}</span><span><IdChip id name="Copy project id"/></span>
            }/>
        };
        Ok(head.into_any())
    }

    fn place(&self) -> Option<Place> {
        Some(Place::from(&self.project))
    }

    fn refused_path(&self) -> Option<String> {
        None
    }
}

impl Counted for OrgAccess {
    fn id(&self) -> &str {
        self.org.id.as_str()
    }

    fn org_id(&self) -> &OrgId {
        &self.org.id
    }

    fn name(&self) -> &str {
        &self.org.name
    }

    fn path(&self) -> String {
        format!("/orgs/{}", self.org.id)
    }

    fn needs_usage(&self) -> Result<(), PageError> {
        self.needs(Permission::SeeKeys)
    }

    async fn chrome(&self, ui: &Ui) -> Result<Chrome, PageError> {
        Ok(shell::here(shell::of_org(ui, self, Section::Usage).await?, "Usage"))
    }

    async fn head(&self, _: &Context) -> Result<AnyView, PageError> {
        let name = self.org.name.clone();
        Ok(view! { <PageHead title="Usage" sub=move || view! { <span>{name}</span> }/> }.into_any())
    }

    fn place(&self) -> Option<Place> {
        Some(Place::from(&self.org))
    }

    fn refused_path(&self) -> Option<String> {
        Some(format!("{}/activity/refused?reason=", Counted::path(self)))
    }
}
