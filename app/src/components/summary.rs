use leptos::prelude::*;
use leptos_axum::ResponseOptions;

use crate::form::{FormState, title};

/// The errors of a form, above it and focused; nothing if there are none. The response takes the form's status, if
/// that is set.
#[component]
pub fn ErrorSummary(#[prop(into)] form: FormState) -> impl IntoView {
    let status = form.status().and_then(|status| axum::http::StatusCode::from_u16(status).ok());
    if let (Some(status), Some(response)) = (status, use_context::<ResponseOptions>()) {
        response.set_status(status);
    }
    form.is_refused().then(|| {
        let names_fields = form.errors().iter().any(|(name, _)| !name.is_empty());
        let heading = names_fields.then(|| view! { <b>"Check this and try again"</b> });
        let all = form.errors().to_vec();
        let errors = form.errors().to_vec().into_iter().map(move |(name, message)| {
            // If two fields have the same error, their names are added.
            let twice = all.iter().filter(|(_, other)| *other == message).count() > 1;
            let message = if twice && !name.is_empty() { format!("{}: {message}", title(&name)) } else { message };
            if name.is_empty() {
                view! { <li>{message}</li> }.into_any()
            } else {
                view! { <li><a href=format!("#{name}")>{message}</a></li> }.into_any()
            }
        });
        view! {
            <div class="notice danger summary" role="alert" tabindex="-1" autofocus>
                {heading}
                <ul>{errors.collect_view()}</ul>
            </div>
        }
    })
}
