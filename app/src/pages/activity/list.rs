//! A short list of the latest events.

use leptos::prelude::*;
use sallyport::{
    Timestamp,
    audit::{Event, Outcome},
};

use super::{actor::ActorMark, detail, href};
use crate::{
    components::{Badge, Tone},
    words::Ago,
};

#[component]
pub fn EventList(
    events: Vec<Event>,
    now: Timestamp,
    /// Says what each event was about.
    #[prop(optional)]
    of_several: bool,
) -> impl IntoView {
    let rows = events.into_iter().map(move |event| {
        // A key that was used is the one that acted.
        let named = of_several && event.target_name != event.actor_name;
        let target = named.then(|| match href(&event) {
            Some(href) => view! { <a href=href>{event.target_name.clone()}</a>" " }.into_any(),
            None => view! { {event.target_name.clone()}" " }.into_any(),
        });
        let detail = detail(&event).map(|detail| view! { <span class="muted">{named.then_some("· ")}{detail}</span> });
        let refused = matches!(event.outcome, Outcome::Refused(_));
        let outcome = refused.then(|| view! { <Badge tone=Tone::Danger text=event.outcome.title()/> });
        view! {
            <li>
                <ActorMark kind=event.actor_kind.clone() id=event.actor_id.clone() name=event.actor_name.clone()/>
                <span class="event-said">
                    <b>{event.action_title().to_owned()}</b>" "{target}{detail}
                    <small>{event.actor_name.clone()}</small>
                </span>
                {outcome}
                <span class="muted"><Ago at=event.at now/></span>
            </li>
        }
    });
    view! { <ul class="event-list">{rows.collect_view()}</ul> }
}
