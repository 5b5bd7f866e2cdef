//! The dialogs that change a member's role, or take them out.

use std::collections::HashMap;

use leptos::prelude::*;
use sallyport::{
    member::{Member, Role},
    profile::HolderKind,
};

use super::{path, roles::allows, row::menu_id};
use crate::{
    access::OrgAccess,
    acts::members::to_change,
    components::{CheckField, Choice, ErrorSummary, Hidden, Modal, Notice, PanelFoot, SelectField, Tone},
    error::PageError,
    form::FormState,
    islands::SubmitOnce,
    words::count,
};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Role,
    Remove,
}

impl Change {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Role => "change",
            Self::Remove => "remove",
        }
    }
}

/// What is asked about whom.
pub(super) struct Dialog {
    change: Change,
    member: Member,
    form: FormState,
    /// The roles that whoever asks may give.
    roles: Vec<Role>,
    path: String,
    /// Whose keys there are here.
    owner: HolderKind,
    /// How many keys they made that are not revoked.
    made: i64,
}

impl Dialog {
    pub(super) fn new(
        owner: HolderKind,
        access: &OrgAccess,
        members: &[Member],
        keys: &HashMap<String, i64>,
        change: Change,
        id: &str,
        form: FormState,
    ) -> Result<Self, PageError> {
        let member = to_change(access, members, id)?;
        let may = |role: &Role| access.role.may_change(Some(member.role), Some(*role));
        let roles = Role::ALL.into_iter().filter(may).collect();
        let form = form.with_default("role", member.role.as_str());
        let made = keys.get(member.user.id.as_str()).copied().unwrap_or_default();
        Ok(Self { change, member, form, roles, path: path(access), owner, made })
    }
}

#[component]
pub(super) fn ChangeDialog(dialog: Dialog) -> impl IntoView {
    let Dialog { change, member, form, roles, path, owner, made } = dialog;
    let title = match change {
        Change::Role => "Change role",
        Change::Remove => "Remove this member?",
    };
    // Back to the menu that asked.
    let id = member.user.id.to_string();
    let close = format!("{path}#{}-button", menu_id(&id));
    let sub = format!("{} · {}", member.user.name, member.user.email);
    let keys = match owner {
        HolderKind::Member => "Their own keys are refused at once.",
        _ if made == 0 => "No active key was made by them.",
        _ => "Keys that they generated keep working, unless you revoke them here.",
    };
    let fields = match change {
        Change::Role => {
            let options =
                roles.into_iter().map(|role| Choice::new(role.as_str(), role.title()).note(allows(role))).collect();
            view! { <SelectField form=&form name="role" label="Role" options autofocus=!form.is_refused()/> }.into_any()
        }
        Change::Remove => view! {
            <Notice tone=Tone::Danger>
                "They can no longer see this organization. "{keys}
            </Notice>
            {(made > 0).then(|| {
                let hint = format!("{} that they made. Requests with them are refused at once, for good.", count(made, "key"));
                view! { <CheckField form=&form name="revoke_keys" label="Revoke those too" hint/> }
            })}
        }
        .into_any(),
    };
    let cancels = change == Change::Remove && !form.is_refused();
    let button = match change {
        Change::Role => view! { <button class="btn btn-primary">"Change role"</button> }.into_any(),
        Change::Remove => view! { <button class="btn btn-danger">"Remove member"</button> }.into_any(),
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
