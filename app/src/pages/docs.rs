//! `/docs`: what `/v1` is, for those who write against it. The endpoints are read from the OpenAPI document, the rest
//! from the profile, so that both say what this deployment does.

mod field;
mod guide;
mod operation;
mod sample;

use axum::{extract::State, response::Response};
use leptos::prelude::*;

use crate::{context::Context, portal::Page, ui::Ui};
use guide::Guide;
use operation::{Operation, OperationCard};

pub async fn get(ui: Ui, State(context): State<Context>) -> Response {
    let (profile, public_url) = (context.store.profile().clone(), context.public_url.clone());
    let operations = Operation::all(&context.api, &public_url, &profile);
    let page = Page::open("API reference", move || {
        let contents = operations.chunk_by(|one, next| one.tag == next.tag).map(|group| {
            let links = group.iter().map(|operation| {
                let href = format!("#{}", operation.id);
                view! { <li><a href=href>{operation.summary.clone()}</a></li> }
            });
            view! { <li>{group[0].tag.clone()}<ul>{links.collect_view()}</ul></li> }
        });
        let contents = contents.collect_view();
        let cards = operations.into_iter().map(|operation| view! { <OperationCard operation/> }).collect_view();
        view! {
            <div class="page-head">
                <div class="page-title">
                    <h1>"API reference"</h1>
                    <p class="page-sub">
                        <span>"For backends, gateways and automation. As a file: "<a href="/v1/openapi.json">"OpenAPI 3.1"</a></span>
                    </p>
                </div>
            </div>
            <div class="reference">
                <nav class="reference-contents" aria-label="Contents">
                    <ul>
                        <li>"Guide"
                            <ul>
                                <li><a href="#authenticate">"Authenticate"</a></li>
                                <li><a href="#keys">"What a key may do"</a></li>
                                <li><a href="#verdicts">"Verdicts"</a></li>
                                <li><a href="#limits">"Rate limits"</a></li>
                                <li><a href="#errors">"Errors and retries"</a></li>
                            </ul>
                        </li>
                        {contents}
                    </ul>
                </nav>
                <div class="reference-text">
                    <Guide profile public_url/>
                    {cards}
                </div>
            </div>
        }
    });
    ui.ok(page).await
}
