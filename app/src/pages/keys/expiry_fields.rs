//! When a key is to expire: a choice, and a date for the choice *Custom*.

use leptos::prelude::*;
use sallyport::{Timestamp, key::expiry};

use crate::{
    components::{Choice, SelectField, TextField},
    form::FormState,
};

/// What the list offers beside *Custom*.
const CHOICES: [(&str, &str); 5] =
    [("never", "Never"), ("7", "In 7 days"), ("30", "In 30 days"), ("90", "In 90 days"), ("365", "In a year")];

#[component]
pub fn ExpiryFields(
    #[prop(into)] form: FormState,
    now: Timestamp,
    /// A choice that comes before the others.
    #[prop(optional)]
    first: Option<Choice>,
) -> impl IntoView {
    // What was chosen elsewhere, such as the default of an organization.
    let other = form.value("expires").parse::<u32>().ok().map(|days| days.to_string());
    let other = other.filter(|days| CHOICES.iter().all(|(value, _)| value != days));
    let other = other.map(|days| {
        let label = if days == "1" { "In a day".to_owned() } else { format!("In {days} days") };
        Choice::new(days, label)
    });
    let choices = CHOICES.into_iter().map(|(value, label)| Choice::new(value, label));
    let options = first.into_iter().chain(other).chain(choices).chain([Choice::new("custom", "Custom")]).collect();
    view! {
        <div class="pair">
            <SelectField form=&form name="expires" label="Expires" options/>
            <TextField
                form=&form name="expires_on" label="Custom date" kind="date" range=expiry::dates(now)
                hint="With Custom: works to the end of that day (UTC)."
            />
        </div>
    }
}
