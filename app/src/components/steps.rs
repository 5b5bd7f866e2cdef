use leptos::prelude::*;

use super::code::CodeBlock;
use crate::icons::{Icon, IconView};

/// A step of a checklist.
pub struct Step {
    pub name: &'static str,
    /// What was made in it.
    pub made: Option<String>,
    pub done: bool,
    /// The label and address of its button, for people who may do it.
    pub action: Option<(&'static str, String)>,
    /// The command of it, to copy.
    pub call: Option<String>,
}

impl Step {
    /// One that is not done, and has no button.
    pub fn new(name: &'static str) -> Self {
        Self { name, made: None, done: false, action: None, call: None }
    }
}

/// A checklist. The first step that is not done has a button.
#[component]
pub fn StepList(steps: Vec<Step>) -> impl IntoView {
    let next = steps.iter().position(|step| !step.done);
    let rows = steps.into_iter().enumerate().map(|(at, step)| {
        let is_next = next == Some(at);
        let action = step.action.filter(|_| is_next);
        let mark = if step.done { view! { <IconView icon=Icon::Check/> }.into_any() } else { (at + 1).into_any() };
        view! {
            <li class:step-done=step.done class:step-next=is_next>
                <span class="step-mark" class:good=step.done class:accent=is_next>{mark}</span>
                <span>{step.name}{step.done.then(|| view! { <span class="sr-only">", done"</span> })}</span>
                {step.made.map(|made| view! { <span class="muted">{made}</span> })}
                {action.map(|(name, href)| view! { <a class="btn btn-small btn-primary" href=href>{name}</a> })}
                {step.call.map(|text| view! { <CodeBlock text name="Copy the call"/> })}
            </li>
        }
    });
    view! { <ol class="steps">{rows.collect_view()}</ol> }
}
