//! A member in the list, with what can be done about them in a menu.

use leptos::prelude::*;
use sallyport::{Timestamp, id::OrgId, member::Member};

use crate::{
    components::{Avatar, Badge, IdChip, Menu, Tone},
    words::{Ago, count},
};

/// The menu of a row; its button has the focus again after a dialog that was opened from it.
pub(super) fn menu_id(user: &str) -> String {
    format!("menu-{user}")
}

#[component]
pub(super) fn MemberRow(
    member: Member,
    /// How many keys they made that are not revoked, where there are any.
    made: Option<i64>,
    /// Whether it is the person who looks.
    you: bool,
    /// Whether the person who looks may change their role, and remove them.
    may: bool,
    org: OrgId,
    now: Timestamp,
) -> impl IntoView {
    let Member { user, role, since, disabled, last_seen_at } = member;
    // A search leads here.
    let id = user.id.to_string();
    let (copied, menu) = (id.clone(), menu_id(&id));
    let keys = format!("/orgs/{org}/keys?created_by={id}");
    let made = match made {
        Some(n) => view! { <a href=keys>{count(n, "key")}</a> }.into_any(),
        None => "None".into_any(),
    };
    let seen = match last_seen_at {
        Some(at) => view! { <Ago at now/> }.into_any(),
        None => "Signed out".into_any(),
    };
    let activity = format!("/orgs/{org}/activity?actor={id}");
    let asks = [("change", "menu-item", "Change role"), ("remove", "menu-item menu-danger", "Remove")];
    let asks = asks.map(|(ask, class, name)| {
        let href = format!("/orgs/{org}/members?{ask}={id}");
        may.then(|| view! { <a class=class href=href>{name}</a> })
    });
    view! {
        <tr id=id.clone() class:row-off=disabled>
            <td class="cell-head">
                <span class="person">
                    <Avatar id=id.clone() name=user.name.clone()/>
                    <span>
                        {user.name.clone()}
                        {you.then(|| view! { " "<Badge tone=Tone::Accent text="You"/> })}
                        {disabled.then(|| view! { " "<Badge tone=Tone::Warning text="Disabled"/> })}
                        <span class="cell-sub">{user.email}</span>
                    </span>
                </span>
            </td>
            <td data-label="Role"><span>{role.title()}</span><span class="cell-sub">"Organization"</span></td>
            <td data-label="Last active" class="cell-muted">{seen}</td>
            <td data-label="Keys">{made}</td>
            <td data-label="Since" class="cell-muted cell-less"><Ago at=since now/></td>
            <td class="cell-act">
                <Menu id=menu name=format!("Actions for {}", user.name) small=true>
                    <IdChip id=copied name="Copy user id"/>
                    <a class="menu-item" href=activity>"Activity"</a>
                    {asks.to_vec()}
                </Menu>
            </td>
        </tr>
    }
}
