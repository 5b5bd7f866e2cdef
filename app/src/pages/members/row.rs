//! A member in the list, with what can be done about them in a menu.

use leptos::prelude::*;
use sallyport::{
    Timestamp,
    id::UserId,
    member::{Grant, Held, Member, Permission, Role},
    place::{Place, PlaceKind},
};

use super::path;
use crate::{
    acts::members::may_change,
    components::{Badge, IdChip, Menu, Person, Tone},
    words::{Ago, count},
};

/// The menu of a row; its button has the focus again after a dialog that was opened from it.
pub(super) fn menu_id(user: &str) -> String {
    format!("menu-{user}")
}

/// Who looks at the list, and where.
#[derive(Clone)]
pub(super) struct Viewer {
    pub user: UserId,
    pub role: Held,
    pub place: Place,
    /// Whether the list says how many keys each person made.
    pub with_keys: bool,
}

impl Viewer {
    /// What the viewer may ask to do with a member: the name in the query, a class and the label.
    fn asks(&self, member: &Member) -> Vec<(&'static str, &'static str, &'static str)> {
        let mut asks = Vec::new();
        let (you, may) = (member.user.id == self.user, may_change(self.role, &self.place, member));
        let here = !member.roles_at(&self.place.id).is_empty();
        let within = here || member.grants.iter().any(|grant| grant.kind > self.place.kind);
        if may {
            asks.push(("change", "menu-item", if here { "Change role" } else { "Give a role here" }));
        }
        let is_org = self.place.kind == PlaceKind::Org;
        if is_org && !you && !member.disabled && self.role.may(Permission::OwnOrg) {
            asks.push(("hand_over", "menu-item", "Hand over ownership"));
        }
        if within && you {
            asks.push(("remove", "menu-item menu-danger", "Leave"));
        } else if within && may {
            asks.push(("remove", "menu-item menu-danger", "Remove"));
        }
        asks
    }

    /// Where a role was granted, seen from the place of the list; nothing if it was there.
    fn origin(&self, grant: Grant) -> Option<AnyView> {
        if grant.place_id == self.place.id {
            return None;
        }
        let link = format!("{}/members", grant.kind.path(&grant.place_id));
        Some(match grant.kind {
            // Members of a tenant or project may have no access to the list of the organization's.
            PlaceKind::Org if !self.role.at_org.may(Permission::SeePlace) => {
                format!("From {}", grant.place_name).into_any()
            }
            kind if kind > self.place.kind => view! { "In "<a href=link>{grant.place_name}</a> }.into_any(),
            _ => view! { "From "<a href=link>{grant.place_name}</a> }.into_any(),
        })
    }
}

#[component]
pub(super) fn MemberRow(
    member: Member,
    /// How many keys they made that are not revoked, where there are any.
    made: Option<i64>,
    viewer: Viewer,
    now: Timestamp,
) -> impl IntoView {
    let asks = viewer.asks(&member);
    let you = member.user.id == viewer.user;
    let Member { user, grants, since, disabled, last_seen_at, has_signed_in, .. } = member;
    let org = viewer.place.org_id.clone();
    // A search leads here.
    let id = user.id.to_string();
    let (copied, menu) = (id.clone(), menu_id(&id));
    let keys = format!("/orgs/{org}/keys?created_by={id}");
    let made = viewer.with_keys.then(|| {
        let made = match made {
            Some(n) => view! { <a href=keys>{count(n, "key")}</a> }.into_any(),
            None => view! { <span class="muted">"None"</span> }.into_any(),
        };
        view! { <td data-label="Keys">{made}</td> }
    });
    let seen = match last_seen_at {
        Some(at) => view! { <Ago at now/> }.into_any(),
        None if has_signed_in => "Signed out".into_any(),
        None => "Never signed in".into_any(),
    };
    let activity = viewer.role.may_somewhere(Permission::SeeKeys).then(|| format!("/orgs/{org}/activity?actor={id}"));
    let asks = asks.into_iter().map(|(ask, class, name)| {
        let href = format!("{}?{ask}={id}", path(&viewer.place));
        view! { <a class=class href=href>{name}</a> }
    });
    let asks = asks.collect_view();
    let roles = by_place(grants).into_iter().map(|(titles, grant)| {
        let origin = viewer.origin(grant).map(|origin| view! { <span class="cell-sub">{origin}</span> });
        view! { <span class="role"><span>{titles}</span>{origin}</span> }
    });
    let roles = roles.collect_view();
    view! {
        <tr id=id.clone() class:row-off=disabled>
            <td class="cell-head">
                <Person id=id.clone() name=user.name.clone() email=user.email>
                    {you.then(|| view! { " "<Badge tone=Tone::Accent text="You"/> })}
                    {disabled.then(|| view! { " "<Badge tone=Tone::Warning text="Disabled"/> })}
                </Person>
            </td>
            <td data-label="Role">{roles}</td>
            <td data-label="Last active" class="cell-muted">{seen}</td>
            {made}
            <td data-label="Since" class="cell-muted cell-less"><Ago at=since now/></td>
            <td class="cell-act">
                <Menu id=menu name=format!("Actions for {}", user.name) small=true>
                    <IdChip id=copied name="Copy user id"/>
                    {activity.map(|href| view! { <a class="menu-item" href=href>"Activity"</a> })}
                    {asks}
                </Menu>
            </td>
        </tr>
    }
}

/// The titles of the roles granted at each place, with one of these grants. Those of one place follow each other.
fn by_place(grants: Vec<Grant>) -> Vec<(String, Grant)> {
    let mut places: Vec<(String, Grant)> = Vec::new();
    for grant in grants {
        let title = Role::title(grant.role);
        match places.iter_mut().find(|(_, known)| known.place_id == grant.place_id) {
            Some((titles, _)) => *titles = format!("{titles}, {title}"),
            None => places.push((title.to_owned(), grant)),
        }
    }
    places
}
