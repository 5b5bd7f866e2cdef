//! `/orgs/{org_id}/members`: who belongs to it, and in which role.

mod change;
pub mod export;
mod roles;
mod row;

use std::collections::HashMap;

use axum::extract::State;
use leptos::prelude::*;
use sallyport::{
    id::UserId,
    member::{Member, Permission, Role},
};
use serde::Deserialize;

use crate::{
    access::OrgAccess,
    acts::{
        Caller,
        members::{change_role, remove_member},
    },
    components::{Card, CodeBlock, DataTable, Head, Notice, PageHead, Tone},
    context::Context,
    error::{PageError, PageResult},
    export::Format,
    form::FormState,
    portal::{Page, Section},
    shell,
    ui::{Typed, Ui, UrlQuery, refuse, see_other},
    words::count,
};
use change::{Change, ChangeDialog, Dialog};
use roles::RolesCard;
use row::MemberRow;

#[derive(Deserialize)]
pub struct MembersQuery {
    /// Whose role is to be changed: opens the dialog.
    #[serde(default)]
    change: String,
    /// Who is to be removed: opens the other one.
    #[serde(default)]
    remove: String,
    /// What was done just now.
    #[serde(default)]
    done: String,
}

pub async fn get(
    ui: Ui,
    State(context): State<Context>,
    access: OrgAccess,
    UrlQuery(query): UrlQuery<MembersQuery>,
) -> PageResult {
    let done = match query.done.as_str() {
        "change" => Some("The role was changed."),
        "remove" => Some("The member was removed and can no longer see this organization."),
        "remove-revoke" => Some(
            "The member was removed and can no longer see this organization. The keys that they made were revoked.",
        ),
        _ => None,
    };
    let members = context.store.members(&access.org.id).await?;
    let asked = match (query.change.as_str(), query.remove.as_str()) {
        ("", "") => None,
        ("", id) => Some((Change::Remove, id)),
        (id, _) => Some((Change::Role, id)),
    };
    let owner = context.store.profile().keys.owner;
    let keys = context.store.keys_made(&access.org.id).await?;
    let dialog = asked.map(|(change, id)| Dialog::new(owner, &access, &members, &keys, change, id, FormState::new()));
    let dialog = dialog.transpose()?;
    let page = page(&ui, &context, &access, members, keys, done).await?;
    Ok(ui.ok(before(page, dialog)).await)
}

pub async fn post(ui: Ui, caller: Caller, access: OrgAccess, Typed(form): Typed) -> PageResult {
    let change = match form.value("do").as_str() {
        "change" => Change::Role,
        "remove" => Change::Remove,
        _ => {
            return Err(PageError::BadRequest(
                "This form does not belong to this page. Open the page again.".to_owned(),
            ));
        }
    };
    let user = UserId::parse(&form.value("user_id")).ok_or(PageError::NotFound)?;
    let (me, org) = (user == access.me.user.id, access.org.id.clone());
    let revoke = form.has("revoke_keys", "on");
    let done = match change {
        Change::Role => caller.run(change_role(org, user, form.value("role"))).await,
        Change::Remove => caller.run(remove_member(org, user, revoke)).await.map(drop),
    };
    match done {
        // Somebody who removed themselves sees nothing here any more.
        Ok(()) if change == Change::Remove && me => Ok(see_other("/")),
        Ok(()) if change == Change::Remove && revoke => Ok(see_other(format!("{}?done=remove-revoke", path(&access)))),
        Ok(()) => Ok(see_other(format!("{}?done={}", path(&access), change.name()))),
        Err(error) => {
            let form = refuse(form, error)?;
            let members = ui.context.store.members(&access.org.id).await?;
            let (owner, id) = (ui.context.store.profile().keys.owner, form.value("user_id"));
            let keys = ui.context.store.keys_made(&access.org.id).await?;
            let dialog = Dialog::new(owner, &access, &members, &keys, change, &id, form)?;
            let page = page(&ui, &ui.context, &access, members, keys, None).await?;
            Ok(ui.refused(before(page, Some(dialog))).await)
        }
    }
}

fn path(access: &OrgAccess) -> String {
    format!("/orgs/{}/members", access.org.id)
}

fn columns() -> Vec<Head> {
    let mut columns = ["Name", "Role", "Last active", "Keys"].map(Head::new).to_vec();
    columns.extend([Head::new("Since").less(), Head::new("")]);
    columns
}

fn before(page: Page, dialog: Option<Dialog>) -> Page {
    match dialog {
        Some(dialog) => page.with_dialog(move || view! { <ChangeDialog dialog/> }),
        None => page,
    }
}

async fn page(
    ui: &Ui,
    context: &Context,
    access: &OrgAccess,
    members: Vec<Member>,
    keys: HashMap<String, i64>,
    done: Option<&'static str>,
) -> Result<Page, PageError> {
    let chrome = shell::here(shell::of_org(ui, access, Section::Members).await?, "Members");
    let (now, role, path) = (context.store.now(), access.role, path(access));
    let (org, me) = (access.org.id.clone(), access.me.user.id.clone());
    let [csv, jsonl] = [Format::Csv, Format::Jsonl].map(|format| format.href(&path, std::iter::empty()));
    let add = format!("sallyport member add --org {org} --email EMAIL --role member");
    Ok(Page::framed("Members", chrome, move || {
        let total = count(i64::try_from(members.len()).unwrap_or(i64::MAX), "member");
        let alone = members.len() == 1;
        let may_manage = role.may(Permission::ManageOrg);
        let of_role = Role::ALL.map(|role| (role, members.iter().filter(|member| member.role == role).count()));
        let rows = members.into_iter().map(move |member| {
            let made = keys.get(member.user.id.as_str()).copied();
            let (you, may) = (member.user.id == me, role.may_change(Some(member.role), None));
            view! { <MemberRow member made you may org=org.clone() now/> }
        });
        view! {
            <PageHead
                title="Members" sub=move || view! { <span>{total}</span> }
                actions=move || view! {
                    <a class="btn" href=csv download>"Export CSV"</a>
                    <a class="btn" href=jsonl download>"Export JSONL"</a>
                }
            />
            {done.map(|done| view! { <div role="status"><Notice tone=Tone::Good>{done}</Notice></div> })}
            <div class="split">
                <DataTable label="Members" columns=columns()>{rows.collect_view()}</DataTable>
                <div class="columns">
                    <RolesCard of_role/>
                    {may_manage.then(|| view! {
                        <Card title="Add a member">
                            <p class="muted">
                                {alone.then_some("Nobody else is here yet. ")}
                                "An operator adds people on the server, once they have an account (sallyport user create):"
                            </p>
                            <CodeBlock text=add/>
                        </Card>
                    })}
                </div>
            </div>
        }
    }))
}
