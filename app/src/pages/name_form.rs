//! The form of a resource that only needs a name.

use leptos::prelude::*;

use crate::{
    components::{Card, ErrorSummary, PageHead, TextField},
    form::FormState,
    islands::SubmitOnce,
};

#[component]
pub fn NameForm(
    form: FormState,
    title: &'static str,
    sub: &'static str,
    action: String,
    cancel: String,
    button: &'static str,
) -> impl IntoView {
    view! {
        <PageHead title sub=move || sub/>
        <Card>
            <form method="post" action=action novalidate class="stack form">
                <ErrorSummary form=&form/>
                <TextField form=&form name="name" label="Name" autofocus=!form.is_refused()/>
                <div class="form-foot">
                    <a class="btn" href=cancel>"Cancel"</a>
                    <button class="btn btn-primary">{button}</button>
                </div>
                <SubmitOnce/>
            </form>
        </Card>
    }
}
