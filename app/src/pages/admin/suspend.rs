//! `/admin/organizations/{org_id}/suspend`: suspends it, after its name was typed.

use leptos::prelude::*;
use sallyport::{org::Org, place::Place, store::Contents};

use super::org::page;
use crate::{
    access::{Addressed, OperatedOrg},
    acts::{Caller, admin::orgs::suspend_org},
    components::{ErrorSummary, Modal, Notice, PanelFoot, TextField, Tone},
    error::PageResult,
    form::FormState,
    islands::SubmitOnce,
    ui::{Typed, Ui, refuse, see_other},
    words::count,
};

pub async fn get(ui: Ui, access: OperatedOrg) -> PageResult {
    ask(&ui, access, FormState::new()).await
}

pub async fn post(ui: Ui, caller: Caller, Addressed(id): Addressed<OperatedOrg>, Typed(form): Typed) -> PageResult {
    match caller.run(suspend_org(id.clone(), form.value("typed_name"), form.value("reason"))).await {
        Ok(()) => Ok(see_other(format!("/admin/organizations/{id}?done=suspend"))),
        Err(error) => {
            let (form, access) = (refuse(form, error)?, caller.access::<OperatedOrg>(&id).await?);
            ask(&ui, access, form).await
        }
    }
}

async fn ask(ui: &Ui, access: OperatedOrg, form: FormState) -> PageResult {
    let contents = ui.context.store.contents(&Place::from(&access.org)).await?;
    let (refused, page) = (form.is_refused(), page(ui, &access, None).await?);
    let page = page.with_dialog(move || view! { <Asking org=access.org contents form/> });
    Ok(if refused { ui.refused(page) } else { ui.ok(page) })
}

#[component]
fn Asking(org: Org, contents: Contents, form: FormState) -> impl IntoView {
    let path = format!("/admin/organizations/{}", org.id);
    let (action, close) = (format!("{path}/suspend"), format!("{path}#suspend"));
    let in_use = match contents.in_use {
        0 => "None of its keys was used in the last week.".to_owned(),
        1 => format!("1 of its {} was used in the last week.", count(contents.keys, "active key")),
        n => format!("{n} of its {} were used in the last week.", count(contents.keys, "active key")),
    };
    view! {
        <Modal title="Suspend this organization?" sub=org.name.clone() close_href=close.clone()>
            <form method="post" action=action novalidate>
                <div class="stack">
                    <ErrorSummary form=&form/>
                    <Notice tone=Tone::Danger>
                        "Every request with one of its keys is refused (403) at once, until you open it again. Nothing is deleted. "
                        {in_use}
                    </Notice>
                    <TextField
                        form=&form name="typed_name" label="Name of the organization"
                        hint=format!("Type “{}” to confirm.", org.name) autocomplete="off" autofocus=!form.is_refused()
                    />
                    <TextField
                        form=&form name="reason" label="Reason" maxlength=200
                        hint="Its members see it on every page, and in the activity log."
                    />
                </div>
                <PanelFoot cancel_href=close><button class="btn btn-danger">"Suspend organization"</button></PanelFoot>
                <SubmitOnce/>
            </form>
        </Modal>
    }
}
