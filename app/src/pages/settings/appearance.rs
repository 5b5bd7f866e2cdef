//! How people recognize an organization: its logo and colour, on its settings page.

use leptos::prelude::*;
use sallyport::org::Org;

use super::{colour::ColourForm, logo::LogoForm};
use crate::{components::Setting, form::FormState};

#[component]
pub fn AppearanceCard(org: Org, form: FormState) -> impl IntoView {
    view! {
        <Setting
            title="Appearance"
            about=|| "The logo and the colour by which people recognize this organization in the switcher. All members see the same ones."
        >
            <div class="stack"><LogoForm org=org.clone() form/><ColourForm org/></div>
        </Setting>
    }
}
