//! The results of a search: sections of a page, or the options of the palette's list box.

use leptos::prelude::*;

use crate::{
    icons::{Icon, IconView},
    portal::Theme,
    words::count,
};

/// The target of a result.
#[derive(Clone, Debug)]
enum Leads {
    To(String),
    /// Sends the form of the top bar's switch.
    Theme(Theme),
}

/// One result.
#[derive(Clone, Debug)]
pub struct Hit {
    label: String,
    /// What it belongs to.
    note: String,
    leads: Leads,
    icon: Icon,
}

impl Hit {
    pub fn link(label: impl Into<String>, note: impl Into<String>, href: impl Into<String>, icon: Icon) -> Self {
        Self { label: label.into(), note: note.into(), leads: Leads::To(href.into()), icon }
    }

    pub fn theme(label: &str, theme: Theme, icon: Icon) -> Self {
        Self { label: label.to_owned(), note: String::new(), leads: Leads::Theme(theme), icon }
    }

    pub fn href(&self) -> String {
        match &self.leads {
            Leads::To(href) => href.clone(),
            Leads::Theme(_) => String::new(),
        }
    }
}

#[derive(Clone, Debug)]
pub struct Group {
    pub title: &'static str,
    pub hits: Vec<Hit>,
}

#[derive(Clone, Debug, Default)]
pub struct Answer {
    pub groups: Vec<Group>,
    /// The message if there are no results.
    pub said: Option<&'static str>,
    /// The address of an exact match.
    pub exact: Option<String>,
    /// The input, if it may be shown again.
    pub repeated: String,
}

impl Answer {
    pub fn saying(said: &'static str) -> Self {
        Self { said: Some(said), ..Self::default() }
    }

    fn count(&self) -> i64 {
        self.groups.iter().map(|group| group.hits.len() as i64).sum()
    }
}

/// Results on the search page.
#[component]
pub fn Results(answer: Answer) -> impl IntoView {
    let groups = answer.groups.into_iter().map(|Group { title, hits }| {
        let hits = hits.into_iter().map(|hit| view! { <li><HitView hit/></li> }).collect_view();
        view! { <section class="section"><h2 class="section-title">{title}</h2><ul class="hits">{hits}</ul></section> }
    });
    view! {
        {answer.said.map(|said| view! { <p class="muted hits-none">{said}</p> })}
        {groups.collect_view()}
    }
}

/// Results in the palette. What a list box may not contain, the count and the message, is placed before it.
#[component]
pub fn Options(answer: Answer) -> impl IntoView {
    let say = answer.said.map_or_else(|| count(answer.count(), "result"), str::to_owned);
    let said = answer.said.map(|said| view! { <p class="muted hits-none">{said}</p> });
    let mut n = 0;
    let groups: Vec<_> = answer
        .groups
        .into_iter()
        .map(|Group { title, hits }| {
            let options: Vec<_> = hits
                .into_iter()
                .map(|hit| {
                    n += 1;
                    view! { <HitView hit option=format!("hit-{n}")/> }
                })
                .collect();
            view! {
                <div role="group" aria-label=title>
                    <div class="hits-title" aria-hidden="true">{title}</div>
                    {options}
                </div>
            }
        })
        .collect();
    let list = (!groups.is_empty()).then(|| {
        view! { <div id="palette-list" class="hits" role="listbox" aria-label="Results">{groups}</div> }
    });
    view! { <div data-say=say>{said}{list}</div> }
}

#[component]
fn HitView(
    hit: Hit,
    /// The id of the option in a list box, which the field refers to.
    #[prop(optional, into)]
    option: Option<String>,
) -> impl IntoView {
    let Hit { label, note, leads, icon } = hit;
    let role = option.as_ref().map(|_| "option");
    let selected = option.as_ref().map(|_| "false");
    let tabindex = option.as_ref().map(|_| "-1");
    let note = (!note.is_empty()).then(|| view! { " "<small>{note}</small> });
    let inside = view! { <IconView icon/><span class="hit-text">{label}{note}</span> };
    match leads {
        Leads::To(href) => view! {
            <a class="hit" href=href id=option role=role aria-selected=selected tabindex=tabindex>{inside}</a>
        }
        .into_any(),
        Leads::Theme(theme) => view! {
            <button
                class="hit" form="theme-form" name="theme" value=theme.name()
                id=option role=role aria-selected=selected tabindex=tabindex
            >
                {inside}
            </button>
        }
        .into_any(),
    }
}
