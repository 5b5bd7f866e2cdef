//! `/admin/revoke-keys`: revokes every key of the portal, in an incident.

use leptos::prelude::*;
use sallyport::store::KeysInForce;

use super::{
    list::{ListQuery, counted},
    orgs::page,
};
use crate::{
    access::{OperatorAccess, SignedIn},
    acts::{
        Caller,
        admin::keys::{EVERY_KEY, revoke_every_key},
    },
    components::{ErrorSummary, Modal, Notice, PanelFoot, PasswordOf, TextField, Tone},
    error::{PageError, PageResult},
    form::FormState,
    islands::SubmitOnce,
    portal::Page,
    ui::{Typed, Ui, refuse, see_other},
};

pub async fn get(ui: Ui, access: OperatorAccess) -> PageResult {
    Ok(ui.ok(asking(&ui, &access.me, FormState::new()).await?))
}

pub async fn post(ui: Ui, caller: Caller, access: OperatorAccess, Typed(form): Typed) -> PageResult {
    let done = revoke_every_key(form.value("typed_name"), form.value("reason"), form.value("password"));
    match caller.run(done).await {
        Ok(_) => Ok(see_other("/admin/organizations?done=revoke-keys")),
        Err(error) => {
            let wait = error.wait();
            let page = asking(&ui, &access.me, refuse(form, error)?).await?;
            Ok(ui.refused_for(page, wait))
        }
    }
}

/// The dialog in front of the list.
async fn asking(ui: &Ui, me: &SignedIn, form: FormState) -> Result<Page, PageError> {
    let in_force = ui.context.store.keys_in_force().await?;
    let (page, email) = (page(ui, me, ListQuery::default()).await?, me.user.email.clone());
    // Who has no password confirmed already that it is them.
    let email = ui.context.store.has_password(&me.user.id).await?.then_some(email);
    Ok(page.with_dialog(move || view! { <Asking form in_force email/> }))
}

/// How many keys it affects, and how many of them somebody calls with.
fn affected(KeysInForce { keys, in_use }: KeysInForce) -> String {
    match (keys, in_use) {
        (0, _) => "No key is left to revoke.".to_owned(),
        (1, 0) => "One key will be revoked. It was not used in the last week.".to_owned(),
        (1, _) => "One key will be revoked. It was used in the last week, and what calls with it will stop working."
            .to_owned(),
        (keys, in_use) => {
            let verb = if in_use == 1 { "was" } else { "were" };
            format!("{} keys will be revoked; {} {verb} used in the last week.", counted(keys), counted(in_use))
        }
    }
}

#[component]
fn Asking(form: FormState, in_force: KeysInForce, email: Option<String>) -> impl IntoView {
    let close = "/admin/organizations#all-organizations-button";
    view! {
        <Modal title="Revoke all keys of the portal?" sub="Every key of every organization" close_href=close>
            <form method="post" action="/admin/revoke-keys" novalidate>
                <div class="stack">
                    <ErrorSummary form=&form/>
                    <Notice tone=Tone::Danger>
                        {affected(in_force)}
                        " Every request with one of them will be refused at once. This can’t be undone. Root tokens and sessions are not affected, and new keys can be generated."
                    </Notice>
                    <TextField
                        form=&form name="typed_name" label="Confirmation" hint=format!("Type “{EVERY_KEY}” to confirm.")
                        autocomplete="off" autofocus=!form.is_refused()
                    />
                    <TextField
                        form=&form name="reason" label="Reason" maxlength=200
                        hint="Optional. Shown in the activity log of each organization."
                    />
                    {email.map(|email| view! {
                        <PasswordOf email/>
                        <TextField
                            form=&form name="password" label="Your password" kind="password" autocomplete="current-password"
                        />
                    })}
                </div>
                <PanelFoot cancel_href=close><button class="btn btn-danger">"Revoke all keys"</button></PanelFoot>
                <SubmitOnce/>
            </form>
        </Modal>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_is_affected() {
        let said = [(0, 0), (1, 0), (1, 1), (14, 3), (1_001, 20)];
        let said = said.map(|(keys, in_use)| affected(KeysInForce { keys, in_use }));
        assert_eq!(said[0], "No key is left to revoke.");
        assert_eq!(said[3], "14 keys will be revoked; 3 were used in the last week.");
        assert_eq!(said[4], "1,000+ keys will be revoked; 20 were used in the last week.");
    }
}
