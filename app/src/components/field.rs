use leptos::prelude::*;

use super::html::{Html, written};
use crate::form::FormState;

/// The ids of a field's hint and error, for `aria-describedby`.
pub(super) fn described_by(name: &str, hint: bool, error: bool) -> Option<String> {
    let ids = [(hint, "hint"), (error, "error")];
    let ids: Vec<_> = ids.into_iter().filter(|(is, _)| *is).map(|(_, part)| format!("{name}-{part}")).collect();
    (!ids.is_empty()).then(|| ids.join(" "))
}

/// Hint and error of a field.
#[component]
pub(super) fn FieldNotes(name: String, hint: String, error: Option<String>) -> impl IntoView {
    let hint = (!hint.is_empty()).then(|| view! { <p id=format!("{name}-hint") class="hint">{hint}</p> });
    let error = error.map(|error| view! { <p id=format!("{name}-error") class="field-error">{error}</p> });
    view! { {hint}{error} }
}

/// A line of text. Its id is its name. A password or a whole key is never shown again.
#[component]
pub fn TextField(
    #[prop(into)] form: FormState,
    #[prop(into)] name: String,
    #[prop(into)] label: String,
    #[prop(optional, into)] hint: String,
    /// The input's type: `text`, `email`, `password`, `search`, `date`, …
    #[prop(default = "text")]
    kind: &'static str,
    #[prop(optional, into)] placeholder: String,
    #[prop(optional)] autocomplete: Option<&'static str>,
    #[prop(optional)] maxlength: Option<u32>,
    /// The minimum and the maximum of a date.
    #[prop(optional)]
    range: Option<[String; 2]>,
    #[prop(optional)] required: bool,
    #[prop(optional)] autofocus: bool,
    /// In monospace, without spell checking.
    #[prop(optional)]
    mono: bool,
) -> impl IntoView {
    let error = form.error(&name);
    let describedby = described_by(&name, !hint.is_empty(), error.is_some());
    let value = (kind != "password").then(|| form.shown_again(&name)).filter(|value| !value.is_empty());
    let [min, max] = range.map_or([None, None], |range| range.map(Some));

    view! {
        <div class="field">
            <label for=name.clone()>{label}</label>
            <input
                id=name.clone()
                name=name.clone()
                type=kind
                class=if mono { "input mono" } else { "input" }
                value=value
                placeholder=(!placeholder.is_empty()).then_some(placeholder)
                autocomplete=autocomplete
                maxlength=maxlength.map(|length| length.to_string())
                min=min
                max=max
                spellcheck=mono.then_some("false")
                required=required
                autofocus=autofocus
                aria-invalid=error.is_some().then_some("true")
                aria-describedby=describedby
            />
            <FieldNotes name=name hint=hint error=error/>
        </div>
    }
}

/// A file to send; its form has to be `multipart/form-data`. The label is a button that opens the browser's choice. With
/// scripts the form is sent once a file is chosen (`public/boot.js`); without, the field shows which it is.
#[component]
pub fn FileField(
    #[prop(into)] form: FormState,
    #[prop(into)] name: String,
    #[prop(into)] label: String,
    #[prop(optional, into)] hint: String,
    /// The media types to offer.
    accept: &'static str,
) -> impl IntoView {
    let error = form.error(&name);
    let describedby = described_by(&name, !hint.is_empty(), error.is_some());
    view! {
        <div class="field file">
            <label for=name.clone() class="btn">{label}</label>
            <input
                id=name.clone()
                name=name.clone()
                type="file"
                accept=accept
                required
                aria-invalid=error.is_some().then_some("true")
                aria-describedby=describedby
            />
            <FieldNotes name=name hint=hint error=error/>
        </div>
    }
}

/// Several lines of text.
#[component]
pub fn TextArea(
    #[prop(into)] form: FormState,
    #[prop(into)] name: String,
    #[prop(into)] label: String,
    #[prop(optional, into)] hint: String,
    #[prop(default = 3)] rows: u32,
    #[prop(optional)] maxlength: Option<u32>,
    #[prop(optional)] mono: bool,
    #[prop(optional)] autofocus: bool,
) -> impl IntoView {
    let error = form.error(&name);
    let describedby = described_by(&name, !hint.is_empty(), error.is_some());
    // The parser drops a newline right after the tag, so this one protects the person's own.
    let value = format!("\n{}", escaped(&form.shown_again(&name)));

    view! {
        <div class="field">
            <label for=name.clone()>{label}</label>
            <textarea
                id=name.clone()
                name=name.clone()
                class=if mono { "input mono" } else { "input" }
                rows=rows.to_string()
                maxlength=maxlength.map(|length| length.to_string())
                spellcheck=mono.then_some("false")
                autofocus=autofocus
                aria-invalid=error.is_some().then_some("true")
                aria-describedby=describedby
            >{value}</textarea>
            <FieldNotes name=name hint=hint error=error/>
        </div>
    }
}

/// Leptos does not escape the text of a `<textarea>`, so `</textarea><script>` would end it.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A checkbox, ticked if the form has its value.
#[component]
pub fn CheckField(
    #[prop(into)] form: FormState,
    #[prop(into)] name: String,
    #[prop(into)] label: String,
    #[prop(into, default = "on".to_owned())] value: String,
    #[prop(optional, into)] hint: String,
    #[prop(optional)] autofocus: bool,
) -> impl IntoView {
    let checked = form.has(&name, &value);
    let error = form.error(&name);
    let describedby = described_by(&name, !hint.is_empty(), error.is_some());

    view! {
        <div class="field check-field">
            <label class="check">
                <input
                    id=name.clone()
                    name=name.clone()
                    type="checkbox"
                    value=value
                    checked=checked
                    autofocus=autofocus
                    aria-describedby=describedby
                />
                {label}
            </label>
            <FieldNotes name=name hint=hint error=error/>
        </div>
    }
}

/// A hidden value.
#[component]
pub fn Hidden(#[prop(into)] name: String, #[prop(into)] value: String) -> impl IntoView {
    written(|html| put_hidden(html, &name, &value))
}

pub fn put_hidden(html: &mut Html, name: &str, value: &str) {
    html.tags("<input type=\"hidden\"").attribute("name", name).attribute("value", value).tags(">");
}
