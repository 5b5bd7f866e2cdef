//! A card with the limits of an app's keys.

use leptos::prelude::*;
use sallyport::app::App;

use crate::{
    components::{Fact, Facts, SettingGroup, Settings},
    pages::keys::restrictions::card::limits_in_words,
};

/// The limits in the app's settings.
#[component]
pub fn LimitsCard(app: App, may_change: bool) -> impl IntoView {
    let href = format!("/apps/{}/limits", app.id);
    view! {
        <Settings>
            <SettingGroup
                title="Limits"
                about="How many requests each key of this app may make, unless it has limits of its own."
                action=move || may_change.then(|| view! {
                    <form method="get" action=href><button id="limits" class="btn">"Change limits"</button></form>
                })
            >
                <Facts><Fact label="Of each key">{limits_in_words(app.limits, "Set by the plan")}</Fact></Facts>
            </SettingGroup>
        </Settings>
    }
}
