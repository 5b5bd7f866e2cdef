//! The command lines that are signed in as the person, and buttons to sign them out.

use leptos::prelude::*;
use sallyport::{Timestamp, personal_token::PersonalToken};

use super::tokens::LastUsed;
use crate::{
    components::{Badge, CodeBlock, DataTable, Empty, Setting, Tone},
    icons::Icon,
    islands::SubmitOnce,
    words::Ago,
};

#[component]
pub(super) fn CommandLines(signed_in: Vec<PersonalToken>, public_url: String, now: Timestamp) -> impl IntoView {
    let body = if signed_in.is_empty() {
        let command = format!("sallyport login --url {public_url}");
        let below = move || view! { <CodeBlock text=command name="Copy command"/> };
        let text = "Sign one in to work with your keys from a terminal:";
        view! { <Empty icon=Icon::Terminal title="No command line is signed in" text below/> }.into_any()
    } else {
        let rows = signed_in.into_iter().map(|token| view! { <CommandLineRow token now/> }).collect_view();
        let columns = &["Command line", "Signed in", "Last used", ""];
        view! { <DataTable label="Command lines" columns>{rows}</DataTable> }.into_any()
    };
    let about = || {
        view! {
            "They act in your name, within your roles. Sign out what you do not recognize. Does one show you a code? "
            <a href="/device">"Enter the code"</a>
        }
    };
    view! { <Setting title="Command lines" about>{body}</Setting> }
}

#[component]
fn CommandLineRow(token: PersonalToken, now: Timestamp) -> impl IntoView {
    // It was not used for so long that it has to sign in again.
    let expired = token.is_expired(now);
    view! {
        <tr class:row-off=expired>
            <td class="cell-head">
                {token.name}{expired.then(|| view! { " "<Badge tone=Tone::Warning text="Expired"/> })}
            </td>
            <td data-label="Signed in" class="cell-muted"><Ago at=token.created_at now/></td>
            <td data-label="Last used" class="cell-muted"><LastUsed at=token.last_used_at address=token.last_address now/></td>
            <td class="cell-end">
                <form method="post" action=format!("/account/tokens/{}/revoke", token.id)>
                    <button class="btn btn-small">"Sign out"</button>
                    <SubmitOnce/>
                </form>
            </td>
        </tr>
    }
}
