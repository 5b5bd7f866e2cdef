//! The list of keys, of one app or of a whole organization.

use std::sync::Arc;

use leptos::prelude::*;
use sallyport::{
    Timestamp,
    profile::Profile,
    store::{KeyFilter, KeyPage},
};
use serde::Deserialize;

use super::row::{KeyRow, environment_title};
use crate::{
    components::{CodeBlock, DataTable, Empty, FilterBar, FilterCheck, Pager},
    form::FormState,
    icons::Icon,
    words::count,
};

/// What the URL says of the list, so that a view can be shared.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct ListQuery {
    #[serde(default)]
    include_revoked: String,
    before: Option<String>,
    after: Option<String>,
    /// `generate` opens the side panel.
    pub panel: Option<String>,
    /// A key whose label, type and scopes the panel begins with.
    pub like: Option<String>,
}

impl ListQuery {
    pub fn filter(&self) -> KeyFilter {
        KeyFilter {
            include_revoked: matches!(self.include_revoked.as_str(), "1" | "on" | "true"),
            before: self.before.clone(),
            after: self.after.clone(),
        }
    }
}

/// What the list shows.
#[derive(Clone)]
pub struct KeyList {
    /// Where it lies: `/apps/{app_id}/keys`.
    pub path: String,
    pub page: KeyPage,
    pub filter: KeyFilter,
    /// Names the app of each key.
    pub of_org: bool,
    /// Whether a key can be generated here: there is an app for it.
    pub can_generate: bool,
    pub public_url: String,
    pub profile: Arc<Profile>,
    pub now: Timestamp,
}

impl KeyList {
    /// Nothing there, and nothing hidden.
    pub fn is_empty(&self) -> bool {
        self.page.keys.is_empty() && self.filter.before.is_none() && self.filter.after.is_none()
    }

    fn href(&self, edge: &str, cursor: &str) -> String {
        let revoked = if self.filter.include_revoked { "&include_revoked=1" } else { "" };
        format!("{}?{edge}={cursor}{revoked}", self.path)
    }
}

#[component]
pub fn KeyListView(list: KeyList) -> impl IntoView {
    let filters = if list.filter.include_revoked { vec![("include_revoked", "1")] } else { vec![] };
    let form = FormState::typed(filters);
    let total = count(list.page.total, "key");
    let body = if list.is_empty() {
        view! { <NoKeys list=list.clone()/> }.into_any()
    } else {
        view! { <Keys list=list.clone()/> }.into_any()
    };
    view! {
        <FilterBar action=list.path side=move || view! { <span class="muted">{total}</span> }>
            <FilterCheck form=&form name="include_revoked" label="Include revoked"/>
        </FilterBar>
        {body}
    }
}

#[component]
fn Keys(list: KeyList) -> impl IntoView {
    let columns: &[&str] = if list.of_org {
        &["Label", "App", "Key", "Environment", "Scopes", "Created", "Last used", "Status"]
    } else {
        &["Label", "Key", "Environment", "Scopes", "Created", "Last used", "Status"]
    };
    let newer = list.page.newer.as_ref().map(|cursor| list.href("after", cursor));
    let older = list.page.older.as_ref().map(|cursor| list.href("before", cursor));
    let (of_org, now, profile) = (list.of_org, list.now, list.profile);
    let rows = list.page.keys.into_iter().map(move |(key, app)| {
        let environment = environment_title(&profile, &key.environment);
        view! { <KeyRow key app=of_org.then_some(app) environment now/> }
    });
    view! {
        <DataTable label="API keys" columns>{rows.collect_view()}</DataTable>
        <div class="table-foot">
            <p>"Keys are hashed; a lost key can’t be shown again."</p>
            <Pager newer older/>
        </div>
    }
}

#[component]
fn NoKeys(list: KeyList) -> impl IntoView {
    let (title, text) = if list.can_generate {
        ("No API key yet", "A key lets one app call your API. Its secrets are shown once, when you generate it.")
    } else {
        ("No app to make a key for", "A key speaks for one app. Make a project and an app first.")
    };
    let generate = list.can_generate.then(|| format!("{}?panel=generate", list.path));
    let curl = curl(&list.public_url, &list.profile.key_header);
    let below = list.can_generate;
    view! {
        <Empty
            icon=Icon::Key title text
            action=move || generate.map(|href| view! { <a id="generate" class="btn btn-primary" href=href>"Generate API Key"</a> })
            below=move || below.then(|| view! {
                <p class="muted">"It goes into a header. Ask whether it is good:"</p>
                <CodeBlock text=curl/>
            })
        />
    }
}

/// The call that a key goes into.
pub fn curl(public_url: &str, header: &str) -> String {
    format!("curl -i {public_url}/v1/auth \\\n  -H \"{header}: $API_KEY\"")
}
