//! The dialogs that change a member's role, take them out, or make them the owner.

use leptos::prelude::*;
use sallyport::{
    member::{Member, Permission, Role},
    place::{Place, PlaceKind},
    profile::HolderKind,
};

use super::{
    People,
    explained::{RolesExplained, choices},
    path,
    row::menu_id,
};
use crate::{
    access::OrgAccess,
    acts::members::to_change,
    components::{CheckField, ErrorSummary, Hidden, Modal, Notice, PanelFoot, SelectField, Tone},
    error::PageError,
    form::FormState,
    islands::SubmitOnce,
    words::count,
};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Role,
    Remove,
    HandOver,
}

impl Change {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Role => "change",
            Self::Remove => "remove",
            Self::HandOver => "hand-over",
        }
    }

    pub(super) fn parse(name: &str) -> Option<Self> {
        [Self::Role, Self::Remove, Self::HandOver].into_iter().find(|change| change.name() == name)
    }
}

/// What is asked about whom.
pub(super) struct Dialog {
    change: Change,
    member: Member,
    form: FormState,
    /// The roles that the asking person may give.
    roles: Vec<Role>,
    place: Place,
    /// The kind of the holders of keys.
    owner: HolderKind,
    /// How many keys they made that are not revoked.
    made: i64,
    /// Whether the person asks about themselves.
    me: bool,
}

impl Dialog {
    pub(super) fn new(
        owner: HolderKind,
        access: &OrgAccess,
        place: Place,
        people: &People,
        change: Change,
        id: &str,
        form: FormState,
    ) -> Result<Self, PageError> {
        let me = id == access.me.user.id.as_str();
        let found = || people.members.iter().find(|member| member.user.id.as_str() == id).cloned();
        let member = match change {
            // Everybody may leave.
            Change::Remove if me => found().ok_or(PageError::NotFound)?,
            Change::HandOver => {
                access.needs(Permission::OwnOrg)?;
                found().filter(|_| place.kind == PlaceKind::Org).ok_or(PageError::NotFound)?
            }
            _ => to_change(access, &place, &people.members, id)?,
        };
        let may = |role: &Role| access.role.here.may_grant(*role);
        let roles = Role::granted_at(place.kind).filter(may).collect();
        let here = member.roles_at(&place.id).first();
        let form = form.with_default("role", here.map_or("", Role::as_str));
        // Only those who manage the organization's members revoke with a removal.
        let removes = place.kind == PlaceKind::Org && access.role.may(Permission::ManageMembers);
        let made = people.keys.get(id).copied().filter(|_| removes && !me).unwrap_or_default();
        Ok(Self { change, member, form, roles, place, owner, made, me })
    }

    fn title(&self) -> String {
        match self.change {
            Change::Role if self.member.roles_at(&self.place.id).is_empty() => "Give a role here".to_owned(),
            Change::Role => "Change role".to_owned(),
            Change::Remove if self.me => format!("Leave {}?", self.place.name),
            Change::Remove => "Remove this member?".to_owned(),
            Change::HandOver => format!("Hand over {}?", self.place.name),
        }
    }

    /// What happens to the roles of a person who is removed.
    fn lost(&self) -> String {
        let above: Vec<_> = self.member.grants.iter().filter(|grant| grant.kind < self.place.kind).collect();
        let (who, noun) = (if self.me { "You" } else { "They" }, self.place.kind.noun());
        match above.as_slice() {
            [] => format!("{who} can no longer see this {noun}."),
            [grant, ..] => format!("{who} keep the role from {}.", grant.place_name),
        }
    }
}

#[component]
pub(super) fn ChangeDialog(dialog: Dialog) -> impl IntoView {
    let (title, lost) = (dialog.title(), dialog.lost());
    let Dialog { change, member, form, roles, place, owner, made, me } = dialog;
    let path = path(&place);
    // Back to the menu that asked.
    let id = member.user.id.to_string();
    let close = format!("{path}#{}-button", menu_id(&id));
    let sub = format!("{} · {}", member.user.name, member.user.email);
    let keys = match owner {
        _ if place.kind != PlaceKind::Org => "",
        HolderKind::Member if me => "Your own keys are refused at once.",
        HolderKind::Member => "Their own keys are refused at once.",
        _ if me => "Keys that you generated keep working.",
        _ if made == 0 => "No active key was made by them.",
        _ => "Keys that they generated keep working, unless you revoke them here.",
    };
    let fields = match change {
        Change::Role => {
            let options = choices(roles);
            view! {
                <SelectField form=&form name="role" label="Role" options autofocus=!form.is_refused()/>
                <RolesExplained kind=place.kind/>
            }
            .into_any()
        }
        Change::Remove => view! {
            <Notice tone=Tone::Danger>{lost}" "{keys}</Notice>
            {(made > 0).then(|| {
                let hint = format!("{} that they made. Requests with them are refused at once, for good.", count(made, "key"));
                view! { <CheckField form=&form name="revoke_keys" label="Revoke those too" hint/> }
            })}
        }
        .into_any(),
        Change::HandOver => view! {
            <Notice tone=Tone::Warning>
                {member.user.name.clone()}" becomes an owner, and you become an admin. Only an owner can make you one again."
            </Notice>
        }
        .into_any(),
    };
    let cancels = change != Change::Role && !form.is_refused();
    let button = match change {
        Change::Role => view! { <button class="btn btn-primary">"Change role"</button> }.into_any(),
        Change::Remove if me => view! { <button class="btn btn-danger">"Leave"</button> }.into_any(),
        Change::Remove => view! { <button class="btn btn-danger">"Remove member"</button> }.into_any(),
        Change::HandOver => view! { <button class="btn btn-danger">"Hand over"</button> }.into_any(),
    };
    view! {
        <Modal title sub close_href=close.clone()>
            <form method="post" action=path novalidate>
                <div class="stack">
                    <ErrorSummary form=&form/>
                    <Hidden name="do" value=change.name()/>
                    <Hidden name="user_id" value=id/>
                    {fields}
                </div>
                <PanelFoot cancel_href=close autofocus=cancels>{button}</PanelFoot>
                <SubmitOnce/>
            </form>
        </Modal>
    }
}
