//! `/orgs/{org_id}/settings/colour`: the colour of an organization, chosen from a palette: each colour is a button.

use leptos::prelude::*;
use sallyport::{colour::Colour, org::Org};

use crate::{
    access::{Addressed, OrgAccess},
    acts::{Caller, orgs::choose_colour},
    components::OrgAvatar,
    error::PageResult,
    ui::{Typed, see_other},
};

pub async fn post(caller: Caller, Addressed(id): Addressed<OrgAccess>, Typed(form): Typed) -> PageResult {
    caller.run(choose_colour(id.clone(), form.value("colour"))).await?;
    Ok(see_other(format!("/orgs/{id}/settings?saved=1")))
}

/// The form, on the settings page.
#[component]
pub fn ColourForm(org: Org) -> impl IntoView {
    let choices = Colour::ALL.iter().copied().map(|colour| (colour.as_str(), colour.title(), Some(colour)));
    let choices = std::iter::once(("automatic", "Automatic", None)).chain(choices);
    let choices = choices.map(|(value, title, colour)| {
        let pressed = if colour == org.colour { "true" } else { "false" };
        view! {
            <button
                id=format!("colour-{value}") class="swatch" name="colour" value=value title=title aria-label=title
                aria-pressed=pressed
            >
                {match colour {
                    Some(_) => view! { <OrgAvatar id=org.id.to_string() name=org.name.clone() colour logo=None/> }.into_any(),
                    None => view! { <span class="avatar" aria-hidden="true">"Auto"</span> }.into_any(),
                }}
            </button>
        }
    });
    let choices = choices.collect_view();
    view! {
        <form method="post" action=format!("/orgs/{}/settings/colour", org.id) class="stack form">
            <fieldset class="field group"><legend>"Colour"</legend><p class="hint">"Instead of a logo. Auto follows from the ID."</p><div class="swatches">{choices}</div></fieldset>
        </form>
    }
}
