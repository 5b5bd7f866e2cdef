//! The issuers with which the person signs in.

use leptos::prelude::*;
use sallyport::{identity::Identity, single_sign_on::Issuer};

use crate::components::{Hidden, Setting};

#[component]
pub(super) fn LinkedSignIns(identities: Vec<Identity>, issuers: Vec<Issuer>) -> impl IntoView {
    let one = move |Identity { provider, subject }: Identity| {
        let issuer = issuers.iter().find(|issuer| issuer.url == provider);
        let name = issuer.map_or_else(|| provider.clone(), |issuer| issuer.name.clone());
        view! {
            <form method="post" action="/account" class="actions">
                <Hidden name="do" value="unlink"/>
                <Hidden name="provider" value=provider/>
                <Hidden name="subject" value=subject.clone()/>
                <span><b>{name.clone()}</b>" as "<code>{subject}</code></span>
                <button class="btn btn-small btn-danger-quiet" aria-label=format!("Unlink {name}")>"Unlink"</button>
            </form>
        }
    };
    (!identities.is_empty()).then(|| {
        view! {
            <Setting
                title="Linked sign-ins"
                about=|| "You can sign in with these, too. Unlinking one signs you out everywhere."
            >
                <div class="stack">{identities.into_iter().map(one).collect_view()}</div>
            </Setting>
        }
    })
}
