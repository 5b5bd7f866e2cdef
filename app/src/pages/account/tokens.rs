//! The personal tokens of the person.

pub mod new;
pub mod revoke;

use leptos::prelude::*;
use sallyport::{
    Timestamp,
    personal_token::{PersonalToken, TokenScopes},
};

use crate::{
    components::{Badge, Chip, DataTable, Head, Setting, Tone},
    words::{Ago, Ahead},
};

/// What they are for, and what bounds them.
const ABOUT: &str = "For scripts that call the API in your name. A token can never do more than your roles allow, and ends with your account.";

#[component]
pub(super) fn PersonalTokens(tokens: Vec<PersonalToken>, now: Timestamp) -> impl IntoView {
    let new = || view! { <a id="new-token" class="btn" href="/account/tokens/new">"New token"</a> };
    let body = if tokens.is_empty() {
        view! {
            <p class="muted">"No personal token yet. Create one for a script, and choose what it may do."</p>
            <div class="actions">{new()}</div>
        }
        .into_any()
    } else {
        let heads = vec![
            Head::new("Name"),
            Head::new("Scopes"),
            Head::new("Created").less(),
            Head::new("Last used"),
            Head::new("Expires"),
            Head::new(""),
        ];
        let rows = tokens.into_iter().map(|token| view! { <TokenRow token now/> }).collect_view();
        view! {
            <DataTable label="Personal tokens" columns=heads>{rows}</DataTable>
            <div class="actions">{new()}</div>
        }
        .into_any()
    };
    view! { <Setting title="Personal tokens" about=|| ABOUT><div class="stack">{body}</div></Setting> }
}

#[component]
fn TokenRow(token: PersonalToken, now: Timestamp) -> impl IntoView {
    let expired = token.is_expired(now);
    let expires = match token.expires_at {
        Some(at) if expired => view! { <Badge tone=Tone::Warning text="Expired"/>" "<Ago at now/> }.into_any(),
        Some(at) => view! { <Ahead at now/> }.into_any(),
        None => "Never".into_any(),
    };
    view! {
        <tr class:row-off=expired>
            <td class="cell-head">{token.name.clone()}<span class="cell-sub">{token.shown}</span></td>
            <td data-label="Scopes" class="cell-rest"><ScopeChips scopes=token.scopes/></td>
            <td data-label="Created" class="cell-muted cell-less"><Ago at=token.created_at now/></td>
            <td data-label="Last used" class="cell-muted"><LastUsed at=token.last_used_at address=token.last_address now/></td>
            <td data-label="Expires" class="cell-muted">{expires}</td>
            <td class="cell-end">
                <a
                    id=format!("revoke-{}", token.id) class="btn btn-small btn-danger-quiet"
                    href=format!("/account/tokens/{}/revoke", token.id) aria-label=format!("Revoke {}", token.name)
                >"Revoke"</a>
            </td>
        </tr>
    }
}

#[component]
fn ScopeChips(scopes: TokenScopes) -> impl IntoView {
    scopes.iter().map(|scope| view! { <Chip text=scope.as_str()/> }).collect_view()
}

/// When a token was used, and from which address.
#[component]
pub(super) fn LastUsed(at: Option<Timestamp>, address: Option<String>, now: Timestamp) -> impl IntoView {
    match at {
        Some(at) => view! {
            <Ago at now/>
            {address.map(|address| view! { <span class="cell-sub">{address}</span> })}
        }
        .into_any(),
        None => "Never".into_any(),
    }
}
