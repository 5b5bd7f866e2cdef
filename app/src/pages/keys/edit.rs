//! `/keys/{key_id}/edit`: its label, and what its owner notes on it.

use axum::extract::State;
use leptos::prelude::*;

use super::{key_panel::KeyPanel, settings};
use crate::{
    access::{Addressed, KeyAccess},
    acts::{Caller, keys::edit_key},
    components::{Hidden, TextArea, TextField},
    context::Context,
    edit_conflict::fingerprint,
    error::{PageError, PageResult},
    form::FormState,
    portal::Page,
    ui::{Typed, Ui, refuse, see_other},
};

pub async fn get(ui: Ui, State(context): State<Context>, access: KeyAccess) -> PageResult {
    access.needs_change()?;
    let form = FormState::typed([("label", access.key.label.clone()), ("metadata", access.key.metadata.pretty())]);
    Ok(ui.ok(page(&ui, &context, &access, form).await?))
}

pub async fn post(ui: Ui, caller: Caller, Addressed(key): Addressed<KeyAccess>, Typed(form): Typed) -> PageResult {
    match caller.run(edit_key(key.clone(), form.value("label"), form.value("metadata"), form.value("seen"))).await {
        Ok(()) => Ok(see_other(format!("/keys/{key}?done=edited"))),
        Err(error) => {
            let (form, access) = (refuse(form, error)?, caller.access(&key).await?);
            Ok(ui.refused(page(&ui, &ui.context, &access, form).await?))
        }
    }
}

async fn page(ui: &Ui, context: &Context, access: &KeyAccess, form: FormState) -> Result<Page, PageError> {
    let page = settings::page(ui, context, access).await?;
    let key = access.key.id.clone();
    let seen = fingerprint(&[&access.key.label, &access.key.metadata.pretty()]);
    Ok(page.with_dialog(move || {
        view! {
            <KeyPanel
                key at="edit" title="Edit key" form=&form
                sub="How people and backends find it. What it may do is changed on its page."
            >
                <Hidden name="seen" value=seen/>
                <TextField form=&form name="label" label="Label" autofocus=!form.is_refused()/>
                <TextArea
                    form=&form name="metadata" label="Metadata" mono=true rows=8
                    hint="Optional. A JSON object of up to 2 KB; the verifier returns it with the key."
                />
            </KeyPanel>
        }
    }))
}
