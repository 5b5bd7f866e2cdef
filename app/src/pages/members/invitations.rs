//! `…/invitations` of an organization, a tenant or a project: invites people by e-mail, and sends an invitation again or
//! revokes it.

use leptos::prelude::*;
use sallyport::{
    id::InvitationId,
    member::{Permission, Role},
    place::Place,
};

use super::{
    People,
    explained::{RolesExplained, choices},
    links::Links,
    page, path,
    populated::Populated,
};
use crate::{
    access::Addressed,
    acts::{
        ActError, Caller,
        invitations::{invite, resend_invitation, revoke_invitation},
        inviting::Sent,
        places::PlaceId,
    },
    components::{ErrorSummary, Notice, PanelFoot, SelectField, SidePanel, TextArea, TextField, Tone},
    error::{PageError, PageResult},
    form::FormState,
    islands::SubmitOnce,
    portal::Page,
    ui::{Typed, Ui, refuse, see_other},
};

pub async fn get<A: Populated>(ui: Ui, access: A) -> PageResult {
    access.org().needs(Permission::ManageMembers)?;
    let least = Role::granted_at(access.place().kind).last().map_or("", Role::as_str);
    let form = FormState::new().with_default("role", least);
    Ok(ui.ok(asking(&ui, &access, form).await?))
}

pub async fn post<A: Populated>(ui: Ui, caller: Caller, Addressed(id): Addressed<A>, Typed(form): Typed) -> PageResult {
    let access: A = caller.access(&id).await?;
    access.org().needs(Permission::ManageMembers)?;
    let members = path(&access.place());
    let value = |name| form.value(name);
    let invitation = || InvitationId::parse(&value("invitation")).ok_or(PageError::NotFound);
    let sent = match value("do").as_str() {
        "revoke" => match caller.run(revoke_invitation(invitation()?)).await {
            Ok(()) => return Ok(see_other(format!("{members}?done=revoked"))),
            Err(error) => Err(error),
        },
        "resend" => caller.run(resend_invitation(invitation()?)).await.map(|sent| vec![sent.0]),
        _ => {
            let (place, role): (PlaceId, _) = (id.into(), value("role"));
            caller.run(invite(place, value("emails"), role, value("message"))).await.map(|sent| sent.0)
        }
    };
    match sent {
        Ok(sent) if sent.iter().any(|one| one.url.is_some()) => hand_over(&ui, &access, sent, members).await,
        Ok(_) if form.has("do", "resend") => Ok(see_other(format!("{members}?done=resent"))),
        Ok(_) => Ok(see_other(format!("{members}?done=invited"))),
        Err(ActError::Conflict(_)) => Ok(see_other(format!("{members}?done=ended"))),
        Err(error) => {
            let wait = error.wait();
            let form = refuse(form, error)?;
            Ok(ui.refused_for(asking(&ui, &access, form).await?, wait))
        }
    }
}

async fn hand_over<A: Populated>(ui: &Ui, access: &A, sent: Vec<Sent>, done: String) -> PageResult {
    let people = People::of(&ui.context, access.org(), &access.place()).await?;
    let page = page(ui, &ui.context, access, people, None).await?;
    Ok(ui.secret(page.with_dialog(move || view! { <Links sent done/> })))
}

async fn asking<A: Populated>(ui: &Ui, access: &A, form: FormState) -> Result<Page, PageError> {
    let place = access.place();
    let people = People::of(&ui.context, access.org(), &place).await?;
    let held = access.org().role.here;
    let roles: Vec<_> = Role::granted_at(place.kind).filter(|role| held.may_grant(*role)).collect();
    let has_mail = ui.context.has_mail;
    let page = page(ui, &ui.context, access, people, None).await?;
    Ok(page.with_dialog(move || view! { <InvitePanel form place roles has_mail/> }))
}

#[component]
fn InvitePanel(
    form: FormState,
    place: Place,
    /// The roles that the person may give.
    roles: Vec<Role>,
    has_mail: bool,
) -> impl IntoView {
    let (action, close) = (format!("{}/invitations", place.path()), format!("{}#invite", path(&place)));
    let options = choices(roles);
    let message = has_mail.then(|| {
        view! {
            <TextField form=&form name="message" label="Message" maxlength=300 hint="Optional: a sentence in the mail."/>
        }
    });
    let without_mail = (!has_mail).then(|| {
        view! {
            <Notice tone=Tone::Warning>
                "This portal does not send mail. You get a link for each person, to hand over yourself."
            </Notice>
        }
    });
    view! {
        <SidePanel title="Invite" sub=format!("To {}", place.name) close_href=close.clone()>
            <form method="post" action=action novalidate>
                <div class="stack">
                    {without_mail}
                    <ErrorSummary form=&form/>
                    <TextArea
                        form=&form name="emails" label="E-mail addresses" autofocus=!form.is_refused()
                        hint="Several are separated by commas or lines. Each gets a link that works once, for 7 days."
                    />
                    <SelectField form=&form name="role" label="Role" options/>
                    <RolesExplained kind=place.kind/>
                    {message}
                </div>
                <PanelFoot cancel_href=close>
                    <button class="btn btn-primary">"Send invitations"</button>
                </PanelFoot>
                <SubmitOnce/>
            </form>
        </SidePanel>
    }
}
