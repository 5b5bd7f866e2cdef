//! The invitations that were not accepted yet.

use leptos::prelude::*;
use sallyport::{
    Timestamp,
    invitation::Invitation,
    member::Held,
    place::{Place, PlaceKind},
};

use crate::{
    components::{Badge, CodeBlock, DataTable, Head, Hidden, Tone},
    islands::SubmitOnce,
    words::Ahead,
};

/// Open invitations to a place and to what is below it. They can be sent again and revoked by those who may give the role.
#[component]
pub(super) fn Pending(
    invitations: Vec<Invitation>,
    place: Place,
    /// The roles of the person who looks.
    role: Held,
    has_mail: bool,
    now: Timestamp,
) -> impl IntoView {
    let add = add_command(&place);
    let without_mail = (!has_mail)
        .then_some("This portal does not send mail: each invitation shows a link once, for you to hand over.");
    let list = (!invitations.is_empty()).then(|| {
        let rows = invitations.into_iter().map(|invitation| {
            let may = role.here.may_grant(invitation.role);
            view! { <PendingRow invitation place=place.clone() may now/> }
        });
        let rows = rows.collect_view();
        let columns = ["Invited", "Role", "Expires", ""].map(Head::new).to_vec();
        view! {
            <section class="section" id="invitations">
                <h2 class="section-title">"Invitations"</h2>
                <div class="stack">
                    {without_mail.map(|text| view! { <p class="muted">{text}</p> })}
                    <DataTable label="Invitations" columns>{rows}</DataTable>
                </div>
            </section>
        }
    });
    view! {
        {list}
        <details class="disclosure">
            <summary class="muted">"Add a member on the command line"</summary>
            <div class="stack">
                <p class="muted">"An operator can add people who have an account (sallyport user create):"</p>
                <CodeBlock text=add unbroken=true/>
            </div>
        </details>
    }
}

/// The command that gives somebody a role here.
fn add_command(place: &Place) -> String {
    let (option, role) = match place.kind {
        PlaceKind::Org => ("org", "member"),
        kind => (kind.noun(), "developer"),
    };
    format!("sallyport member add --{option} {} --email EMAIL --role {role}", place.id)
}

#[component]
fn PendingRow(invitation: Invitation, place: Place, may: bool, now: Timestamp) -> impl IntoView {
    let Invitation { id, email, role, kind, place_id, place_name, inviter_name, expires_at, .. } = invitation;
    let expires = if expires_at > now {
        view! { <Ahead at=expires_at now/> }.into_any()
    } else {
        view! { <Badge tone=Tone::Warning text="Expired"/> }.into_any()
    };
    let by = (!inviter_name.is_empty()).then(|| view! { <span class="cell-sub">"By "{inviter_name}</span> });
    let below = (place_id != place.id).then(|| {
        let href = format!("{}/members", kind.path(&place_id));
        view! { <span class="cell-sub">"In "<a href=href>{place_name}</a></span> }
    });
    let action = format!("{}/invitations", place.path());
    let button = |what: &'static str, class: &'static str, label: &'static str| {
        view! {
            <form method="post" action=action.clone()>
                <Hidden name="do" value=what/>
                <Hidden name="invitation" value=id.to_string()/>
                <button class=class>{label}</button>
                <SubmitOnce/>
            </form>
        }
    };
    let buttons = may.then(|| {
        view! {
            <div class="actions">
                {button("resend", "btn btn-small", "Resend")}
                {button("revoke", "btn btn-small", "Revoke invitation")}
            </div>
        }
    });
    view! {
        <tr>
            <td class="cell-head">{email}{by}</td>
            <td data-label="Role"><span class="role"><span>{role.title()}</span>{below}</span></td>
            <td data-label="Expires" class="cell-muted">{expires}</td>
            <td class="cell-rest">{buttons}</td>
        </tr>
    }
}
