//! `/keys/{key_id}/edit`: its label, and what its owner notes on it.

use axum::extract::State;
use leptos::prelude::*;
use sallyport::key::EditedKey;

use super::overview;
use crate::{
    access::KeyAccess,
    components::{ErrorSummary, PanelFoot, SidePanel, TextArea, TextField},
    context::Context,
    error::{PageError, PageResult},
    form::FormState,
    islands::SubmitOnce,
    portal::Page,
    ui::{Typed, Ui, refuse, see_other},
};

pub async fn get(ui: Ui, State(context): State<Context>, access: KeyAccess) -> PageResult {
    access.needs_change()?;
    let form = FormState::typed([("label", access.key.label.clone()), ("metadata", access.key.metadata.pretty())]);
    Ok(ui.ok(page(&ui, &context, &access, form).await?).await)
}

pub async fn post(ui: Ui, State(context): State<Context>, access: KeyAccess, Typed(form): Typed) -> PageResult {
    access.needs_change()?;
    let edited = async {
        let new = EditedKey::check(&form.value("label"), &form.value("metadata"))?;
        context.store.edit_key(&access.within.org().me.act(), &access.key, new).await
    };
    match edited.await {
        Ok(()) => Ok(see_other(format!("/keys/{}?done=edited", access.key.id))),
        Err(error) => Ok(ui.refused(page(&ui, &context, &access, refuse(form, error)?).await?).await),
    }
}

async fn page(ui: &Ui, context: &Context, access: &KeyAccess, form: FormState) -> Result<Page, PageError> {
    let page = overview::page(ui, context, access, "").await?;
    let close = format!("/keys/{}", access.key.id);
    let action = format!("{close}/edit");
    // Back to the button that asked.
    let close = format!("{close}#edit");
    Ok(page.with_dialog(move || {
        view! {
            <SidePanel
                title="Edit key" sub="What the key may do can’t be changed here; generate another key for that."
                close_href=close.clone()
            >
                <form method="post" action=action novalidate>
                    <div class="stack">
                        <ErrorSummary form=&form/>
                        <TextField form=&form name="label" label="Label" autofocus=!form.is_refused()/>
                        <TextArea
                            form=&form name="metadata" label="Metadata" mono=true rows=8
                            hint="Optional. A JSON object of up to 2 KB; the verifier returns it with the key."
                        />
                    </div>
                    <PanelFoot cancel_href=close>
                        <button class="btn btn-primary">"Save"</button>
                    </PanelFoot>
                    <SubmitOnce/>
                </form>
            </SidePanel>
        }
    }))
}
