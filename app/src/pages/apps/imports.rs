//! `/apps/{app_id}/imports`: takes a file of keys that were made elsewhere, and lists the imports of the app.

use axum::extract::State;
use leptos::prelude::*;
use sallyport::{
    Timestamp,
    import::Import,
    member::Permission,
    store::{Page as Part, Paging},
};

use super::head::AppHead;
use crate::{
    access::AppAccess,
    acts::{ActError, Caller, imports::upload_import},
    components::{Badge, DataTable, ErrorSummary, FileField, Head, Setting, TextField, Tone},
    context::Context,
    error::{PageError, PageResult},
    form::FormState,
    islands::SubmitOnce,
    portal::Page,
    sent_file::SentUpload,
    shell,
    ui::{Ui, see_other},
    words::Ago,
};

/// As many as a page shows.
const SHOWN: u8 = 25;

const ACCEPTED: &str = ".csv,.jsonl,.ndjson,.json,.txt,text/csv,application/x-ndjson";

pub async fn get(ui: Ui, State(context): State<Context>, access: AppAccess) -> PageResult {
    access.org().needs(Permission::ManageKeys)?;
    Ok(ui.ok(page(&ui, &context, &access, FormState::new()).await?))
}

pub async fn post(ui: Ui, caller: Caller, access: AppAccess, sent: Result<SentUpload, PageError>) -> PageResult {
    // Before anything is said about the file.
    access.org().needs(Permission::ManageKeys)?;
    let (app, mut prefix) = (access.app.id.clone(), String::new());
    let uploaded = match sent {
        Ok(sent) => {
            prefix = sent.value("prefix");
            caller.run(upload_import(app, sent.file, prefix.clone())).await
        }
        Err(PageError::TooLarge) => Err(ActError::field("file", "The file is larger than 4 MiB. Split it.")),
        Err(error) => return Err(error),
    };
    match uploaded {
        Ok(id) => Ok(see_other(format!("/imports/{id}"))),
        Err(error) => {
            let form = error.beside(FormState::typed([("prefix", prefix)]))?;
            Ok(ui.refused(page(&ui, &ui.context, &access, form).await?))
        }
    }
}

async fn page(ui: &Ui, context: &Context, access: &AppAccess, form: FormState) -> Result<Page, PageError> {
    let chrome = shell::here(shell::of_app(ui, access).await?, "Import keys");
    let paging = Paging::parse(SHOWN, None).ok_or(PageError::NotFound)?;
    let imports: Part<Import> = context.store.imports(&access.app.id, &paging).await?;
    let (app, archived, now) = (access.app.clone(), access.is_archived(), context.store.now());
    Ok(Page::framed(format!("Import keys · {}", app.name), chrome, move || {
        let action = format!("/apps/{}/imports", app.id);
        let about = "Keys that were made elsewhere go on working, as keys of this app. Nothing is imported before you have seen \
            what would happen, line by line.";
        let upload = if archived && !form.is_refused() {
            view! { <p class="muted">"This app is archived. Restore it in its settings first."</p> }.into_any()
        } else {
            view! {
                <form method="post" action=action enctype="multipart/form-data" class="stack form">
                    <ErrorSummary form=&form/>
                    <TextField
                        form=&form name="prefix" label="Prefix of the keys" autocomplete="off"
                        hint="What each key begins with, such as acme_. Leave it empty if they have none."
                    />
                    <FileField
                        form=&form name="file" label="Choose a file" accept=ACCEPTED
                        hint="CSV with a header, or JSON lines; up to 10,000 keys and 4 MiB. Each line has the key, or its SHA-256, \
                            with environment and scopes."
                    />
                    <div class="form-foot"><button class="btn btn-primary">"Check file"</button></div>
                    <SubmitOnce/>
                </form>
            }
            .into_any()
        };
        view! {
            <AppHead app=app.clone() current="API keys"/>
            <div class="columns">
                <Setting title="Import keys" about=move || about>{upload}</Setting>
                <Imports imports=imports.items now/>
            </div>
        }
    }))
}

#[component]
fn Imports(imports: Vec<Import>, now: Timestamp) -> impl IntoView {
    (!imports.is_empty()).then(|| {
        let rows = imports.into_iter().map(|import| {
            let href = format!("/imports/{}", import.id);
            view! {
                <tr>
                    <td class="cell-head"><a class="link" href=href>{import.id.to_string()}</a></td>
                    <td data-label="Status"><ImportBadge import=import.clone()/></td>
                    <td data-label="Imported">{import.counts.imported}</td>
                    <td data-label="Refused">{import.counts.refused}</td>
                    <td data-label="Time" class="cell-muted"><Ago at=import.created_at now/></td>
                </tr>
            }
        });
        let (rows, columns) =
            (rows.collect_view(), ["Import", "Status", "Imported", "Refused", "Time"].map(Head::new).to_vec());
        view! {
            <section class="section">
                <h2 class="section-title">"Imports"</h2>
                <DataTable label="Imports" columns>{rows}</DataTable>
            </section>
        }
    })
}

/// How far it is.
#[component]
pub fn ImportBadge(import: Import) -> impl IntoView {
    let (tone, text) = match (import.started_at, import.finished_at) {
        (None, _) => (Tone::Neutral, "Not started"),
        (_, None) => (Tone::Accent, "Running"),
        _ => (Tone::Good, "Finished"),
    };
    view! { <Badge tone text/> }
}
