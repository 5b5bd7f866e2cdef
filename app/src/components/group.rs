use leptos::prelude::*;

use super::{
    field::{FieldNotes, described_by},
    select::Choice,
};
use crate::form::FormState;

/// A multiple choice, as cards to tick; the field is sent once for each.
#[component]
pub fn CheckboxGroup(
    #[prop(into)] form: FormState,
    #[prop(into)] name: String,
    #[prop(into)] legend: String,
    options: Vec<Choice>,
    #[prop(optional, into)] hint: String,
    #[prop(optional)] autofocus: bool,
) -> impl IntoView {
    view! { <Group form=form name=name legend=legend options=options hint=hint kind="checkbox" autofocus=autofocus/> }
}

/// A single choice, as cards.
#[component]
pub fn RadioGroup(
    #[prop(into)] form: FormState,
    #[prop(into)] name: String,
    #[prop(into)] legend: String,
    options: Vec<Choice>,
    #[prop(optional, into)] hint: String,
    #[prop(optional)] autofocus: bool,
) -> impl IntoView {
    view! { <Group form=form name=name legend=legend options=options hint=hint kind="radio" autofocus=autofocus/> }
}

#[component]
fn Group(
    form: FormState,
    name: String,
    legend: String,
    options: Vec<Choice>,
    hint: String,
    kind: &'static str,
    /// Focuses the first choice.
    autofocus: bool,
) -> impl IntoView {
    let error = form.error(&name);
    let describedby = described_by(&name, !hint.is_empty(), error.is_some());
    let cards: Vec<_> = options
        .into_iter()
        .enumerate()
        .map(|(index, choice)| {
            let checked = form.has(&name, &choice.value);
            let focused = autofocus && index == 0;
            view! { <ChoiceCard name=name.clone() choice=choice kind=kind checked=checked autofocus=focused/> }
        })
        .collect();

    view! {
        <fieldset id=name.clone() class="field group" aria-describedby=describedby>
            <legend>{legend}</legend>
            <div class="choices">{cards}</div>
            <FieldNotes name=name.clone() hint=hint error=error/>
        </fieldset>
    }
}

/// The card is as large as its label; the note is placed over the label without being part of it.
#[component]
fn ChoiceCard(name: String, choice: Choice, kind: &'static str, checked: bool, autofocus: bool) -> impl IntoView {
    let Choice { value, label, note, fixed } = choice;
    let id = format!("{name}-{value}");
    let note_id = note.as_ref().map(|_| format!("{id}-note"));
    view! {
        <div class="choice">
            <input
                id=id.clone()
                type=kind
                name=name
                value=value
                checked=checked || fixed
                disabled=fixed
                autofocus=autofocus
                aria-describedby=note_id.clone()
            />
            <label for=id>{label}</label>
            {note.map(|note| view! { <p id=note_id>{note}</p> })}
        </div>
    }
}
