//! `…/settings/delete`: deletes it after its name was typed.

use axum::extract::State;
use leptos::prelude::*;
use sallyport::place::Place;

use super::{archive_consequences, placed::Placed};
use crate::{
    access::Addressed,
    acts::{Caller, places::delete_place},
    components::{ErrorSummary, Modal, Notice, PanelFoot, TextField, Tone},
    context::Context,
    error::{PageError, PageResult},
    form::FormState,
    islands::SubmitOnce,
    portal::Page,
    ui::{Typed, Ui, refuse, see_other},
};

pub async fn get<A: Placed>(ui: Ui, State(context): State<Context>, access: A) -> PageResult {
    access.org().needs(access.place().kind.to_delete())?;
    Ok(ui.ok(page(&ui, &context, &access, FormState::new()).await?))
}

pub async fn post<A: Placed>(ui: Ui, caller: Caller, Addressed(id): Addressed<A>, Typed(form): Typed) -> PageResult {
    match caller.run(delete_place(id.clone().into(), form.value("typed_name"))).await {
        Ok(above) => Ok(see_other(above)),
        Err(error) => {
            let (form, access) = (refuse(form, error)?, caller.access::<A>(&id).await?);
            Ok(ui.refused(page(&ui, &ui.context, &access, form).await?))
        }
    }
}

async fn page<A: Placed>(ui: &Ui, context: &Context, access: &A, form: FormState) -> Result<Page, PageError> {
    let page = super::page(ui, context, access, None, false).await?;
    let place = access.place();
    let stops = archive_consequences(&context.store.contents(&place).await?);
    Ok(page.with_dialog(move || view! { <Asking place form stops/> }))
}

#[component]
fn Asking(place: Place, form: FormState, stops: String) -> impl IntoView {
    let close = format!("{}/settings", place.path());
    let action = format!("{close}/delete");
    // Returns to the button that opened it.
    let close = format!("{close}#delete");
    let noun = place.kind.noun();
    view! {
        <Modal title=format!("Delete this {noun}?") sub=place.name.clone() close_href=close.clone()>
            <form method="post" action=action novalidate>
                <div class="stack">
                    <ErrorSummary form=&form/>
                    <Notice tone=Tone::Danger>
                        "Everything in it is deleted, its keys included. This can’t be undone. "{stops}
                    </Notice>
                    <TextField
                        form=&form name="typed_name" label=format!("Name of the {noun}")
                        hint=format!("Type “{}” to confirm.", place.name) autocomplete="off" autofocus=!form.is_refused()
                    />
                </div>
                <PanelFoot cancel_href=close>
                    <button class="btn btn-danger">{format!("Delete {noun}")}</button>
                </PanelFoot>
                <SubmitOnce/>
            </form>
        </Modal>
    }
}
