//! The fields of a service account, for a new one and for one that is changed.

use leptos::prelude::*;
use sallyport::{
    member::{Permission, Role},
    place::PlaceKind,
    service_account::may_have,
};

use super::status::place;
use crate::{
    access::OrgAccess,
    components::{Choice, SelectField, TextField},
    context::Context,
    error::PageError,
    form::FormState,
    pages::members::explained::choices,
};

/// What the person can choose from.
#[derive(Clone)]
pub(super) struct Offered {
    /// Where they manage members.
    pub(super) places: Vec<Choice>,
    /// The roles that they may give anywhere.
    pub(super) roles: Vec<Role>,
}

impl Offered {
    pub(super) async fn of(context: &Context, access: &OrgAccess) -> Result<Self, PageError> {
        let (store, org) = (&context.store, &access.org);
        let (sight, mut places) = (access.sight(Permission::ManageMembers), Vec::new());
        if sight.is_all() {
            places.push(Choice::new(org.id.as_str(), place(PlaceKind::Org, &org.name)));
        }
        let tenants = store.tenants_seen(&org.id, &sight).await?.into_iter();
        let tenants = tenants.filter(|tenant| tenant.archived_at.is_none());
        places.extend(tenants.map(|tenant| Choice::new(tenant.id.as_str(), place(PlaceKind::Tenant, &tenant.name))));
        let projects = store.projects(&org.id, &sight, &sight).await?.into_iter().map(|(project, _)| project);
        let projects = projects.filter(|project| project.archived_at.is_none());
        places
            .extend(projects.map(|project| Choice::new(project.id.as_str(), place(PlaceKind::Project, &project.name))));
        let held = access.role.anywhere;
        let roles = Role::ALL.into_iter().filter(|role| may_have(*role) && held.may_grant(*role)).collect();
        Ok(Self { places, roles })
    }
}

/// A new account, as the form is opened: the least of all roles.
pub(super) fn begun(offered: &Offered) -> FormState {
    let first = offered.places.first().map(|place| place.value.clone()).unwrap_or_default();
    FormState::new().with_default("place", &first).with_default("role", Role::Viewer.as_str())
}

#[component]
pub(super) fn AccountFields(form: FormState, offered: Offered) -> impl IntoView {
    let autofocus = !form.is_refused();
    view! {
        <TextField
            form=&form name="name" label="Name" maxlength=100 autofocus
            hint="What it is for, such as “Nightly import”. The activity names it."
        />
        <SelectField
            form=&form name="place" label="Place" options=offered.places
            hint="It sees and changes nothing elsewhere: choose the smallest that it needs."
        />
        <SelectField form=&form name="role" label="Role" options=choices(offered.roles)/>
    }
}
