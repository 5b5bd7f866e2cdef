//! Narrows what is read of an organization to what one person's roles show.

use crate::{
    id::UserId,
    member::{Held, Permission, Role},
};

/// The part of an organization that is read: everything, or only where the grants of a person or a service account allow
/// something.
///
/// The conditions have one parameter, the value of `bound`. They are judged by the grants at the time of the query, and an
/// organization that is seen as a whole costs nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sight(Option<(String, Permission)>);

impl Sight {
    /// Everything: for root tokens, commands and the portal itself.
    pub const ALL: Self = Self(None);

    /// Where the person has this permission.
    pub fn of(user: &UserId, held: Held, permission: Permission) -> Self {
        if held.at_org.may(permission) { Self::ALL } else { Self(Some((user.to_string(), permission))) }
    }

    /// The same for a person whose roles were not read.
    pub fn of_person(user: &UserId, permission: Permission) -> Self {
        Self(Some((user.to_string(), permission)))
    }

    /// The same for a person or a service account, by id.
    pub fn of_subject(subject: &str, permission: Permission) -> Self {
        Self(Some((subject.to_owned(), permission)))
    }

    pub fn is_all(&self) -> bool {
        self.0.is_none()
    }

    /// The value of the parameter.
    pub(super) fn bound(&self) -> String {
        self.0.as_ref().map(|(subject, _)| subject.clone()).unwrap_or_default()
    }

    /// Whether a grant at one of the ids in `chain` allows it. `org` is the organization's id in SQL.
    pub(super) fn at(&self, org: &str, chain: &str, parameter: &str) -> String {
        match &self.0 {
            None => format!("{parameter} = ''"),
            Some((_, permission)) => granted(org, chain, parameter, *permission),
        }
    }

    /// The condition on an app with this alias.
    pub(super) fn app(&self, app: &str, parameter: &str) -> String {
        let chain = format!("{app}.org_id, {app}.tenant_id, {app}.project_id");
        self.at(&format!("{app}.org_id"), &chain, parameter)
    }

    /// The condition on a project with this alias.
    pub(super) fn project(&self, project: &str, parameter: &str) -> String {
        let chain = format!("{project}.org_id, {project}.tenant_id, {project}.id");
        self.at(&format!("{project}.org_id"), &chain, parameter)
    }

    /// The condition on a tenant with this alias, which is also seen on the way to one of its projects.
    pub(super) fn tenant(&self, tenant: &str, parameter: &str) -> String {
        match &self.0 {
            Some((_, Permission::SeePlace)) => tenant_seen(tenant, parameter),
            _ => self.at(&format!("{tenant}.org_id"), &format!("{tenant}.org_id, {tenant}.id"), parameter),
        }
    }

    /// The condition on an event with this alias: of an app that is seen, or about a tenant or project that is.
    pub(super) fn event(&self, event: &str, parameter: &str) -> String {
        if self.is_all() {
            return format!("{parameter} = ''");
        }
        let (app, project) = (self.app("va", parameter), self.project("vp", parameter));
        format!(
            "({event}.app_id IN (SELECT va.id FROM apps va WHERE va.org_id = {event}.chain AND {app}) \
             OR {event}.target_id IN (SELECT vp.id FROM projects vp WHERE vp.org_id = {event}.chain AND {project}) \
             OR {event}.target_id IN (SELECT vt.place_id FROM grants vt WHERE vt.org_id = {event}.chain \
             AND vt.subject = {parameter} AND vt.place_kind = 'tenant'))"
        )
    }
}

/// The roles with a permission, as a list in SQL.
pub(super) fn roles_with(permission: Permission) -> String {
    let roles = Role::ALL.into_iter().filter(|role| role.may(permission));
    roles.map(|role| format!("'{}'", role.as_str())).collect::<Vec<_>>().join(", ")
}

/// Whether the person whose id is `person` in SQL has this permission by a grant at one of the ids in `chain`.
pub(super) fn granted(org: &str, chain: &str, person: &str, permission: Permission) -> String {
    let roles = roles_with(permission);
    format!(
        "EXISTS (SELECT 1 FROM grants v WHERE v.org_id = {org} AND v.subject = {person} AND v.place_id IN ({chain}) \
         AND v.role IN ({roles}))"
    )
}

/// Whether the person sees an organization: by a grant there or anywhere in it.
pub(super) fn org_seen(org: &str, person: &str) -> String {
    format!("EXISTS (SELECT 1 FROM grants v WHERE v.org_id = {org}.id AND v.subject = {person})")
}

/// Whether the person sees a tenant: by a grant there or above it, or on the way to one of its projects.
pub(super) fn tenant_seen(tenant: &str, person: &str) -> String {
    format!(
        "EXISTS (SELECT 1 FROM grants v LEFT JOIN projects x ON x.id = v.place_id WHERE v.org_id = {tenant}.org_id \
         AND v.subject = {person} AND (v.place_id IN ({tenant}.org_id, {tenant}.id) OR x.tenant_id = {tenant}.id))"
    )
}
