//! `…/members` of an organization, a tenant or a project: the people with a role there, and where it comes from.

mod change;
pub(super) mod explained;
pub mod export;
pub mod invitations;
mod links;
mod pending;
mod populated;
mod row;

use std::collections::HashMap;

use axum::extract::State;
use leptos::prelude::*;
use sallyport::{
    id::UserId,
    invitation::Invitation,
    member::{Member, Permission},
    place::{Place, PlaceKind},
};
use serde::Deserialize;

use crate::{
    access::{Addressed, OrgAccess},
    acts::{
        Caller,
        members::{change_role, hand_over, leave_place, remove_member},
        places::PlaceId,
    },
    components::{DataTable, DoneNotice, Head, Menu, PageHead},
    context::Context,
    error::{PageError, PageResult},
    export::Format,
    form::FormState,
    portal::Page,
    ui::{Typed, Ui, UrlQuery, refuse, see_other},
    words::count,
};
use change::{Change, ChangeDialog, Dialog};
use explained::RolesMenu;
use pending::Pending;
use populated::Populated;
use row::{MemberRow, Viewer};

#[derive(Deserialize)]
pub struct MembersQuery {
    /// Whose role is to be changed: opens the dialog.
    #[serde(default)]
    change: String,
    /// Who is to be removed: opens another one.
    #[serde(default)]
    remove: String,
    /// Who is to become the owner: opens the third.
    #[serde(default)]
    hand_over: String,
    /// What was done just now.
    #[serde(default)]
    done: String,
}

impl MembersQuery {
    fn asked(&self) -> Option<(Change, &str)> {
        let asked =
            [(Change::Role, self.change.as_str()), (Change::Remove, &self.remove), (Change::HandOver, &self.hand_over)];
        asked.into_iter().find(|(_, id)| !id.is_empty())
    }

    fn done(&self, kind: PlaceKind) -> Option<&'static str> {
        match self.done.as_str() {
            "change" => Some("The role was changed."),
            "remove" if kind == PlaceKind::Org => {
                Some("The member was removed and can no longer see this organization.")
            }
            "remove" => Some("The roles that the member was given here were ended. Those from above still apply."),
            "remove-revoke" => Some(
                "The member was removed and can no longer see this organization. The keys that they made were revoked.",
            ),
            "invited" => Some("Sent. Each invitation is listed below until it is accepted."),
            "resent" => Some("The invitation was sent again. Its earlier link no longer works."),
            "revoked" => Some("The invitation was revoked. Its link no longer works."),
            "ended" => Some("This invitation was accepted or revoked already."),
            "hand-over" => Some("The organization has a new owner. You are an admin of it now."),
            _ => None,
        }
    }
}

/// The people of a place; of an organization with how many keys each made that are not revoked.
struct People {
    members: Vec<Member>,
    keys: HashMap<String, i64>,
    /// Open invitations, for those who manage members.
    invitations: Vec<Invitation>,
}

impl People {
    async fn of(context: &Context, access: &OrgAccess, place: &Place) -> Result<Self, PageError> {
        let store = &context.store;
        let members = store.members(place).await?;
        let with_keys = place.kind == PlaceKind::Org && access.role.may_somewhere(Permission::SeeKeys);
        let keys = if with_keys { store.keys_made(&access.org.id, &access.seen()).await? } else { HashMap::new() };
        let manages = access.role.may(Permission::ManageMembers);
        let invitations = if manages { store.invitations(place).await? } else { Vec::new() };
        Ok(Self { members, keys, invitations })
    }
}

pub async fn get<A: Populated>(
    ui: Ui,
    State(context): State<Context>,
    access: A,
    UrlQuery(query): UrlQuery<MembersQuery>,
) -> PageResult {
    access.org().needs(Permission::SeePlace)?;
    let people = People::of(&context, access.org(), &access.place()).await?;
    let owner = context.store.profile().keys.owner;
    let dialog = query
        .asked()
        .map(|(change, id)| Dialog::new(owner, access.org(), access.place(), &people, change, id, FormState::new()));
    let dialog = dialog.transpose()?;
    let page = page(&ui, &context, &access, people, query.done(access.place().kind)).await?;
    Ok(ui.ok(before(page, dialog)))
}

pub async fn post<A: Populated>(ui: Ui, caller: Caller, Addressed(id): Addressed<A>, Typed(form): Typed) -> PageResult {
    let access: A = caller.access(&id).await?;
    access.org().needs(Permission::SeePlace)?;
    let change = Change::parse(&form.value("do")).ok_or_else(|| {
        PageError::BadRequest("This form does not belong to this page. Open the page again.".to_owned())
    })?;
    let user = UserId::parse(&form.value("user_id")).ok_or(PageError::NotFound)?;
    let (me, place) = (user == access.org().me.user.id, access.place());
    let (id, path): (PlaceId, _) = (id.into(), path(&place));
    let revoke = form.has("revoke_keys", "on");
    let done = match change {
        Change::Role => caller.run(change_role(id, user, form.value("role"))).await,
        Change::Remove if me && !revoke => caller.run(leave_place(id)).await,
        Change::Remove => caller.run(remove_member(id, user, revoke)).await.map(drop),
        Change::HandOver => caller.run(hand_over(access.org().org.id.clone(), user)).await,
    };
    match done {
        // They may see nothing here any more.
        Ok(()) if change == Change::Remove && me => Ok(see_other("/")),
        Ok(()) if change == Change::Remove && revoke => Ok(see_other(format!("{path}?done=remove-revoke"))),
        Ok(()) => Ok(see_other(format!("{path}?done={}", change.name()))),
        Err(error) => {
            let form = refuse(form, error)?;
            let people = People::of(&ui.context, access.org(), &place).await?;
            let (owner, id) = (ui.context.store.profile().keys.owner, form.value("user_id"));
            let dialog = Dialog::new(owner, access.org(), place, &people, change, &id, form)?;
            let page = page(&ui, &ui.context, &access, people, None).await?;
            Ok(ui.refused(before(page, Some(dialog))))
        }
    }
}

/// The address of a place's members.
fn path(place: &Place) -> String {
    format!("{}/members", place.path())
}

fn columns(with_keys: bool) -> Vec<Head> {
    let mut columns = ["Name", "Role", "Last active"].map(Head::new).to_vec();
    columns.extend(with_keys.then(|| Head::new("Keys")));
    columns.extend([Head::new("Since").less(), Head::new("")]);
    columns
}

fn before(page: Page, dialog: Option<Dialog>) -> Page {
    match dialog {
        Some(dialog) => page.with_dialog(move || view! { <ChangeDialog dialog/> }),
        None => page,
    }
}

async fn page<A: Populated>(
    ui: &Ui,
    context: &Context,
    access: &A,
    people: People,
    done: Option<&'static str>,
) -> Result<Page, PageError> {
    let chrome = access.frame(ui).await?;
    let (org, place, now) = (access.org(), access.place(), context.store.now());
    let role = org.role;
    let is_org = place.kind == PlaceKind::Org;
    let with_keys = is_org && org.role.may_somewhere(Permission::SeeKeys);
    let may_manage = org.role.may(Permission::ManageMembers);
    let viewer = Viewer { user: org.me.user.id.clone(), role: org.role, place: place.clone(), with_keys };
    let path = path(&place);
    let exports = is_org.then(|| [Format::Csv, Format::Jsonl].map(|format| format.href(&path, std::iter::empty())));
    let has_mail = context.has_mail;
    let accounts = (is_org && org.role.may_somewhere(Permission::ManageMembers))
        .then(|| format!("/orgs/{}/service-accounts", org.org.id));
    let invite = may_manage.then(|| format!("{}/invitations", place.path()));
    Ok(Page::framed("Members", chrome, move || {
        let People { members, keys, invitations } = people;
        let total = count(members.len(), "member");
        let alone = (members.len() == 1 && invitations.is_empty())
            .then(|| view! { <p class="muted">"Nobody else is here yet."</p> });
        let rows = members.into_iter().map(|member| {
            let made = keys.get(member.user.id.as_str()).copied();
            view! { <MemberRow member made viewer=viewer.clone() now/> }
        });
        let rows = rows.collect_view();
        let (name, kind) = ((!is_org).then(|| place.name.clone()), place.kind);
        view! {
            <PageHead
                title="Members" sub=move || view! {
                    {name.map(|name| view! { <span>{name}</span> })}
                    <span>{total}</span>
                    <span><RolesMenu kind/></span>
                }
                actions=move || view! {
                    {accounts.map(|href| view! { <a class="btn" href=href>"Service accounts"</a> })}
                    {invite.map(|href| view! { <a id="invite" class="btn btn-primary" href=href>"Invite"</a> })}
                    {exports.map(|[csv, jsonl]| view! {
                        <Menu id="more" name="More actions">
                            <a class="menu-item" href=csv download>"Export CSV"</a>
                            <a class="menu-item" href=jsonl download>"Export JSONL"</a>
                        </Menu>
                    })}
                }
            />
            <DoneNotice text=done/>
            <div class="columns">
                <DataTable label="Members" columns=columns(with_keys) compact=true>{rows}</DataTable>
                {alone}
                {may_manage.then(|| view! { <Pending invitations place role has_mail now/> })}
            </div>
        }
    }))
}
