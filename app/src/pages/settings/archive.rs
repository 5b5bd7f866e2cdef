//! `…/settings/archive`: archives it after a confirmation.

use axum::extract::State;
use leptos::prelude::*;
use sallyport::place::Place;

use super::{archive_consequences, placed::Placed};
use crate::{
    access::Addressed,
    acts::{Caller, places::archive_place},
    components::{Modal, Notice, PanelFoot, Tone},
    context::Context,
    error::PageResult,
    islands::SubmitOnce,
    ui::{Ui, see_other},
};

pub async fn get<A: Placed>(ui: Ui, State(context): State<Context>, access: A) -> PageResult {
    access.org().needs(access.place().kind.to_archive())?;
    let place = access.place();
    if place.archived_at.is_some() {
        return Ok(see_other(format!("{}/settings", place.path())));
    }
    let page = super::page(&ui, &context, &access, None, false).await?;
    let stops = archive_consequences(&context.store.contents(&place).await?);
    Ok(ui.ok(page.with_dialog(move || view! { <Asking place stops/> })))
}

pub async fn post<A: Placed>(ui: Ui, caller: Caller, Addressed(id): Addressed<A>) -> PageResult {
    caller.run(archive_place(id.into())).await?;
    Ok(see_other(ui.path().trim_end_matches("/archive")))
}

#[component]
fn Asking(place: Place, stops: String) -> impl IntoView {
    let close = format!("{}/settings", place.path());
    let action = format!("{close}/archive");
    let noun = place.kind.noun();
    view! {
        <Modal title=format!("Archive this {noun}?") sub=place.name close_href=close.clone()>
            <form method="post" action=action>
                <Notice tone=Tone::Warning>
                    "Every request with a key of it is refused (403) until you restore it. "{stops}
                </Notice>
                <PanelFoot cancel_href=close>
                    <button class="btn btn-danger" autofocus>{format!("Archive {noun}")}</button>
                </PanelFoot>
                <SubmitOnce/>
            </form>
        </Modal>
    }
}
