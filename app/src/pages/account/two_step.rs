//! The second factors of the person.

use leptos::prelude::*;
use sallyport::{Timestamp, second_factor::SecondFactors};

use crate::{
    components::{Badge, Setting, Tone},
    words::{OnDay, count},
};

#[component]
pub(super) fn TwoStep(factors: SecondFactors, now: Timestamp) -> impl IntoView {
    let body = match factors.authenticator {
        None => view! {
            <p class="muted">"Off: whoever knows your password can sign in as you."</p>
            <div class="actions"><a id="two-step" class="btn" href="/account/authenticator">"Set up authenticator app"</a></div>
        }
        .into_any(),
        Some(since) => {
            let left = u64::try_from(factors.recovery_codes).unwrap_or_default();
            let tone = if left < 3 { Tone::Warning } else { Tone::Neutral };
            view! {
                <p>
                    <Badge tone=Tone::Good text="On"/>" Authenticator app, since "<OnDay at=since now/>
                </p>
                <p><Badge tone text=format!("{} left", count(left, "recovery code"))/></p>
                <div class="actions">
                    <a id="two-step" class="btn" href="/account/recovery-codes">"Recovery codes"</a>
                    <a class="btn btn-danger-quiet" href="/account/authenticator/remove">"Remove authenticator app"</a>
                </div>
            }
            .into_any()
        }
    };
    view! {
        <Setting
            title="Two-step verification"
            about=|| "A sign-in then needs a code of an app on your phone, besides the password."
        >
            <div class="stack">{body}</div>
        </Setting>
    }
}
