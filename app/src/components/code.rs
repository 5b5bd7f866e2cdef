use leptos::prelude::*;

use super::{
    highlight::Highlighted,
    html::{Html, written},
};

/// Copies `text`, or the value of the field with the id `target`, so that a secret is not in the page twice. With both it
/// copies the text with the secrets of the one-time dialog in place of `{secret-key}` and `{signing-secret}`.
#[component]
pub fn CopyButton(
    /// The accessible name.
    #[prop(into)]
    name: String,
    #[prop(optional, into)] text: String,
    #[prop(optional, into)] target: String,
    /// The text of the button; without it the button is an icon.
    #[prop(optional, into)]
    label: String,
) -> impl IntoView {
    let text = (target.is_empty() || !text.is_empty()).then_some(text);
    written(|html| put_copy_button(html, &name, text.as_deref(), &target, &label))
}

fn put_copy_button(html: &mut Html, name: &str, text: Option<&str>, target: &str, label: &str) {
    let class = if label.is_empty() { "copy" } else { "copy btn" };
    html.tags("<button type=\"button\"").attribute("class", class).attribute("aria-label", name);
    // Pages write "ID".
    html.attribute("title", &name.replace(" id", " ID"));
    if let Some(text) = text {
        html.attribute("data-copy", text);
    }
    if !target.is_empty() {
        html.attribute("data-copy-from", target);
    }
    html.tags(">");
    if !label.is_empty() {
        html.tags("<span>").text(label).tags("</span>");
    }
    html.tags("</button>");
}

/// An id or a key's prefix in monospace, shortened in the middle, with a button that copies all of it.
#[component]
pub fn IdChip(
    /// What is copied.
    #[prop(into)]
    id: String,
    /// The accessible name of the button, for instance `Copy app id`.
    #[prop(into)]
    name: String,
    /// What is shown instead of the id.
    #[prop(optional, into)]
    shown: String,
) -> impl IntoView {
    let shown = if shown.is_empty() { cut_middle(&id) } else { shown };
    written(|html| put_id_chip(html, &id, &name, &shown))
}

pub fn put_id_chip(html: &mut Html, id: &str, name: &str, shown: &str) {
    html.tags("<span class=\"id-chip\"><code>").text(shown).tags("</code>");
    put_copy_button(html, name, Some(id), "", "");
    html.tags("</span>");
}

/// Lines of code, with a button that copies them.
#[component]
pub fn CodeBlock(
    #[prop(into)] text: String,
    /// Scrolls instead of being broken: for a command, which would look like another one.
    #[prop(optional)]
    unbroken: bool,
    /// The accessible name of the button.
    #[prop(default = "Copy code".to_owned(), into)]
    name: String,
) -> impl IntoView {
    view! {
        <div class=if unbroken { "code code-unbroken" } else { "code" }>
            <pre tabindex="0"><code><Highlighted code=text.clone()/></code></pre>
            <CopyButton name text=text/>
        </div>
    }
}

/// Several samples of code, such as the same in several languages: one is open at a time, with or without scripts. Shown
/// as tabs if there is room.
#[component]
pub fn CodeTabs(
    /// Identifies the group; unique on a page.
    #[prop(into)]
    group: String,
    /// What each is called, and the code.
    samples: Vec<(String, String)>,
) -> impl IntoView {
    let samples = samples.into_iter().enumerate().map(|(at, (language, code))| {
        view! {
            <details name=group.clone() open=at == 0>
                <summary>{language.clone()}</summary>
                <CodeBlock text=code name=format!("Copy {language}")/>
            </details>
        }
    });
    view! { <div class="snippets">{samples.collect_view()}</div> }
}

/// The beginning and the end of a long id.
pub fn cut_middle(id: &str) -> String {
    const LONGEST: usize = 26;
    if id.chars().count() <= LONGEST {
        return id.to_owned();
    }
    let letters: Vec<char> = id.chars().collect();
    let head: String = letters[..LONGEST - 8].iter().collect();
    let tail: String = letters[letters.len() - 6..].iter().collect();
    format!("{head}…{tail}")
}

#[cfg(test)]
mod tests {
    use super::cut_middle;

    #[test]
    fn only_long_ids_are_cut() {
        assert_eq!(cut_middle("app_focus_and_kB8mPx"), "app_focus_and_kB8mPx");
        assert_eq!(cut_middle("project_biosignals_platform_kB8mPx2Q"), "project_biosignals…8mPx2Q");
    }
}
