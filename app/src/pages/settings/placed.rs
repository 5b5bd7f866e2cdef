//! What the settings pages need of the four kinds of places.

use axum::extract::FromRequestParts;
use leptos::prelude::*;
use sallyport::{
    member::Permission,
    place::{Place, PlaceKind},
};

use crate::{
    access::{Access, AppAccess, OrgAccess, ProjectAccess, TenantAccess},
    acts::places::PlaceId,
    components::{DoneNotice, IdChip, PageHead, Settings},
    context::Context,
    error::PageError,
    form::FormState,
    pages::{
        apps::{head::AppHead, limits::card::LimitsCard},
        settings::{
            appearance::AppearanceCard, key_rules::KeyRulesGroup, service_urls::ServiceUrlsGroup, sign_in::SignInGroup,
        },
    },
    portal::{Body, Chrome, Section},
    shell,
    ui::Ui,
};

pub trait Placed:
    Access<Id: Into<PlaceId> + Clone> + FromRequestParts<Context, Rejection = PageError> + Sync + 'static
{
    fn org(&self) -> &OrgAccess;
    fn place(&self) -> Place;
    fn chrome(&self, ui: &Ui) -> impl Future<Output = Result<Chrome, PageError>> + Send;

    /// An additional card for this kind, with the errors of its forms.
    fn card(&self, _form: &FormState) -> Option<Body> {
        None
    }

    fn head(&self) -> Body {
        let place = self.place();
        Box::new(move || {
            let copy = format!("Copy {} id", place.kind.noun());
            let name = place.name;
            view! {
                <PageHead
                    title="Settings"
                    sub=move || view! { <span>{name}</span><span><IdChip id=place.id name=copy/></span> }
                />
            }
            .into_any()
        })
    }
}

impl Placed for OrgAccess {
    fn org(&self) -> &OrgAccess {
        self
    }

    fn place(&self) -> Place {
        Place::from(&self.org)
    }

    async fn chrome(&self, ui: &Ui) -> Result<Chrome, PageError> {
        Ok(shell::here(shell::of_org(ui, self, Section::Settings).await?, "Settings"))
    }

    fn card(&self, form: &FormState) -> Option<Body> {
        let (org, form, may_change) = (self.org.clone(), form.clone(), self.role.may(PlaceKind::Org.to_edit()));
        let rules = self.role.may(Permission::GovernKeys).then(|| org.id.clone());
        let (services, sign_in) = (org.id.clone(), self.role.may(Permission::OwnOrg).then(|| org.id.clone()));
        may_change.then(|| -> Body {
            Box::new(move || {
                view! {
                    <AppearanceCard org form/>
                    <Settings>
                        {rules.map(|org| view! { <KeyRulesGroup org/> })}
                        <ServiceUrlsGroup org=services/>
                        {sign_in.map(|org| view! { <SignInGroup org/> })}
                    </Settings>
                }
                .into_any()
            })
        })
    }
}

impl Placed for TenantAccess {
    fn org(&self) -> &OrgAccess {
        &self.within
    }

    fn place(&self) -> Place {
        Place::from(&self.tenant)
    }

    async fn chrome(&self, ui: &Ui) -> Result<Chrome, PageError> {
        Ok(shell::here(shell::of_tenant(ui, self).await?, "Settings"))
    }
}

impl Placed for ProjectAccess {
    fn org(&self) -> &OrgAccess {
        &self.within.within
    }

    fn place(&self) -> Place {
        Place::from(&self.project)
    }

    async fn chrome(&self, ui: &Ui) -> Result<Chrome, PageError> {
        Ok(shell::here(shell::of_project(ui, self).await?, "Settings"))
    }
}

impl Placed for AppAccess {
    fn org(&self) -> &OrgAccess {
        AppAccess::org(self)
    }

    fn place(&self) -> Place {
        Place::from(&self.app)
    }

    async fn chrome(&self, ui: &Ui) -> Result<Chrome, PageError> {
        Ok(shell::here(shell::of_app(ui, self).await?, "Settings"))
    }

    fn head(&self) -> Body {
        let app = self.app.clone();
        Box::new(move || view! { <AppHead app current="Settings"/> }.into_any())
    }

    fn card(&self, _: &FormState) -> Option<Body> {
        let (app, may_change) = (self.app.clone(), AppAccess::org(self).role.may(Permission::ManageApps));
        Some(Box::new(move || view! { <LimitsCard app may_change/> }.into_any()))
    }
}

/// Confirms that it was saved.
pub fn saved() -> impl IntoView {
    view! { <DoneNotice text=Some("Saved.")/> }
}
