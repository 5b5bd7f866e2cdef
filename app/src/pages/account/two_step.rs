//! The second factors of the person.

use leptos::prelude::*;
use sallyport::{Timestamp, passkey::Passkey, second_factor::SecondFactors};

use super::passkeys::Passkeys;
use crate::{
    components::{Badge, Setting, Tone},
    words::{OnDay, count},
};

/// `host` is the one for which passkeys are made; `None` where browsers have none.
#[component]
pub(super) fn TwoStep(
    factors: SecondFactors,
    passkeys: Vec<Passkey>,
    host: Option<String>,
    now: Timestamp,
) -> impl IntoView {
    let has_host = host.is_some();
    let add = has_host.then(|| view! { <a class="btn" href="/account/passkeys/new">"Add a passkey"</a> });
    let set_up = |id: Option<&'static str>| {
        view! { <a id=id class="btn" href="/account/authenticator">"Set up authenticator app"</a> }
    };
    let body = if factors.are_on() {
        let left = u64::try_from(factors.recovery_codes).unwrap_or_default();
        let tone = if left < 3 { Tone::Warning } else { Tone::Neutral };
        let (what, app) = match factors.authenticator {
            Some(since) => (
                view! { " Authenticator app, since "<OnDay at=since now/> }.into_any(),
                view! { <a class="btn btn-danger-quiet" href="/account/authenticator/remove">"Remove authenticator app"</a> }
                    .into_any(),
            ),
            None => (" With a passkey".into_any(), set_up(None).into_any()),
        };
        view! {
            <p><Badge tone=Tone::Good text="On"/>{what}</p>
            <p><Badge tone text=format!("{} left", count(left, "recovery code"))/></p>
            <Passkeys passkeys host now/>
            <div class="actions">
                <a id="two-step" class="btn" href="/account/recovery-codes">"Recovery codes"</a>
                {add}
                {app}
            </div>
        }
        .into_any()
    } else {
        view! {
            <p class="muted">"Off: whoever knows your password can sign in as you."</p>
            <div class="actions">{set_up(Some("two-step"))}{add}</div>
        }
        .into_any()
    };
    let about = if has_host {
        "A sign-in then needs a code of an app on your phone, or a passkey, besides the password. A passkey also signs you in by itself."
    } else {
        "A sign-in then needs a code of an app on your phone, besides the password."
    };
    view! { <Setting title="Two-step verification" about=move || about><div class="stack">{body}</div></Setting> }
}
