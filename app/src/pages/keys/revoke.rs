//! `/keys/{key_id}/revoke`: revokes a key after a confirmation.

use axum::extract::State;
use leptos::prelude::*;

use super::{generate::another, settings};
use crate::{
    access::{Addressed, KeyAccess},
    acts::{Caller, keys::revoke_key},
    components::{ErrorSummary, Modal, Notice, PanelFoot, TextField, Tone},
    context::Context,
    error::{PageError, PageResult},
    form::FormState,
    islands::SubmitOnce,
    portal::Page,
    ui::{Typed, Ui, refuse, see_other},
};

pub async fn get(ui: Ui, State(context): State<Context>, access: KeyAccess) -> PageResult {
    access.needs_change()?;
    if access.key.revoked.is_some() {
        return Ok(see_other(format!("/keys/{}", access.key.id)));
    }
    Ok(ui.ok(page(&ui, &context, &access, FormState::new()).await?))
}

pub async fn post(ui: Ui, caller: Caller, Addressed(key): Addressed<KeyAccess>, Typed(form): Typed) -> PageResult {
    match caller.run(revoke_key(key.clone(), form.value("reason"))).await {
        Ok(()) if form.has("again", "1") => {
            let access: KeyAccess = caller.access(&key).await?;
            Ok(see_other(another(ui.context.store.profile(), &access.key)))
        }
        Ok(()) => Ok(see_other(format!("/keys/{key}"))),
        Err(error) => {
            let (form, access) = (refuse(form, error)?, caller.access(&key).await?);
            Ok(ui.refused(page(&ui, &ui.context, &access, form).await?))
        }
    }
}

async fn page(ui: &Ui, context: &Context, access: &KeyAccess, form: FormState) -> Result<Page, PageError> {
    let page = settings::page(ui, context, access).await?;
    let (label, close) = (access.key.label.clone(), format!("/keys/{}", access.key.id));
    let action = format!("{close}/revoke");
    // Returns to the button that opened it.
    let close = format!("{close}/settings#revoke");
    Ok(page.with_dialog(move || {
        view! {
            <Modal title="Revoke this key?" sub=label close_href=close.clone()>
                <form method="post" action=action novalidate>
                    <div class="stack">
                        <ErrorSummary form=&form/>
                        <Notice tone=Tone::Danger>
                            "Every request with it is refused from then on. This can’t be undone; generate another key instead."
                        </Notice>
                        <TextField
                            form=&form name="reason" label="Reason" autofocus=!form.is_refused()
                            hint="Optional. Shown in the activity log."
                        />
                    </div>
                    <PanelFoot cancel_href=close>
                        <button class="btn btn-danger">"Revoke key"</button>
                    </PanelFoot>
                    <SubmitOnce/>
                </form>
            </Modal>
        }
    }))
}
