use leptos::prelude::*;

use super::field::{FieldNotes, described_by};
use crate::form::FormState;

/// One option of a select or a group. The note is its description and never part of its name.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    pub value: String,
    pub label: String,
    pub note: Option<String>,
    /// In a group of checkboxes: it is ticked, and that can't be changed. Browsers do not send it.
    pub fixed: bool,
}

impl Choice {
    pub fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Self { value: value.into(), label: label.into(), ..Self::default() }
    }

    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    #[must_use]
    pub fn fixed(self) -> Self {
        Self { fixed: true, ..self }
    }
}

/// A choice from a list. Notes of the options are shown below, because an option's text is its name.
#[component]
pub fn SelectField(
    #[prop(into)] form: FormState,
    #[prop(into)] name: String,
    #[prop(into)] label: String,
    options: Vec<Choice>,
    #[prop(optional, into)] hint: String,
    #[prop(optional)] autofocus: bool,
) -> impl IntoView {
    let error = form.error(&name);
    let notes: Vec<_> = options
        .iter()
        .filter_map(|choice| Some((choice.label.clone(), choice.note.clone()?)))
        .map(|(label, note)| view! { <span><b>{label}</b>": "{note}</span> })
        .collect();
    let has_notes = !notes.is_empty();
    let mut describedby = described_by(&name, !hint.is_empty(), error.is_some()).unwrap_or_default();
    if has_notes {
        describedby = format!("{describedby} {name}-notes").trim_start().to_owned();
    }
    let typed = form.value(&name);
    let options = options.into_iter().map(|choice| {
        let selected = choice.value == typed;
        view! { <option value=choice.value selected=selected>{choice.label}</option> }
    });

    view! {
        <div class="field">
            <label for=name.clone()>{label}</label>
            <div class="select">
                <select
                    id=name.clone()
                    name=name.clone()
                    class="input"
                    autofocus=autofocus
                    aria-invalid=error.is_some().then_some("true")
                    aria-describedby=(!describedby.is_empty()).then_some(describedby)
                >
                    {options.collect_view()}
                </select>
            </div>
            {has_notes.then(|| view! { <p id=format!("{name}-notes") class="hint notes">{notes}</p> })}
            <FieldNotes name=name hint=hint error=error/>
        </div>
    }
}
