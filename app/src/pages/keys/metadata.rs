//! The metadata of a key, entry by entry.

use leptos::prelude::*;
use sallyport::key::Metadata;
use serde_json::Value;

use crate::components::{Card, CopyButton, Fact, Facts};

#[component]
pub fn MetadataCard(metadata: Metadata) -> impl IntoView {
    let text = metadata.pretty();
    let entries = metadata.entries().map(|(name, value)| {
        let value = match value {
            Value::String(text) => text.clone().into_any(),
            other => view! { <code>{other.to_string()}</code> }.into_any(),
        };
        view! { <Fact label=name>{value}</Fact> }
    });
    let entries = entries.collect_view();
    view! {
        <Card title="Metadata" actions=move || view! { <CopyButton name="Copy metadata" text/> }>
            <Facts>{entries}</Facts>
        </Card>
    }
}
