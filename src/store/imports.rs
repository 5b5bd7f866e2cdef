//! Imports of keys that were made elsewhere: uploaded, looked through, started. `parts.rs` imports them.

mod judging;
mod parts;
mod rules;
mod stored;

pub use rules::ForeignShape;

use std::time::Duration;

use serde_json::json;
use sqlx::any::AnyRow;

use super::{Added, Page, Paging, Store, detached, old_rows::Old, row::Read, tx::Tx};
use crate::{
    Error, Result,
    app::App,
    audit::{Act, Action, Actor, NewEvent, Target},
    id::{AppId, ImportId, OrgId},
    import::{Counts, Import, ImportFile, ImportRule, LineOutcome, LineReport},
    job::NewJob,
    key::Holder,
    member::Permission,
    profile::HolderKind,
};
use stored::StoredLine;

/// The queue of the jobs that import.
pub const IMPORT_QUEUE: &str = "import_keys";

/// How long an upload waits to be started.
const UNSTARTED: Duration = Duration::from_secs(60 * 60);

/// The most imports of an app in [`COUNTED`].
const MOST_OF_APP: i64 = 500;

/// How long an import counts for [`MOST_OF_APP`].
const COUNTED: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How long the lines of a finished import are kept.
const LINES_KEPT: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// The most uploads of an app that wait to be started.
const MOST_UNSTARTED: i64 = 10;

const SELECT: &str = "SELECT i.*, CAST((SELECT COALESCE(SUM(p.imported), 0) FROM import_parts p WHERE p.import_id = i.id \
    AND (p.done_at IS NOT NULL OR i.started_at IS NULL)) AS BIGINT) AS imported, \
    CAST((SELECT COALESCE(SUM(p.repeated), 0) FROM import_parts p WHERE p.import_id = i.id \
    AND (p.done_at IS NOT NULL OR i.started_at IS NULL)) AS BIGINT) AS repeated, \
    CAST((SELECT COALESCE(SUM(p.refused), 0) FROM import_parts p WHERE p.import_id = i.id \
    AND (p.done_at IS NOT NULL OR i.started_at IS NULL)) AS BIGINT) AS refused FROM imports i";

fn import(row: &AnyRow) -> Result<Import> {
    let length = |length: i64| usize::try_from(length).unwrap_or_default();
    Ok(Import {
        id: ImportId::stored(row.text("id")?),
        org_id: OrgId::stored(row.text("org_id")?),
        app_id: AppId::stored(row.text("app_id")?),
        rule: ImportRule {
            prefix: row.text("prefix")?,
            min_length: length(row.int("min_length")?),
            max_length: length(row.int("max_length")?),
        },
        lines: row.int("lines")?,
        counts: Counts { imported: row.int("imported")?, repeated: row.int("repeated")?, refused: row.int("refused")? },
        created_at: row.time("created_at")?,
        started_at: row.time_opt("started_at")?,
        finished_at: row.time_opt("finished_at")?,
    })
}

/// What an import would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DryRun {
    pub lines: Vec<LineReport>,
    pub counts: Counts,
    pub rule: ImportRule,
}

fn event(import: &ImportId, org: &OrgId, app: &App, action: Action) -> NewEvent {
    NewEvent::of(org, action, Target::new("import", import, &app.name).of_app(&app.id))
}

impl Store {
    /// What importing a file into an app would do, line by line. Changes nothing.
    pub async fn dry_run_import(&self, act: &Act, app: &App, file: ImportFile) -> Result<DryRun> {
        let (store, act, app) = (self.clone(), act.clone(), app.clone());
        detached(async move {
            // Before the transaction: on SQLite nobody else writes during one.
            let lines = store.lines_to_store(&app, &file);
            let mut tx = store.begin(&act).await?;
            tx.needs_to_import(&app).await?;
            let lines = tx.judge_file(&app, lines).await?;
            tx.commit_counts().await?;
            let mut counts = Counts::default();
            lines.iter().for_each(|line| counts.add(line.report.outcome));
            Ok(DryRun { lines: lines.into_iter().map(|line| line.report).collect(), counts, rule: file.rule })
        })
        .await
    }

    /// Stores what a file asks for, with digests instead of keys; with `start`, a job imports it at once, else it waits for
    /// [`Self::start_import`] for an hour.
    pub async fn create_import(&self, act: &Act, app: &App, file: ImportFile, start: bool) -> Result<ImportId> {
        let (store, act, app) = (self.clone(), act.clone(), app.clone());
        detached(async move {
            let lines = store.lines_to_store(&app, &file);
            let mut tx = store.begin(&act).await?;
            let id = ImportId::mint(store.entropy());
            tx.makes(id.as_str()).await?;
            tx.needs_to_import(&app).await?;
            tx.needs_room_for_import(&app).await?;
            let lines = tx.judge_file(&app, lines).await?;
            tx.insert_import(&id, &app, &file.rule, &lines).await?;
            if start {
                tx.start(&id, &app).await?;
                tx.commit().await?;
            } else {
                // Nothing was imported: the activity shows its start.
                tx.commit_preferences().await?;
            }
            Ok(id)
        })
        .await
    }

    /// Starts the job of an upload. One that was started before goes on.
    pub async fn start_import(&self, act: &Act, app: &App, id: &ImportId) -> Result<()> {
        let (store, act, app, id) = (self.clone(), act.clone(), app.clone(), id.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.needs_to_import(&app).await?;
            if tx.start(&id, &app).await? {
                // Whoever starts what another uploaded imports nothing that they could not upload.
                tx.judge_parts(&id, &app).await?;
                tx.commit().await
            } else {
                tx.commit_preferences().await
            }
        })
        .await
    }

    /// An import. Whether the reader may see it is checked by the caller.
    pub async fn import(&self, id: &ImportId) -> Result<Option<Import>> {
        let sql = format!("{SELECT} WHERE i.id = $1");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id.to_string()).fetch_optional(self.read()).await?;
        row.as_ref().map(import).transpose()
    }

    /// The imports of an app that were started, newest first.
    pub async fn imports(&self, app: &AppId, paging: &Paging) -> Result<Page<Import>> {
        let limit = usize::from(paging.limit);
        let sql = format!(
            "{SELECT} WHERE i.app_id = $1 AND i.started_at IS NOT NULL AND (i.created_at, i.id) < ($2, $3) \
             ORDER BY i.created_at DESC, i.id DESC LIMIT {}",
            limit + 1
        );
        let (created_at, id) = paging.after.clone().unwrap_or((i64::MAX, String::new()));
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(app.to_string()).bind(created_at).bind(id);
        let mut items: Vec<_> = query.fetch_all(self.read()).await?.iter().map(import).collect::<Result<_>>()?;
        let more = items.len() > limit;
        items.truncate(limit);
        let last = items.last().filter(|_| more);
        let next = last.map(|last: &Import| format!("{}.{}", last.id, last.created_at.micros()));
        Ok(Page { items, next })
    }

    /// The lines of an import in the order of its file, a hundred to a part; `None` beyond the last.
    pub async fn import_lines(&self, id: &ImportId, part: i64) -> Result<Option<Vec<LineReport>>> {
        let query = sqlx::query("SELECT lines FROM import_parts WHERE import_id = $1 AND n = $2").bind(id.to_string());
        let Some(row) = query.bind(part).fetch_optional(self.read()).await? else { return Ok(None) };
        Ok(Some(stored::reports(&row.text("lines")?)?))
    }

    /// The lines that were refused, up to that many.
    pub async fn import_errors(&self, id: &ImportId, most: usize) -> Result<Vec<LineReport>> {
        let query = sqlx::query(
            "SELECT lines FROM import_parts WHERE import_id = $1 AND refused > 0 AND done_at IS NOT NULL ORDER BY n LIMIT $2",
        );
        let query = query.bind(id.to_string()).bind(i64::try_from(most).unwrap_or(i64::MAX));
        let mut refused = Vec::new();
        for row in &query.fetch_all(self.read()).await? {
            let reports = stored::reports(&row.text("lines")?)?;
            refused.extend(reports.into_iter().filter(|report| report.outcome == LineOutcome::Refused));
        }
        refused.truncate(most);
        Ok(refused)
    }

    /// Deletes uploads that nobody started, and the lines of imports that finished long ago; returns how many uploads and
    /// parts. The counts of a finished import and its shape stay: its keys are looked up by the shape.
    pub async fn delete_imports(&self) -> Result<u64> {
        let old = Old { table: "imports", key: "id", when: "started_at IS NULL AND created_at < $1" };
        let deleted = self.delete_old(old, (self.now() - UNSTARTED).micros()).await?;
        Ok(deleted + self.delete_lines().await?)
    }

    async fn delete_lines(&self) -> Result<u64> {
        let mut deleted = 0;
        loop {
            let store = self.clone();
            // In parts, so that other writes do not wait for long.
            let some = detached(async move {
                let mut tx = store.begin(&Act::by(Actor::Sallyport)).await?;
                let query = sqlx::query(
                    "UPDATE import_parts SET lines = '[]' WHERE (import_id, n) IN (SELECT p.import_id, p.n \
                     FROM imports i JOIN import_parts p ON p.import_id = i.id \
                     WHERE i.finished_at < $1 AND p.lines <> '[]' LIMIT 100)",
                );
                let before = (store.now() - LINES_KEPT).micros();
                let emptied = query.bind(before).execute(tx.on()).await?.rows_affected();
                tx.commit_counts().await?;
                Ok(emptied)
            });
            let some = some.await?;
            deleted += some;
            if some < 100 {
                return Ok(deleted);
            }
        }
    }
}

impl Tx {
    async fn needs_to_import(&mut self, app: &App) -> Result<()> {
        let holder = Holder::from(app);
        if self.actor().is_service_account() {
            // The job that imports them acts for whoever uploaded them, when a token may have ended.
            return Err(Error::Forbidden("A service account imports no keys; a person or a root token can."));
        }
        if self.profile().keys.owner != HolderKind::App {
            return Err(Error::field("", "Keys belong to no app here, so none is imported into one."));
        }
        self.hold(&holder).await?;
        self.needs(&holder, Permission::ManageKeys).await?;
        self.needs_holder_in_use(&holder).await
    }

    /// The app's row is locked: nobody else uploads for it meanwhile.
    async fn needs_room_for_import(&mut self, app: &App) -> Result<()> {
        let query = sqlx::query(
            "SELECT COUNT(*) AS n, CAST(COALESCE(SUM(CASE WHEN started_at IS NULL THEN 1 ELSE 0 END), 0) AS BIGINT) AS unstarted \
             FROM imports WHERE app_id = $1 AND created_at > $2",
        );
        let since = (self.now() - COUNTED).micros();
        let row = query.bind(app.id.to_string()).bind(since).fetch_one(self.on()).await?;
        let refused = |message: String| Err(Error::Conflict { code: "too_many_imports", message });
        if row.int("unstarted")? >= MOST_UNSTARTED {
            return refused(format!(
                "{MOST_UNSTARTED} uploads of this app wait to be started. Start one of them, or try again in an hour."
            ));
        }
        if row.int("n")? >= MOST_OF_APP {
            return refused(format!("An app has at most {MOST_OF_APP} imports in 30 days."));
        }
        Ok(())
    }

    async fn insert_import(&mut self, id: &ImportId, app: &App, rule: &ImportRule, lines: &[StoredLine]) -> Result<()> {
        let (kind, by) = (self.actor().kind(), self.actor().id().to_owned());
        let number = |length: usize| i64::try_from(length).unwrap_or(i64::MAX);
        sqlx::query(
            "INSERT INTO imports (id, org_id, app_id, prefix, min_length, max_length, lines, created_at, created_by_kind, \
             created_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .bind(id.to_string())
        .bind(app.org_id.to_string())
        .bind(app.id.to_string())
        .bind(rule.prefix.clone())
        .bind(number(rule.min_length))
        .bind(number(rule.max_length))
        .bind(number(lines.len()))
        .bind(self.now().micros())
        .bind(kind)
        .bind(by)
        .execute(self.on())
        .await?;
        for (n, part) in (1..).zip(lines.chunks(parts::LINES)) {
            self.insert_part(id, n, part).await?;
        }
        Ok(())
    }

    /// Returns whether it was started now.
    async fn start(&mut self, id: &ImportId, app: &App) -> Result<bool> {
        // Imports of one organization start one after the other, so that their shapes are counted together.
        self.lock_chain(app.org_id.as_str()).await?;
        let query = sqlx::query(
            "UPDATE imports SET started_at = $3 WHERE id = $1 AND app_id = $2 AND started_at IS NULL RETURNING lines",
        );
        let query = query.bind(id.to_string()).bind(app.id.to_string()).bind(self.now().micros());
        let Some(row) = query.fetch_optional(self.on()).await? else {
            let there = sqlx::query("SELECT 1 FROM imports WHERE id = $1 AND app_id = $2").bind(id.to_string());
            let there = there.bind(app.id.to_string()).fetch_optional(self.on()).await?;
            return there.map(|_| false).ok_or(Error::NotFound);
        };
        self.needs_room_for_shape(&app.org_id).await?;
        let store = self.store().clone();
        let job = NewJob::once(IMPORT_QUEUE, json!({ "import_id": id }), store.now(), store.entropy());
        self.enqueue(job).await?;
        self.adds(Added::Import);
        let started = event(id, &app.org_id, app, Action::ImportStarted);
        self.record(started.with(json!({ "lines": row.int("lines")? }))).await?;
        Ok(true)
    }
}
