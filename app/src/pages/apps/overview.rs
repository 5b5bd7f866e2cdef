//! `/apps/{app_id}`: the app, its newest keys, and its latest events.

use axum::extract::State;
use leptos::prelude::*;
use sallyport::{
    member::Permission,
    profile::HolderKind,
    store::{EventFilter, KeyFilter},
};

use super::{head::AppHead, keys::can_generate};
use crate::{
    access::AppAccess,
    components::{Card, Empty, Fact, Facts, Step, StepList},
    context::Context,
    error::PageResult,
    icons::Icon,
    pages::{
        activity::list::EventList,
        attention::{Attention, AttentionCard, KeyFigures, NewestKeys},
        keys::{least_privilege::PlaceUseCard, snippets},
        usage::card::{RequestsCard, last_day},
    },
    portal::Page,
    shell,
    ui::Ui,
    words::Ago,
};

const SHOWN: usize = 5;

pub async fn get(ui: Ui, State(context): State<Context>, access: AppAccess) -> PageResult {
    let chrome = shell::at_last(shell::of_app(&ui, &access).await?);
    let store = &context.store;
    let path = format!("/apps/{}/keys", access.app.id);
    let (org, reader) = (&access.app.org_id, &access.org().me.user.id);
    let attention = Attention::of(store, path, org, Some(&access.app.id), &KeyFilter::default(), reader).await?;
    let mut events = store.events(&access.app.org_id, Some(&access.app.id), &EventFilter::default()).await?.events;
    events.truncate(SHOWN);
    let (now, owner) = (store.now(), store.profile().keys.owner);
    let requests = match access.org().role.may(Permission::SeeKeys) {
        true => Some(last_day(store, access.app.id.as_str(), &access.app.org_id, now).await?),
        false => None,
    };
    let used = match requests {
        Some(_) => {
            let history = store.place_history(&access.app.org_id, Some(&access.app.id)).await?;
            history.sentences("The keys of this app", store.profile(), now)
        }
        None => Vec::new(),
    };
    let hygiene = format!("/orgs/{}/hygiene", access.app.org_id);
    let may_generate = access.org().role.may(Permission::ManageKeys) && can_generate(&context, &access);
    let call = snippets::curl(&context.public_url, store.profile());
    let operator = access.org().me.user.operator;
    let runtime_file = store.profile().runtime_file.clone();
    let mints = access.org().role.may(Permission::ManageKeys) && store.profile().capabilities.are_offered();
    let governs = access.org().needs(Permission::GovernKeys).is_ok();
    let app = access.app;
    let page = Page::framed(app.name.clone(), chrome, move || {
        let base = format!("/apps/{}", app.id);
        let all_events = format!("{base}/activity");
        let none = attention.is_empty();
        let trust_rules = format!("{base}/trust-rules");
        let imports = format!("{base}/imports");
        let (keys, capabilities) = (format!("{base}/keys"), format!("{base}/capabilities"));
        let description = (!app.description.is_empty()).then(|| app.description.clone());
        let runtime = (!runtime_file.is_empty()).then(|| {
            let href = format!("{base}/runtime-configuration.json");
            view! { <p><a class="btn btn-small" href=href download>{format!("Download {runtime_file}")}</a></p> }
        });
        let (figures, highlights) = (attention.clone(), attention.highlights.clone());
        view! {
            <AppHead app=app.clone() current="Overview" generate=may_generate && !none/>
            {(!none).then(|| view! { <KeyFigures attention=figures/> })}
            <div class="split">
                <div class="columns">
                    {(!none).then(|| view! { <AttentionCard highlights now of_several=false/> })}
                    <RequestsCard report=requests path=base.clone()/>
                    <PlaceUseCard sentences=used hygiene/>
                    {if none {
                        let generate = may_generate.then(|| format!("{keys}?panel=generate"));
                        view! { <NoKey owner generate call/> }.into_any()
                    } else {
                        view! { <NewestKeys all=Some(attention.path) highlights=attention.highlights now of_several=false/> }.into_any()
                    }}
                </div>
                <div class="columns">
                    <Card title="About">
                        <Facts>
                            {description.map(|text| view! { <Fact label="Description">{text}</Fact> })}
                            <Fact label="Data ingestion">
                                {if app.ingestion_verified { "Verified" } else { "Not verified" }}
                                {operator.then(|| view! { " · "<a href=format!("{base}/ingestion")>"Change"</a> })}
                            </Fact>
                            {may_generate.then(|| view! { <Fact label="Keys made elsewhere"><a href=imports>"Import keys"</a></Fact> })}
                            {mints.then(|| view! {
                                <Fact label="Capability tokens"><a href=capabilities>"Mint or revoke"</a></Fact>
                            })}
                            {governs.then(|| view! {
                                <Fact label="CI jobs"><a href=trust_rules>"Trust rules"</a></Fact>
                            })}
                            <Fact label="Created"><Ago at=app.created_at now/></Fact>
                        </Facts>
                        {runtime}
                    </Card>
                    <Card title="Last events" actions=move || view! { <a href=all_events>"All activity"</a> }>
                        <EventList events now of_several=true/>
                    </Card>
                </div>
            </div>
        }
    });
    Ok(ui.ok(page))
}

/// In place of its keys: the steps to the first one and its first request.
#[component]
fn NoKey(
    owner: HolderKind,
    /// The address of the panel, for people who may generate keys.
    generate: Option<String>,
    /// The call that the key goes into.
    call: String,
) -> impl IntoView {
    if owner != HolderKind::App {
        return view! { <Empty icon=Icon::Key title="No active key" text=owner.who_generates()/> }.into_any();
    }
    let first = Step::new("Generate an API key");
    let steps = vec![
        Step { action: generate.map(|href| ("Generate API Key", href)), ..first },
        Step { call: Some(call), ..Step::new("Send it with every request to your API") },
        Step::new("See its requests here, accepted and refused"),
    ];
    view! {
        <Card title="No active key">
            <StepList steps/>
        </Card>
    }
    .into_any()
}
