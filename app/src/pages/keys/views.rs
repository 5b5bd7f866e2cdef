//! `…/keys/views`: saves the filters of a list as a view of one's own, and deletes a view.

use leptos::prelude::*;
use sallyport::{
    id::ViewId,
    member::Permission,
    saved_view::{NewView, SavedView},
};

use super::{
    list::{ListQuery, query_of},
    listed::Listed,
};
use crate::{
    access::Addressed,
    acts::{
        Caller,
        views::{delete_view, save_view},
    },
    components::{ErrorSummary, Hidden, Modal, PanelFoot, TextField},
    error::PageResult,
    form::FormState,
    islands::SubmitOnce,
    ui::{Typed, Ui, UrlQuery, refuse, see_other},
};

pub async fn get<A: Listed>(ui: Ui, access: A, UrlQuery(list): UrlQuery<ListQuery>) -> PageResult {
    Listed::needs(&access, Permission::SeeKeys)?;
    let form = ui.query_form();
    ask(&ui, &access, &list, form).await
}

pub async fn post<A: Listed>(ui: Ui, caller: Caller, Addressed(id): Addressed<A>, Typed(form): Typed) -> PageResult {
    let access = caller.access::<A>(&id).await?;
    Listed::needs(&access, Permission::SeeKeys)?;
    let (place, filters) = (access.id(), form.value("filters"));
    // What holds a whole key is refused, and not sent back.
    let list = ListQuery::parse(&filters).filter(|list| !list.holds_secret()).unwrap_or_default();
    let done = match (form.value("do").as_str(), asked(&form)) {
        ("save", _) => caller.run(save_view(place, form.value("name"), filters)).await,
        ("delete", Some(view)) => caller.run(delete_view(place, view)).await,
        _ => Ok(()),
    };
    match done {
        Ok(()) => Ok(see_other(address(&access, &list))),
        Err(error) => ask(&ui, &access, &list, refuse(form, error)?).await,
    }
}

fn asked(form: &FormState) -> Option<ViewId> {
    ViewId::parse(&form.value("view"))
}

/// The address of the list with these filters.
fn address(access: &impl Listed, list: &ListQuery) -> String {
    let (path, query) = (access.list_path(), query_of(&list.filter()));
    if query.is_empty() { path } else { format!("{path}?{query}") }
}

/// The dialog in front of the list with these filters; the list alone if there is nothing to save or to delete.
async fn ask<A: Listed>(ui: &Ui, access: &A, list: &ListQuery, form: FormState) -> PageResult {
    let (action, close, filters) =
        (format!("{}/views", access.list_path()), address(access, list), query_of(&list.filter()));
    let refused = form.is_refused();
    let page = match form.value("do").as_str() {
        "save" if refused || !filters.is_empty() => {
            // Returns to the link that opened it.
            let close = format!("{close}#save-view");
            access.list(ui, list).await?.with_dialog(move || view! { <SaveDialog form action close filters/> })
        }
        "delete" => {
            let (me, place) = (&access.org().me.user.id, access.place());
            let view = match asked(&form) {
                Some(id) => ui.context.store.saved_view(me, &place, &id).await?,
                None => None,
            };
            let Some(view) = view else { return Ok(see_other(close)) };
            access.list(ui, list).await?.with_dialog(move || view! { <DeleteDialog view form action close filters/> })
        }
        _ => return Ok(see_other(close)),
    };
    Ok(if refused { ui.refused(page) } else { ui.ok(page) })
}

#[component]
fn SaveDialog(form: FormState, action: String, close: String, filters: String) -> impl IntoView {
    view! {
        <Modal title="Save view" close_href=close.clone()>
            <form method="post" action=action novalidate>
                <div class="stack">
                    <ErrorSummary form=&form/>
                    <Hidden name="do" value="save"/>
                    <Hidden name="filters" value=filters/>
                    <TextField
                        form=&form name="name" label="Name" autocomplete="off" maxlength=NewView::NAME
                        autofocus=!form.is_refused() hint="For these filters and this order. Only you see it."
                    />
                </div>
                <PanelFoot cancel_href=close><button class="btn btn-primary">"Save view"</button></PanelFoot>
                <SubmitOnce/>
            </form>
        </Modal>
    }
}

#[component]
fn DeleteDialog(view: SavedView, form: FormState, action: String, close: String, filters: String) -> impl IntoView {
    view! {
        <Modal title="Delete this view?" sub=view.name close_href=close.clone()>
            <form method="post" action=action novalidate>
                <div class="stack">
                    <ErrorSummary form=&form/>
                    <p>"Its filters stay as they are until you change them. No key is affected."</p>
                    <Hidden name="do" value="delete"/>
                    <Hidden name="view" value=view.id.to_string()/>
                    <Hidden name="filters" value=filters/>
                </div>
                <PanelFoot cancel_href=close autofocus=true><button class="btn btn-danger">"Delete view"</button></PanelFoot>
                <SubmitOnce/>
            </form>
        </Modal>
    }
}
