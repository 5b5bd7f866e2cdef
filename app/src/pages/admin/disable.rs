//! `/admin/users/{user_id}/disable`: disables an account after a confirmation.

use leptos::prelude::*;
use sallyport::user::User;

use super::{
    list::ListQuery,
    users::{self, menu_id},
};
use crate::{
    access::{Addressed, OperatedUser},
    acts::{Caller, admin::users::disable_user},
    components::{ErrorSummary, Modal, Notice, PanelFoot, Tone},
    error::PageResult,
    form::FormState,
    islands::SubmitOnce,
    ui::{Ui, refuse, see_other},
};

pub async fn get(ui: Ui, access: OperatedUser) -> PageResult {
    ask(&ui, access, FormState::new()).await
}

pub async fn post(ui: Ui, caller: Caller, Addressed(id): Addressed<OperatedUser>) -> PageResult {
    match caller.run(disable_user(id.clone())).await {
        Ok(()) => Ok(see_other(format!("/admin/users?done=disable&q={id}"))),
        // It is the last operator, or the person's own account.
        Err(error) => {
            let (form, access) = (refuse(FormState::new(), error)?, caller.access::<OperatedUser>(&id).await?);
            ask(&ui, access, form).await
        }
    }
}

async fn ask(ui: &Ui, access: OperatedUser, form: FormState) -> PageResult {
    let user = access.account.user;
    let list = ListQuery { q: user.id.to_string(), ..ListQuery::default() };
    let (refused, page) = (form.is_refused(), users::page(ui, &access.me, list).await?);
    let page = page.with_dialog(move || view! { <Asking user form/> });
    Ok(if refused { ui.refused(page) } else { ui.ok(page) })
}

#[component]
fn Asking(user: User, form: FormState) -> impl IntoView {
    let close = format!("/admin/users?q={}#{}-button", user.id, menu_id(&user.id));
    let action = format!("/admin/users/{}/disable", user.id);
    view! {
        <Modal title="Disable this account?" sub=format!("{} · {}", user.name, user.email) close_href=close.clone()>
            <form method="post" action=action>
                <div class="stack">
                    <ErrorSummary form=&form/>
                    <Notice tone=Tone::Warning>
                        "The person is signed out everywhere and can’t sign in, and every request with a key of their own is refused (403), until you enable the account again."
                    </Notice>
                </div>
                <PanelFoot cancel_href=close><button class="btn btn-danger" autofocus>"Disable account"</button></PanelFoot>
                <SubmitOnce/>
            </form>
        </Modal>
    }
}
