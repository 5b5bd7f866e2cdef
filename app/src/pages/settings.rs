//! `…/settings` of an organization, a tenant, a project or an app: its name, archiving and deletion.

pub mod appearance;
pub mod archive;
pub mod colour;
pub mod delete;
pub mod key_rules;
pub mod logo;
pub mod placed;
pub mod restore;
pub mod service_urls;
pub mod sign_in;

use axum::extract::State;
use leptos::prelude::*;
use sallyport::{
    place::{Place, PlaceKind},
    store::Contents,
};

use crate::{
    access::Addressed,
    acts::{Caller, places::edit_place},
    components::{ErrorSummary, Fact, Facts, Hidden, Setting, TextArea, TextField},
    context::Context,
    edit_conflict::fingerprint,
    error::{PageError, PageResult},
    form::FormState,
    islands::SubmitOnce,
    portal::Page,
    ui::{Typed, Ui, UrlQuery, refuse, see_other},
    words::count,
};
use placed::Placed;

#[derive(serde::Deserialize)]
pub struct SavedQuery {
    #[serde(default)]
    saved: String,
}

pub async fn get<A: Placed>(
    ui: Ui,
    State(context): State<Context>,
    access: A,
    UrlQuery(query): UrlQuery<SavedQuery>,
) -> PageResult {
    access.org().needs(access.place().kind.to_see())?;
    let page = page(&ui, &context, &access, None, !query.saved.is_empty()).await?;
    Ok(ui.ok(page))
}

pub async fn post<A: Placed>(ui: Ui, caller: Caller, Addressed(id): Addressed<A>, Typed(form): Typed) -> PageResult {
    let value = |name| form.value(name);
    match caller.run(edit_place(id.clone().into(), value("name"), value("description"), value("seen"))).await {
        Ok(()) => Ok(see_other(format!("{}?saved=1", ui.path()))),
        Err(error) => {
            let (form, access) = (refuse(form, error)?, caller.access::<A>(&id).await?);
            Ok(ui.refused(page(&ui, &ui.context, &access, Some(form), false).await?))
        }
    }
}

/// The values of the form before anything was typed.
fn fields<A: Placed>(access: &A) -> FormState {
    let place = access.place();
    FormState::typed([("name", place.name), ("description", place.description)])
}

/// The settings page, also behind its dialogs.
pub async fn page<A: Placed>(
    ui: &Ui,
    context: &Context,
    access: &A,
    form: Option<FormState>,
    saved: bool,
) -> Result<Page, PageError> {
    let chrome = access.chrome(ui).await?;
    let place = access.place();
    let form = form.unwrap_or_else(|| fields(access));
    let role = access.org().role;
    let (may_edit, may_delete) = (role.may(place.kind.to_edit()), role.may(place.kind.to_delete()));
    // Only counted for people who may archive or delete it.
    let contents = if role.may(place.kind.to_archive()) { Some(context.store.contents(&place).await?) } else { None };
    let (head, card, noun) = (access.head(), access.card(&form), place.kind.noun());
    Ok(Page::framed(format!("Settings · {}", place.name), chrome, move || {
        view! {
            {head()}
            {saved.then(placed::saved)}
            <div class="columns">
                <NamingForm place=place.clone() form may_edit/>
                {card.map(|card| card())}
                {match contents {
                    Some(contents) => view! { <Ending place=place.clone() contents may_delete/> }.into_any(),
                    None => view! {
                        <p class="muted">{format!("Only owners and admins can archive or delete this {noun}.")}</p>
                    }.into_any(),
                }}
            </div>
        }
    }))
}

#[component]
fn NamingForm(place: Place, form: FormState, may_edit: bool) -> impl IntoView {
    let (action, noun) = (format!("{}/settings", place.path()), place.kind.noun());
    let about = move || format!("What people see of this {noun}. Its ID does not change.");
    if !may_edit {
        let description = if place.description.is_empty() { "–".to_owned() } else { place.description };
        return view! {
            <Setting title="General" about>
                <Facts>
                    <Fact label="Name">{place.name}</Fact>
                    <Fact label="Description">{description}</Fact>
                </Facts>
            </Setting>
        }
        .into_any();
    }
    view! {
        <Setting title="General" about>
            <form method="post" action=action novalidate class="stack form">
                <ErrorSummary form=&form/>
                <Hidden name="seen" value=fingerprint(&[&place.name, &place.description])/>
                <TextField form=&form name="name" label="Name"/>
                <TextArea form=&form name="description" label="Description" hint="Optional. What it is for, and who looks after it."/>
                <div class="form-foot"><button class="btn btn-primary">"Save"</button></div>
                <SubmitOnce/>
            </form>
        </Setting>
    }
    .into_any()
}

/// More than the active ones: paused keys and those of archived apps, too.
fn not_ended(keys: i64) -> String {
    let verb = if keys == 1 { "is" } else { "are" };
    format!("{} that {verb} neither revoked nor expired", count(keys, "key"))
}

/// What stops working when it is archived.
pub fn archive_consequences(contents: &Contents) -> String {
    match (contents.keys, contents.in_use) {
        (0, _) => "It has no keys, but revoked or expired ones.".to_owned(),
        (keys, 0) => format!("It has {}; none was used in the last week.", not_ended(keys)),
        (keys, used) => {
            let verb = if used == 1 { "was" } else { "were" };
            format!(
                "It has {}; {used} {verb} used in the last week, and what calls with them stops working.",
                not_ended(keys)
            )
        }
    }
}

#[component]
fn Ending(place: Place, contents: Contents, may_delete: bool) -> impl IntoView {
    let base = format!("{}/settings", place.path());
    let noun = place.kind.noun();
    let stops = archive_consequences(&contents);
    let archived = place.archived_at.is_some();
    let within = match place.kind {
        PlaceKind::App => String::new(),
        _ => format!(" with {}", count(contents.apps, "app")),
    };
    // Restoring is above the page, where it is said that it is archived.
    let archive = (!archived).then(|| {
        let about = format!(
            "Every request with a key of this {noun} is refused (403) until you restore it. Nothing is lost. {stops}"
        );
        view! {
            <div class="danger-row">
                <div><b>{format!("Archive this {noun}")}</b><p class="muted">{about}</p></div>
                <form method="get" action=format!("{base}/archive")><button class="btn">"Archive"</button></form>
            </div>
        }
    });
    if archived && !may_delete {
        return ().into_any();
    }
    let deletes = format!("Deletes the {noun}{within} and every key for good. The activity log keeps its history.");
    view! {
        <Setting title="Danger zone" about=move || format!("Takes the {noun} out of use, for a while or for good.")>
            <div class="danger-rows">
                {archive}
                {may_delete.then(|| view! {
                    <div class="danger-row">
                        <div><b>{format!("Delete this {noun}")}</b><p class="muted">{deletes}</p></div>
                        <form method="get" action=format!("{base}/delete")>
                            <button id="delete" class="btn btn-danger-quiet">"Delete"</button>
                        </form>
                    </div>
                })}
            </div>
        </Setting>
    }
    .into_any()
}
