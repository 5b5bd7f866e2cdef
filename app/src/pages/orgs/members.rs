//! `/orgs/{org_id}/members`: who belongs to it, and in which role.

mod change;
pub mod export;

use std::collections::HashMap;

use axum::extract::State;
use leptos::prelude::*;
use sallyport::{
    Timestamp,
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
    components::{Badge, Card, CodeBlock, DataTable, Notice, PageHead, Tone},
    context::Context,
    error::{PageError, PageResult},
    export::Format,
    form::FormState,
    portal::{Page, Section},
    shell,
    ui::{Typed, Ui, UrlQuery, refuse, see_other},
    words::{Ago, count},
};
use change::{Change, ChangeDialog, Dialog};

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
    let [csv, jsonl] = [Format::Csv, Format::Jsonl].map(|format| format.href(&path, std::iter::empty()));
    let made_by = format!("/orgs/{}/keys?created_by=", access.org.id);
    let add = format!("sallyport member add --org {} --email EMAIL --role member", access.org.id);
    Ok(Page::framed("Members", chrome, move || {
        let total = count(i64::try_from(members.len()).unwrap_or(i64::MAX), "member");
        let alone = members.len() == 1;
        let may_manage = role.may(Permission::ManageOrg);
        let rows = members.into_iter().map(move |member| {
            let made = keys.get(member.user.id.as_str()).map(|n| (*n, format!("{made_by}{}", member.user.id)));
            view! { <MemberRow member made role path=path.clone() now/> }
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
            <DataTable label="Members" columns=&["Name", "Email", "Role", "Keys", "Since", ""]>{rows.collect_view()}</DataTable>
            {may_manage.then(|| view! {
                <Card title="Add a member">
                    <p class="muted">
                        {alone.then_some("Nobody else is here yet. ")}
                        "An operator adds people on the server, once they have an account (sallyport user create):"
                    </p>
                    <CodeBlock text=add/>
                </Card>
            })}
        }
    }))
}

#[component]
fn MemberRow(
    member: Member,
    /// How many keys they made that are not revoked, and the address of these.
    made: Option<(i64, String)>,
    role: Role,
    path: String,
    now: Timestamp,
) -> impl IntoView {
    let Member { user, role: theirs, since, disabled } = member;
    let may = role.may_change(Some(theirs), None);
    let asks = [("change", "Change role"), ("remove", "Remove")].map(|(ask, name)| {
        let (id, href) = (format!("{ask}-{}", user.id), format!("{path}?{ask}={}", user.id));
        may.then(|| view! { <a id=id class="btn btn-small" href=href>{name}</a>" " })
    });
    // A search leads here.
    let row = user.id.to_string();
    let made = made.map(|(n, href)| view! { <a href=href>{count(n, "key")}</a> });
    view! {
        <tr id=row class:row-off=disabled>
            <td class="cell-head">
                {user.name}
                {disabled.then(|| view! { " "<Badge tone=Tone::Warning text="Disabled"/> })}
            </td>
            <td data-label="Email">{user.email}</td>
            <td data-label="Role">{theirs.title()}</td>
            <td data-label="Keys">{made}</td>
            <td data-label="Since" class="cell-muted"><Ago at=since now/></td>
            <td class="cell-end">{asks.collect_view()}</td>
        </tr>
    }
}
