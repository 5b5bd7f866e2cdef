//! Keys from before the rules that break them.

use leptos::prelude::*;
use sallyport::{Timestamp, key::ListedKey, store::KeyPage};

use crate::{
    components::{Card, DataTable, Head},
    pages::{
        attention::counted,
        keys::row::{StatusBadge, owner},
    },
    words::{Ahead, count},
};

/// Keys on the page.
pub(super) const SHOWN: u8 = 20;

#[component]
pub(super) fn Breaking(page: KeyPage, now: Timestamp) -> impl IntoView {
    let total = page.total;
    let shown = i64::try_from(page.keys.len()).unwrap_or(i64::MAX);
    let body = if page.keys.is_empty() {
        view! { <p class="muted">"Every key obeys these rules."</p> }.into_any()
    } else {
        let rows = page.keys.into_iter().map(|key| view! { <Row key now/> }).collect_view();
        let columns = ["Label", "Owner", "Expires", "Status"].map(Head::new).to_vec();
        let more = (total > shown).then(|| match total - shown {
            more if total > KeyPage::COUNTED => format!("And more: {} in all.", counted(more + shown)),
            more => format!("And {} more.", count(more, "key")),
        });
        view! {
            <p class="muted">"They were made before, and keep working. They get nothing more until they obey."</p>
            <DataTable label="Keys that break these rules" columns>{rows}</DataTable>
            {more.map(|text| view! { <p class="muted">{text}</p> })}
        }
        .into_any()
    };
    view! { <Card title="Keys that break these rules"><div class="stack">{body}</div></Card> }
}

#[component]
fn Row(key: ListedKey, now: Timestamp) -> impl IntoView {
    let href = format!("/keys/{}", key.id);
    let expires = match key.expires_at {
        Some(at) => view! { <Ahead at now/> }.into_any(),
        None => "Never".into_any(),
    };
    view! {
        <tr>
            <td class="cell-main"><a href=href>{key.label}</a></td>
            <td data-label="Owner">{owner(key.owner, &key.owner_name)}</td>
            <td data-label="Expires" class="cell-muted">{expires}</td>
            <td class="cell-end"><StatusBadge status=key.status/></td>
        </tr>
    }
}
