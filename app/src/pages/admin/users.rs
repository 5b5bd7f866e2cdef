//! `/admin/users`: every account of the portal.

use leptos::prelude::*;
use sallyport::{Timestamp, id::UserId, store::ConsoleUser};

use super::list::{Edges, ListPages, ListQuery, ListSearch, NoRows};
use crate::{
    access::OperatorAccess,
    access::SignedIn,
    components::{Badge, DataTable, DoneNotice, Head, IdChip, Menu, PageHead, Person, Tone},
    error::{PageError, PageResult},
    icons::Icon,
    portal::{AdminSection, Page},
    shell,
    ui::{Ui, UrlQuery},
    words::{Ago, digits},
};

pub(super) const PATH: &str = "/admin/users";

const STATUSES: [(&str, &str); 3] = [("active", "Active"), ("disabled", "Disabled"), ("operator", "Operator")];

pub async fn get(ui: Ui, access: OperatorAccess, UrlQuery(query): UrlQuery<ListQuery>) -> PageResult {
    let page = page(&ui, &access.me, query).await?;
    Ok(ui.ok(page))
}

fn done(what: &str) -> Option<&'static str> {
    match what {
        "disable" => Some("Disabled. The person is signed out, and their own keys are refused."),
        "enable" => Some("Enabled. The person can sign in with the password they had."),
        "sign-out" => Some("Signed out. The person has to sign in again."),
        _ => None,
    }
}

/// The list, also below a dialog.
pub(super) async fn page(ui: &Ui, me: &SignedIn, query: ListQuery) -> Result<Page, PageError> {
    let store = &ui.context.store;
    let page = store.console_users(&(&query).into()).await?;
    let chrome = shell::at_last(shell::of_admin(ui, me, AdminSection::Users).await?);
    let (now, me) = (store.now(), me.user.id.clone());
    Ok(Page::framed("Users", chrome, move || {
        let (edges, list, done) = (Edges::from(&page), query.clone(), done(&query.done));
        let mut heads = ["Name", "Role", "Last active", "Sessions"].map(Head::new).to_vec();
        heads.extend([Head::new("Created").less(), Head::new("Status"), Head::new("")]);
        let body = if page.items.is_empty() {
            let text = "Each person with an account is listed here.";
            view! { <NoRows path=PATH query=query.clone() icon=Icon::Users title="No account yet" text/> }.into_any()
        } else {
            let rows = page.items.into_iter().map(|user| view! { <UserRow user me=me.clone() now/> }).collect_view();
            view! { <DataTable label="Users" columns=heads compact=true>{rows}</DataTable> }.into_any()
        };
        view! {
            <PageHead
                title="Users" sub=|| view! { <span>"All accounts of this portal, newest first"</span> }
                actions=|| view! {
                    <Menu id="everybody" name="More actions">
                        <a class="menu-item menu-danger" href="/admin/users/sign-out">"Sign everybody out"</a>
                    </Menu>
                }
            />
            <DoneNotice text=done/>
            <ListSearch path=PATH label="Name, e-mail or ID" query statuses=&STATUSES/>
            {body}
            <ListPages path=PATH query=list noun="user" edges/>
        }
    }))
}

/// The menu of a row; its button has the focus again after a dialog that was opened from it.
pub(super) fn menu_id(user: &UserId) -> String {
    format!("menu-{user}")
}

#[component]
fn UserRow(user: ConsoleUser, me: UserId, now: Timestamp) -> impl IntoView {
    let ConsoleUser { account, sessions, last_seen_at } = user;
    let (user, disabled) = (account.user, account.disabled_at.is_some());
    let (id, you) = (user.id.to_string(), user.id == me);
    let (row, path) = (id.clone(), format!("{PATH}/{id}"));
    let status = if disabled {
        view! { <Badge tone=Tone::Warning text="Disabled"/> }.into_any()
    } else {
        view! { <Badge tone=Tone::Good text="Active"/> }.into_any()
    };
    let seen = match last_seen_at {
        Some(at) => view! { <Ago at now/> }.into_any(),
        None => "Signed out".into_any(),
    };
    let turn = if disabled {
        view! { <form method="post" action=format!("{path}/enable")><button class="menu-item">"Enable"</button></form> }
            .into_any()
    } else {
        (!you)
            .then(|| view! { <a class="menu-item menu-danger" href=format!("{path}/disable")>"Disable"</a> })
            .into_any()
    };
    let sign_out = (sessions > 0).then(|| view! {
        <form method="post" action=format!("{path}/sign-out")><button class="menu-item">"Sign out everywhere"</button></form>
    });
    view! {
        <tr id=row class:row-off=disabled>
            <td class="cell-head">
                <Person id=id.clone() name=user.name.clone() email=user.email>
                    {you.then(|| view! { " "<Badge tone=Tone::Accent text="You"/> })}
                    {user.unverified.then(|| view! { " "<Badge tone=Tone::Warning text="Unverified address"/> })}
                </Person>
            </td>
            <td data-label="Role">{user.operator.then_some("Operator")}</td>
            <td data-label="Last active" class="cell-muted">{seen}</td>
            <td data-label="Sessions">{digits(sessions)}</td>
            <td data-label="Created" class="cell-muted cell-less cell-least"><Ago at=user.created_at now/></td>
            <td class="cell-end">{status}</td>
            <td class="cell-act">
                <Menu id=menu_id(&user.id) name=format!("Actions for {}", user.name) small=true>
                    <IdChip id name="Copy user id"/>
                    {sign_out}
                    {turn}
                </Menu>
            </td>
        </tr>
    }
}
