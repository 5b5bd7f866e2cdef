//! `/v1/apps/{app_id}/imports` and `/v1/imports/{import_id}`

use axum::{
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    response::Response,
};
use sallyport::{
    Error, Result as StoreResult, Timestamp,
    app::App,
    id::{AppId, ImportId, KeyId, OrgId},
    import::{self, Import, LineOutcome, LineReport, rule::RuleInput},
    member::Permission,
    place::Place,
    store::{Reader, Store},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema, openapi::schema::Object};

use super::{
    access::{Reachable, Within},
    answer::{Listed, accepted, ok},
    creation::act_once,
    query::{self, NoParams, PageParams, Parameters, QueryParams},
};
use crate::{
    api::{
        body,
        problem::Problem,
        schema::{about, words},
    },
    state::AppState,
};

/// The most errors in an answer.
const MOST_ERRORS: usize = 1_000;

/// How to import, besides what the file says.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ImportParams {
    /// Only say line by line what would happen.
    #[serde(default, deserialize_with = "query::flag")]
    #[param(default = false, required = false)]
    dry_run: bool,
    /// What each key begins with. Say it if you can: fewer other texts are looked up.
    #[param(nullable = false, max_length = 32)]
    prefix: Option<String>,
    /// How long each key is at least, in characters.
    #[param(nullable = false, minimum = 12, maximum = 255, default = 12)]
    min_length: Option<usize>,
    /// How long each key is at most.
    #[param(nullable = false, minimum = 12, maximum = 255, default = 255)]
    max_length: Option<usize>,
}

impl Parameters for ImportParams {
    const FIELDS: &str =
        "The query takes dry_run (true or false), prefix, min_length and max_length (12 to 255), each once.";
}

/// An import of keys that were made elsewhere.
#[derive(Serialize, ToSchema)]
#[schema(as = Import)]
pub struct ImportResponse {
    #[schema(value_type = String)]
    import_id: ImportId,
    #[schema(value_type = String)]
    app_id: AppId,
    #[schema(schema_with = statuses)]
    status: &'static str,
    /// How many keys the file has.
    lines: i64,
    /// Lines so far whose key was imported.
    imported: i64,
    /// Lines so far whose key the organization had imported before.
    repeated: i64,
    /// Lines so far that were refused.
    refused: i64,
    /// What each of its keys begins with; may be empty.
    prefix: String,
    /// How long each of its keys is at least.
    min_length: usize,
    /// How long each of its keys is at most.
    max_length: usize,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When its last line was done; `null` before.
    #[schema(value_type = Option<String>, required = true, format = DateTime)]
    finished_at: Option<Timestamp>,
}

fn statuses() -> Object {
    about("How far it is. `checked`: it was only looked through.", words(["checked", "running", "finished"]))
}

impl ImportResponse {
    fn of(import: Import) -> Self {
        Self {
            status: import.status(),
            import_id: import.id,
            app_id: import.app_id,
            lines: import.lines,
            imported: import.counts.imported,
            repeated: import.counts.repeated,
            refused: import.counts.refused,
            prefix: import.rule.prefix,
            min_length: import.rule.min_length,
            max_length: import.rule.max_length,
            created_at: import.created_at,
            finished_at: import.finished_at,
        }
    }
}

/// The same with the lines that were refused.
#[derive(Serialize, ToSchema)]
#[schema(as = ImportWithErrors)]
pub struct ImportDetails {
    #[serde(flatten)]
    import: ImportResponse,
    /// The lines that were refused so far, up to 1,000.
    errors: Vec<LineResponse>,
}

/// A line of a file.
#[derive(Serialize, ToSchema)]
#[schema(as = ImportLine)]
pub struct LineResponse {
    /// Its number in the file, from 1.
    line: u64,
    #[schema(schema_with = outcomes)]
    outcome: &'static str,
    /// Why it is not imported.
    #[schema(required = true)]
    reason: Option<String>,
    label: String,
    /// What lists show of the key.
    shown: String,
    /// The key it became.
    #[schema(value_type = Option<String>, required = true)]
    key_id: Option<KeyId>,
}

fn outcomes() -> Object {
    let text = "What becomes of it. `repeated`: the organization has imported this key already.";
    about(text, words(LineOutcome::ALL.iter().map(|outcome| outcome.as_str())))
}

impl From<LineReport> for LineResponse {
    fn from(report: LineReport) -> Self {
        Self {
            line: report.line,
            outcome: report.outcome.as_str(),
            reason: report.reason,
            label: report.label,
            shown: report.shown,
            key_id: report.key_id,
        }
    }
}

/// What an import would do.
#[derive(Serialize, ToSchema)]
#[schema(as = ImportDryRun)]
pub struct DryRunResponse {
    /// Always true: nothing was imported.
    dry_run: bool,
    /// Lines whose key would be imported.
    imported: i64,
    /// Lines whose key the organization has imported already, or that are in the file twice.
    repeated: i64,
    /// Lines that would be refused.
    refused: i64,
    /// What each of the keys has to begin with; may be empty.
    prefix: String,
    /// How long each of the keys is at least.
    min_length: usize,
    /// How long each of the keys is at most.
    max_length: usize,
    /// Every line.
    lines: Vec<LineResponse>,
}

impl Reachable for Import {
    fn org(&self) -> &OrgId {
        &self.org_id
    }

    async fn find(store: &Store, reader: Reader<'_>, id: &str) -> StoreResult<Option<Self>> {
        let Some(id) = ImportId::parse(id) else { return Ok(None) };
        let Some(found) = store.import(&id).await? else { return Ok(None) };
        Ok(store.find(reader, &found.app_id).await?.map(|_| found))
    }
}

/// Import keys that were made elsewhere
///
/// The body is JSON lines, an object on each line, or CSV with a header: up to 10,000 keys and 4 MiB. Each line has the `key`
/// itself, which is digested at once and never stored, or its `sha256` (hexadecimal or base64), and `environment` (or `mode`) and
/// `scopes`; it may have `label`, `expires_at`, `metadata`, `addresses`, `addresses_enforced`, `limit_per_minute`,
/// `limit_per_day` and `start`, with which the key begins. A job imports them; lines with errors are left out. A key that the
/// organization imported before is not imported again. Slow hashes (bcrypt, argon2, scrypt, PBKDF2) are refused.
#[utoipa::path(
    post, path = "/v1/apps/{app_id}/imports", operation_id = "importKeys", tag = "Keys",
    params(("app_id" = String, Path), ImportParams),
    request_body(content(
        (String = "application/x-ndjson", example = json!(
            "{\"sha256\":\"8c1b…\",\"label\":\"CI\",\"environment\":\"production\",\"scopes\":[\"read\"]}\n"
        )),
        (String = "text/csv", example = json!("sha256,label,environment,scopes\n8c1b…,CI,production,read write\n")),
    )),
    responses(
        (status = 200, description = "With `dry_run`: what would happen", body = DryRunResponse),
        (status = 202, description = "It was started", body = ImportResponse),
    )
)]
pub async fn create(
    State(state): State<AppState>,
    Within { manager, it: app }: Within<App>,
    QueryParams(params): QueryParams<ImportParams>,
    request: Request,
) -> Result<Response, Problem> {
    let store = &state.context.store;
    manager.needs(store, &Place::from(&app), Permission::ManageKeys).await?;
    let (parts, sent) = request.into_parts();
    must_be_lines(&parts.headers)?;
    let bytes = body::read_up_to(import::MOST_BYTES, sent).await?;
    let rule = RuleInput { prefix: params.prefix, min_length: params.min_length, max_length: params.max_length };
    let file = import::read(&bytes, &rule, store.profile(), store.now()).map_err(Error::from)?;
    if params.dry_run {
        let run = store.dry_run_import(&manager.act(), &app, file).await?;
        return Ok(ok(DryRunResponse {
            dry_run: true,
            imported: run.counts.imported,
            repeated: run.counts.repeated,
            refused: run.counts.refused,
            prefix: run.rule.prefix,
            min_length: run.rule.min_length,
            max_length: run.rule.max_length,
            lines: run.lines.into_iter().map(LineResponse::from).collect(),
        }));
    }
    let act = act_once(&parts, &bytes, &manager, &state).await?;
    let id = store.create_import(&act, &app, file, true).await?;
    let import = store.import(&id).await?.ok_or(Error::NotFound)?;
    Ok(accepted(&format!("/v1/imports/{id}"), ImportResponse::of(import)))
}

/// List the imports of an app
///
/// Those that were started, newest first.
#[utoipa::path(
    get, path = "/v1/apps/{app_id}/imports", operation_id = "listImports", tag = "Keys",
    params(("app_id" = String, Path), PageParams), responses((status = 200, body = Listed<ImportResponse>))
)]
pub async fn list(
    State(state): State<AppState>,
    Within { manager, it: app }: Within<App>,
    QueryParams(params): QueryParams<PageParams>,
) -> Result<Response, Problem> {
    let store = &state.context.store;
    manager.needs(store, &Place::from(&app), Permission::ManageKeys).await?;
    let page = store.imports(&app.id, &params.paging()?).await?;
    Ok(ok(Listed::of(page, ImportResponse::of)))
}

/// Read an import
///
/// How far it is, and which lines were refused.
#[utoipa::path(
    get, path = "/v1/imports/{import_id}", operation_id = "getImport", tag = "Keys", params(("import_id" = String, Path)),
    responses((status = 200, body = ImportDetails))
)]
pub async fn read(
    State(state): State<AppState>,
    Within { manager, it: import }: Within<Import>,
    _: QueryParams<NoParams>,
) -> Result<Response, Problem> {
    let store = &state.context.store;
    let app = store.find(manager.reader(), &import.app_id).await?.ok_or(Error::NotFound)?;
    manager.needs(store, &Place::from(&app), Permission::ManageKeys).await?;
    let errors = store.import_errors(&import.id, MOST_ERRORS).await?;
    let errors = errors.into_iter().map(LineResponse::from).collect();
    Ok(ok(ImportDetails { import: ImportResponse::of(import), errors }))
}

/// Neither a form nor a picture: a script may not know what its file is called.
fn must_be_lines(headers: &HeaderMap) -> Result<(), Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let known =
        ["", "text/csv", "text/plain", "application/octet-stream", "application/jsonl", "application/json-lines"];
    let known = known.contains(&&*kind) || kind.ends_with("json") || kind.ends_with("jsonl");
    if known {
        return Ok(());
    }
    let detail = "Send JSON lines with the header Content-Type: application/x-ndjson, or CSV with text/csv.";
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail))
}
