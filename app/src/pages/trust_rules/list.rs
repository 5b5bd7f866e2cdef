//! `/apps/{app_id}/trust-rules`: the rules of an app, and the keys that they gave and that are not over.

use axum::extract::State;
use leptos::prelude::*;
use sallyport::{Timestamp, key::Key, member::Permission, profile::Profile, trust_rule::TrustRule};

use super::told;
use crate::{
    access::AppAccess,
    components::{Badge, Card, DataTable, DoneNotice, Empty, Fact, Facts, Tone},
    context::Context,
    error::{PageError, PageResult},
    icons::Icon,
    pages::{apps::head::AppHead, keys::row::StatusBadge},
    portal::Page,
    shell,
    ui::{Ui, UrlQuery},
    words::Ago,
};

#[derive(serde::Deserialize)]
pub struct DoneQuery {
    #[serde(default)]
    done: String,
}

const ABOUT: &str = "A CI job proves who it is with the ID token of its CI service, and gets a key that is over within 15 minutes: \
    no key has to be stored there.";

pub async fn get(
    ui: Ui,
    State(context): State<Context>,
    access: AppAccess,
    UrlQuery(query): UrlQuery<DoneQuery>,
) -> PageResult {
    Ok(ui.ok(page(&ui, &context, &access, told(&query.done)).await?))
}

/// Also behind dialogs.
pub(super) async fn page(
    ui: &Ui,
    context: &Context,
    access: &AppAccess,
    done: Option<&'static str>,
) -> Result<Page, PageError> {
    access.org().needs(Permission::GovernKeys)?;
    let (store, app) = (&context.store, access.app.clone());
    let chrome = shell::here(shell::of_app(ui, access).await?, "Trust rules");
    let (rules, keys) = (store.trust_rules(&app.id).await?, store.keys_of_trust_rules(&app.id).await?);
    let (profile, now) = (store.profile().clone(), store.now());
    Ok(Page::framed(format!("Trust rules · {}", app.name), chrome, move || {
        let new = format!("/apps/{}/trust-rules/new", app.id);
        let body = if rules.is_empty() {
            let actions = move || {
                view! {
                    <a id="new-rule" class="btn btn-primary" href=format!("{new}?for=github")>"Trust GitHub Actions"</a>
                    <a class="btn" href=format!("{new}?for=gitlab")>"Trust GitLab"</a>
                    <a class="btn" href=new.clone()>"New trust rule"</a>
                }
            };
            view! { <Empty icon=Icon::Key title="No trust rules" text=ABOUT action=actions/> }.into_any()
        } else {
            let cards = rules.into_iter().map(|rule| view! { <RuleCard rule profile=&profile now/> }).collect_view();
            view! {
                <div class="columns">
                    <div class="stack">
                        <p class="muted">{ABOUT}</p>
                        <div class="actions"><a id="new-rule" class="btn btn-primary" href=new>"New trust rule"</a></div>
                    </div>
                    {cards}
                    <Given keys now/>
                </div>
            }
            .into_any()
        };
        view! {
            <AppHead app=app.clone() current="Settings"/>
            <DoneNotice text=done/>
            {body}
        }
    }))
}

#[component]
fn RuleCard<'a>(rule: TrustRule, profile: &'a Profile, now: Timestamp) -> impl IntoView + use<> {
    let environment = profile.environment(&rule.environment).map(|found| found.title.clone());
    let environment = environment.unwrap_or_else(|| rule.environment.clone());
    let claims = rule.claims.iter().map(|(name, value)| {
        view! { <div><code>{format!("{name}={value}")}</code></div> }
    });
    let claims = claims.collect_view();
    let (scopes, lifetime) = (rule.scopes.join(", "), format!("{} s", rule.lifetime.as_secs()));
    let addresses = rule.addresses.lines().collect::<Vec<_>>().join(", ");
    let (paused, base) = (rule.is_paused(), format!("/trust-rules/{}", rule.id));
    let badge = move || {
        if paused {
            view! { <Badge tone=Tone::Warning text="Paused"/> }.into_any()
        } else {
            view! { <Badge tone=Tone::Good text="Active"/> }.into_any()
        }
    };
    let (edit, delete) = (format!("{base}/edit"), format!("{base}/delete"));
    let (turn, label) = if paused { ("resume", "Resume") } else { ("pause", "Pause") };
    let turn = format!("{base}/{turn}");
    view! {
        <Card title=rule.name.clone() actions=badge>
            <div class="stack">
                <Facts>
                    <Fact label="Issuer"><code>{rule.issuer.clone()}</code></Fact>
                    <Fact label="Audience"><code>{rule.audience.clone()}</code></Fact>
                    <Fact label="Claims">{claims}</Fact>
                    <Fact label="Environment">{environment}</Fact>
                    <Fact label="Scopes">{scopes}</Fact>
                    <Fact label="Lifetime of a key">{lifetime}</Fact>
                    {(!addresses.is_empty()).then(|| view! { <Fact label="Addresses">{addresses}</Fact> })}
                    <Fact label="Last used">
                        {match rule.used_at {
                            Some(at) => view! { <Ago at now/> }.into_any(),
                            None => view! { "Never" }.into_any(),
                        }}
                    </Fact>
                    <Fact label="Created"><Ago at=rule.created_at now/>" by "{rule.created_by.clone()}</Fact>
                </Facts>
                <div class="actions">
                    <form method="get" action=edit><button id=format!("edit-{}", rule.id) class="btn">"Edit"</button></form>
                    <form method="get" action=turn><button id=format!("turn-{}", rule.id) class="btn">{label}</button></form>
                    <form method="get" action=delete>
                        <button id=format!("delete-{}", rule.id) class="btn btn-danger-quiet">"Delete"</button>
                    </form>
                </div>
            </div>
        </Card>
    }
}

/// The keys that are not over.
#[component]
fn Given(keys: Vec<Key>, now: Timestamp) -> impl IntoView {
    let body = if keys.is_empty() {
        view! { <p class="muted">"None is valid now. A key is deleted when it is over; the activity log keeps who got it."</p> }.into_any()
    } else {
        let rows = keys.into_iter().map(move |key| {
            let subject =
                key.metadata.get("subject").and_then(|subject| subject.as_str()).unwrap_or_default().to_owned();
            let (href, status) = (format!("/keys/{}", key.id), key.status(now));
            view! {
                <tr>
                    <td><a class="link" href=href>{key.label}</a></td>
                    <td><code>{key.shown}</code></td>
                    <td>{subject}</td>
                    <td><Ago at=key.created_at now/></td>
                    <td>{key.expires_at.map(|at| view! { <Ago at now/> })}</td>
                    <td><StatusBadge status/></td>
                </tr>
            }
        });
        view! {
            <DataTable label="Short-lived keys" columns=&["Label", "Key", "Subject", "Given", "Expires", "Status"]>
                {rows.collect_view()}
            </DataTable>
        }
        .into_any()
    };
    view! {
        <section class="section">
            <h2 class="section-title">"Short-lived keys"</h2>
            {body}
        </section>
    }
}
