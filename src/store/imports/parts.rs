//! The job of an import: each part is one transaction, which issues its keys and marks it as done. Whatever ends in between
//! is repeated as a whole, or not at all.

use serde_json::json;

use super::{
    super::{
        Added, Store, detached,
        keys::{generated_details, target},
        row::Read,
        tx::Tx,
    },
    event,
    judging::{Judge, LOST, bytes, refusal},
    stored::{self, StoredKey, StoredLine},
};
use crate::{
    Error, Result, Timestamp,
    app::App,
    audit::{Act, Action, Actor, Credential, NewEvent},
    id::{ImportId, KeyId, TokenId, UserId},
    import::{Counts, Import},
    key::{Digest, Holder, Key, NewKey},
    member::Permission,
};

/// The lines of a part.
pub(super) const LINES: usize = 100;

impl Store {
    /// Imports the next part of an import; returns whether there may be another.
    pub async fn import_part(&self, id: &ImportId) -> Result<bool> {
        let Some(import) = self.import(id).await? else { return Ok(false) };
        let app = self.find(super::super::Reader::All, &import.app_id).await?;
        let Some(app) = app.filter(|_| import.started_at.is_some()) else { return Ok(false) };
        let store = self.clone();
        detached(async move { store.next_part(&import, &app).await }).await
    }

    async fn next_part(&self, import: &Import, app: &App) -> Result<bool> {
        let mut tx = self.begin(&Act::by(Actor::Sallyport)).await?;
        let holder = Holder::from(app);
        // The keys are issued on behalf of who uploaded them, whose rights may have ended since. A root token is locked by this
        // first check, before all other rows.
        let uploader = tx.uploader(import).await?;
        tx.may_still_import(uploader.as_ref(), &holder).await?;
        tx.hold(&holder).await?;
        // Imports of one organization wait for each other, so that none imports what another just did.
        tx.lock_chain(import.org_id.as_str()).await?;
        let query = sqlx::query(
            "SELECT n, lines FROM import_parts WHERE import_id = $1 AND done_at IS NULL ORDER BY n LIMIT 1",
        );
        let Some(row) = query.bind(import.id.to_string()).fetch_optional(tx.on()).await? else {
            return tx.finish_import(import, app).await.map(|()| false);
        };
        let (n, mut lines) = (row.int("n")?, stored::lines(&row.text("lines")?)?);
        // Again, as they may have ended while this waited for the locks.
        if let Some(reason) = tx.may_still_import(uploader.as_ref(), &holder).await? {
            lines.iter_mut().filter(|line| line.key.is_some()).for_each(|line| line.refuse(reason.clone()));
        }
        let act = Act::by(uploader.unwrap_or(Actor::Sallyport));
        tx.acts_as(act.actor.clone());
        let imported = tx.import_lines(import, &holder, &act.actor, &mut lines).await;
        tx.acts_as(Actor::Sallyport);
        let events = imported?;
        let now = tx.now();
        tx.write_part(&import.id, n, &lines, Some(now)).await?;
        if events.is_empty() {
            return tx.commit_counts().await.map(|()| true);
        }
        let events = events.into_iter().map(|event| (act.clone(), event)).collect();
        tx.record_all(import.org_id.as_str(), events).await?;
        tx.commit().await?;
        Ok(true)
    }
}

impl Tx {
    pub(super) async fn insert_part(&mut self, id: &ImportId, n: i64, lines: &[StoredLine]) -> Result<()> {
        let counts = counts(lines);
        sqlx::query(
            "INSERT INTO import_parts (import_id, n, lines, imported, repeated, refused) VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(id.to_string())
        .bind(n)
        .bind(stored::written(lines))
        .bind(counts.imported)
        .bind(counts.repeated)
        .bind(counts.refused)
        .execute(self.on())
        .await?;
        Ok(())
    }

    /// Refuses the lines of an upload that who starts it could not import themselves.
    pub(super) async fn judge_parts(&mut self, id: &ImportId, app: &App) -> Result<()> {
        let holder = Holder::from(app);
        let query =
            sqlx::query("SELECT n, lines FROM import_parts WHERE import_id = $1 AND done_at IS NULL ORDER BY n");
        for row in query.bind(id.to_string()).fetch_all(self.on()).await? {
            let mut lines = stored::lines(&row.text("lines")?)?;
            let before = counts(&lines);
            let mut judge = Judge::of(self, &holder, &lines).await?;
            for line in &mut lines {
                let Some(new) = judge.judge(self, line) else { continue };
                judge.may_import(self, &holder, line, &new).await?;
            }
            if counts(&lines) != before {
                self.write_part(id, row.int("n")?, &lines, None).await?;
            }
        }
        Ok(())
    }

    /// Why an uploader may not manage keys of the app, if so. Afterwards the server itself acts again.
    async fn may_still_import(&mut self, uploader: Option<&Actor>, holder: &Holder) -> Result<Option<String>> {
        let Some(uploader) = uploader else { return Ok(Some(LOST.to_owned())) };
        self.acts_as(uploader.clone());
        let checked = self.needs(holder, Permission::ManageKeys).await;
        self.acts_as(Actor::Sallyport);
        refusal(checked)
    }

    /// What became of the lines, and when the part was done, if it is.
    async fn write_part(
        &mut self,
        id: &ImportId,
        n: i64,
        lines: &[StoredLine],
        done_at: Option<Timestamp>,
    ) -> Result<()> {
        let counts = counts(lines);
        sqlx::query(
            "UPDATE import_parts SET lines = $3, imported = $4, repeated = $5, refused = $6, done_at = $7 \
             WHERE import_id = $1 AND n = $2",
        )
        .bind(id.to_string())
        .bind(n)
        .bind(stored::written(lines))
        .bind(counts.imported)
        .bind(counts.repeated)
        .bind(counts.refused)
        .bind(done_at.map(Timestamp::micros))
        .execute(self.on())
        .await?;
        Ok(())
    }

    /// Issues the keys of these lines; returns their events.
    async fn import_lines(
        &mut self,
        import: &Import,
        holder: &Holder,
        by: &Actor,
        lines: &mut [StoredLine],
    ) -> Result<Vec<NewEvent>> {
        let mut events = Vec::new();
        let archived = match self.needs_holder_in_use(holder).await {
            Ok(()) => None,
            Err(Error::Conflict { message, .. }) => Some(message),
            Err(error) => return Err(error),
        };
        let mut judge = Judge::of(self, holder, lines).await?;
        for line in lines {
            if let (Some(reason), Some(_)) = (&archived, &line.key) {
                line.refuse(reason.clone());
            }
            let Some(new) = judge.judge(self, line) else { continue };
            if !judge.may_import(self, holder, line, &new).await? {
                continue;
            }
            let Some(stored) = line.key.take() else { continue };
            let key = self.import_key(import, holder, by, new, &stored, line.report.shown.clone()).await?;
            line.report.key_id = Some(key.id.clone());
            let mut details = generated_details(&key);
            details["import"] = import.id.as_str().into();
            events.push(NewEvent::of(&import.org_id, Action::KeyGenerated, target(&key)).with(details));
        }
        Ok(events)
    }

    async fn import_key(
        &mut self,
        import: &Import,
        holder: &Holder,
        by: &Actor,
        new: NewKey,
        stored: &StoredKey,
        shown: String,
    ) -> Result<Key> {
        let created_by = match by {
            Actor::User { id, name, .. } => Some((id.to_string(), name.clone())),
            _ => None,
        };
        let (id, now) = (KeyId::mint(self.store().entropy()), self.now());
        let mut key = Key::new(id, holder, new, shown, false, created_by.clone(), now);
        (key.restrictions.limits, key.is_imported) = (stored.limits(), true);
        self.insert_key_row(&key, None, created_by.map(|(id, _)| id)).await?;
        let digest = stored.digests.first().and_then(|digest| bytes(digest)?.try_into().ok()).map(Digest);
        let digest = digest.ok_or_else(|| Error::Unavailable("an import's digest is damaged".to_owned()))?;
        sqlx::query(
            "INSERT INTO key_secrets (key_id, n, digest, pepper, shown, created_at, import_id) \
             VALUES ($1, 1, $2, $3, $4, $5, $6)",
        )
        .bind(key.id.to_string())
        .bind(digest.0.to_vec())
        .bind(stored.pepper)
        .bind(key.shown.clone())
        .bind(now.micros())
        .bind(import.id.to_string())
        .execute(self.on())
        .await?;
        self.adds(Added::Secret(digest));
        Ok(key)
    }

    async fn finish_import(mut self, import: &Import, app: &App) -> Result<()> {
        let query = sqlx::query("UPDATE imports SET finished_at = $2 WHERE id = $1 AND finished_at IS NULL");
        let finished = query.bind(import.id.to_string()).bind(self.now().micros()).execute(self.on()).await?;
        if finished.rows_affected() == 0 {
            return self.commit_counts().await;
        }
        let query = sqlx::query(
            "SELECT CAST(COALESCE(SUM(imported), 0) AS BIGINT) AS imported, \
             CAST(COALESCE(SUM(repeated), 0) AS BIGINT) AS repeated, CAST(COALESCE(SUM(refused), 0) AS BIGINT) AS refused \
             FROM import_parts WHERE import_id = $1",
        );
        let row = query.bind(import.id.to_string()).fetch_one(self.on()).await?;
        let details = json!({
            "imported": row.int("imported")?, "repeated": row.int("repeated")?, "refused": row.int("refused")?,
        });
        let finished = event(&import.id, &import.org_id, app, Action::ImportFinished).with(details);
        self.record(finished).await?;
        self.commit().await
    }

    /// Who uploaded it, as they are called now: the events of its keys name them. `None` if they are gone, or were disabled:
    /// nobody else takes their place.
    async fn uploader(&mut self, import: &Import) -> Result<Option<Actor>> {
        let query = sqlx::query(
            "SELECT i.created_by_kind, i.created_by, COALESCE((SELECT u.name FROM users u WHERE u.id = i.created_by AND u.disabled_at IS NULL), \
             (SELECT t.name FROM root_tokens t WHERE t.id = i.created_by), \
             (SELECT k.label FROM keys k WHERE k.id = i.created_by)) AS name, \
             COALESCE((SELECT MAX(s.n) FROM key_secrets s WHERE s.key_id = i.created_by AND s.ended_at IS NULL), 0) AS secret_n \
             FROM imports i WHERE i.id = $1",
        );
        let row = query.bind(import.id.to_string()).fetch_one(self.on()).await?;
        let (kind, id, name) = (row.text("created_by_kind")?, row.text("created_by")?, row.text_opt("name")?);
        // A key that was rotated since acts with its newest secret.
        let secret_n = u32::try_from(row.int("secret_n")?).unwrap_or_default();
        Ok(match (&*kind, name) {
            ("user", Some(name)) => Some(Actor::User { id: UserId::stored(id), name, credential: Credential::None }),
            ("root_token", Some(name)) => Some(Actor::RootToken { id: TokenId::stored(id), name }),
            ("key", Some(label)) => Some(Actor::Key { id: KeyId::stored(id), label, secret_n }),
            ("command_line", _) => Some(Actor::CommandLine),
            ("sallyport", _) => Some(Actor::Sallyport),
            _ => None,
        })
    }
}

fn counts(lines: &[StoredLine]) -> Counts {
    let mut counts = Counts::default();
    lines.iter().for_each(|line| counts.add(line.report.outcome));
    counts
}
