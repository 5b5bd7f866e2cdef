//! The head and the tabs of every page of an app.

use leptos::prelude::*;
use sallyport::app::App;

use crate::components::{IdChip, PageHead, Tab, Tabs};

#[component]
pub fn AppHead(app: App, #[prop(into)] current: String, #[prop(optional)] generate: bool) -> impl IntoView {
    let base = format!("/apps/{}", app.id);
    let tabs = vec![
        Tab::new("Overview", &base),
        Tab::new("API keys", format!("{base}/keys")),
        Tab::new("Usage", format!("{base}/usage")),
        Tab::new("Activity", format!("{base}/activity")),
        Tab::new("Settings", format!("{base}/settings")),
    ];
    let id = app.id.to_string();
    let (os, bundle) = (app.os.title(), app.bundle_id);
    let actions = base.clone();
    view! {
        <PageHead
            title=app.name
            sub=move || view! {
                <span><IdChip id name="Copy app id"/></span>
                <span>{os}</span>
                {bundle.map(|bundle| view! { <span>{bundle}</span> })}
            }
            actions=move || view! {
                <a class="btn" href=format!("{actions}/identifiers.json") download>"Download identifiers JSON"</a>
                {generate.then(|| view! {
                    <a id="generate" class="btn btn-primary" href=format!("{actions}/keys?panel=generate")>"Generate API Key"</a>
                })}
            }
        />
        <Tabs items=tabs current/>
    }
}
