//! Hand-over links of a key that nobody opened yet.

use leptos::prelude::*;
use sallyport::{Timestamp, id::KeyId, store::OpenHandover};

use crate::{
    components::{Card, Hidden},
    islands::SubmitOnce,
    words::{Ago, Ahead},
};

#[component]
pub fn HandoverLinks(key: KeyId, links: Vec<OpenHandover>, may_withdraw: bool, now: Timestamp) -> impl IntoView {
    if links.is_empty() {
        return ().into_any();
    }
    let links = links.into_iter().map(|link| {
        let OpenHandover { id, by, created_at, expires_at, only_for, has_passphrase } = link;
        let who = only_for.unwrap_or_else(|| "Whoever has the link".to_owned());
        let how = if has_passphrase { ", with a passphrase" } else { "" };
        view! {
            <div class="stack">
                <p>
                    {format!("{who} can open it once{how}. It ends ")}<Ahead at=expires_at now/>
                    {format!("; {by} made it ")}<Ago at=created_at now/>"."
                </p>
                {may_withdraw.then(|| view! {
                    <form method="post" action=format!("/keys/{key}/withdraw-handover")>
                        <Hidden name="handover" value=id.to_string()/>
                        <button class="btn btn-small">"Withdraw"</button>
                        <SubmitOnce/>
                    </form>
                })}
            </div>
        }
    });
    let links = links.collect_view();
    view! {
        <Card title="Hand-over links">
            <div class="stack">
                {links}
                {may_withdraw.then(|| view! {
                    <p class="hint">"Nobody can open a link that was withdrawn. The credentials are not shown again: rotate the key for new ones."</p>
                })}
            </div>
        </Card>
    }
    .into_any()
}
