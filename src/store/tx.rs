//! Write transactions: who acts is named first, what was done is recorded in the same commit.

mod events;

use std::time::Instant;

use sqlx::{Any, Transaction};

use super::{Change, Location, Store, Touched, row::Read};
use crate::{
    Error, Result, Timestamp,
    audit::{Act, Actor, Once},
    id::{KeyId, OrgId, TokenId},
    key::Digest,
    member::Permission,
    profile::{Mode, Owner},
};

/// To a root token that was made without `--manage`, or a key whose scope does not manage.
const MANAGES_NOTHING: &str = "This credential does not manage anything.";

pub(super) struct Tx {
    store: Store,
    act: Act,
    tx: Transaction<'static, Any>,
    recorded: usize,
    touched: Option<Touched>,
    /// The key that manages, where one does.
    managing: Option<KeyId>,
}

impl Store {
    /// Opens a write for whoever acts. A person whose session ended meanwhile writes nothing.
    pub(super) async fn begin(&self, act: &Act) -> Result<Tx> {
        let tx = match self.0.location {
            Location::Sqlite(_) => self.0.write.begin_with("BEGIN IMMEDIATE").await?,
            Location::Postgres(_) => self.0.write.begin().await?,
        };
        let managing = match &act.actor {
            Actor::Key { id, .. } => Some(id.clone()),
            _ => None,
        };
        let mut tx = Tx { store: self.clone(), act: act.clone(), tx, recorded: 0, touched: None, managing };
        tx.needs_alive().await?;
        Ok(tx)
    }
}

/// How far a root token reaches, or a key that manages its organization.
struct Reach {
    manage: bool,
    /// That organization alone.
    org: Option<String>,
}

impl Tx {
    /// A person whose session ended meanwhile writes nothing, nor does a root token or a key that was revoked.
    async fn needs_alive(&mut self) -> Result<()> {
        self.needs_session().await?;
        self.reach().await.map(drop)
    }

    async fn needs_session(&mut self) -> Result<()> {
        let Actor::User { session: Some(session), .. } = self.act.actor.clone() else { return Ok(()) };
        let alive = sqlx::query(
            "SELECT 1 FROM sessions s JOIN users u ON u.id = s.user_id \
             WHERE s.id_digest = $1 AND s.expires_at > $2 AND u.disabled_at IS NULL",
        )
        .bind(session.to_vec())
        .bind(self.store.now().micros())
        .fetch_optional(self.on())
        .await?;
        if alive.is_some() { Ok(()) } else { Err(Error::SignedOut) }
    }

    /// Nothing for a person, and for whoever may do all.
    async fn reach(&mut self) -> Result<Option<Reach>> {
        match self.actor().clone() {
            Actor::RootToken { id, .. } => self.reach_of_token(&id).await.map(Some),
            Actor::Key { id, .. } => self.reach_of_key(&id).await.map(Some),
            _ => Ok(None),
        }
    }

    /// Held to the end, so that a revocation comes before this write or after it. Before any other row: whoever deletes
    /// an organization takes its tokens first, too.
    async fn reach_of_token(&mut self, token: &TokenId) -> Result<Reach> {
        // SQLite has one writer, and no words for this.
        let hold = if self.is_on_postgres() { "FOR SHARE" } else { "" };
        let sql = format!("SELECT manage, org_id FROM root_tokens WHERE id = $1 AND revoked_at IS NULL {hold}");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(token.to_string()).fetch_optional(self.on()).await?;
        let row = row.ok_or(Error::SignedOut)?;
        Ok(Reach { manage: row.flag("manage")?, org: row.text_opt("org_id")? })
    }

    /// Not held: keys are taken in one order by all who write of many. It is looked at again once the chain is held,
    /// which a revocation takes too.
    async fn reach_of_key(&mut self, key: &KeyId) -> Result<Reach> {
        let now = self.now().micros();
        let query = sqlx::query(
            "SELECT org_id, owner, mode, scopes FROM keys WHERE id = $1 AND revoked_at IS NULL \
             AND paused_at IS NULL AND (expires_at IS NULL OR expires_at > $2)",
        );
        let row = query.bind(key.to_string()).bind(now).fetch_optional(self.on()).await?.ok_or(Error::SignedOut)?;
        let (owner, mode) = (row.word("owner", Owner::parse)?, row.word("mode", Mode::parse)?);
        let manage = self.profile().manages(owner, mode, row.text("scopes")?.split_whitespace());
        Ok(Reach { manage, org: Some(row.text("org_id")?) })
    }

    pub(super) fn is_on_postgres(&self) -> bool {
        matches!(self.store.0.location, Location::Postgres(_))
    }

    pub(super) fn on(&mut self) -> &mut sqlx::AnyConnection {
        &mut self.tx
    }

    pub(super) fn profile(&self) -> &std::sync::Arc<crate::profile::Profile> {
        self.store.profile()
    }

    pub(super) fn actor(&self) -> &Actor {
        &self.act.actor
    }

    pub(super) fn now(&self) -> Timestamp {
        self.store.now()
    }

    pub(super) fn once(&self) -> Option<Once> {
        self.act.once
    }

    /// Refuses what the role of whoever acts does not allow: it may be another one than when the request began.
    /// A root token or a key has none: it manages, or does not, everywhere or in one organization. The command line may
    /// do all.
    pub(super) async fn needs(&mut self, org: &OrgId, permission: Permission) -> Result<()> {
        if let Some(reach) = self.reach().await? {
            if reach.org.is_some_and(|within| within != org.as_str()) {
                return Err(Error::NotFound);
            }
            return if reach.manage { Ok(()) } else { Err(Error::Forbidden(MANAGES_NOTHING)) };
        }
        let Actor::User { id, .. } = self.actor().clone() else { return Ok(()) };
        let role = self.role(org, &id).await?.ok_or(Error::NotFound)?;
        if role.may(permission) {
            Ok(())
        } else {
            Err(Error::Forbidden("Your role here does not allow this any more."))
        }
    }

    /// Refuses to make an organization for whoever manages one alone.
    pub(super) async fn needs_to_found(&mut self) -> Result<()> {
        match self.reach().await? {
            Some(Reach { manage: false, .. }) => Err(Error::Forbidden(MANAGES_NOTHING)),
            Some(Reach { org: Some(_), .. }) => {
                Err(Error::Forbidden("This credential manages one organization; it can't make another."))
            }
            _ => Ok(()),
        }
    }

    /// Queues here for a chain before anything is looked at that must not change meanwhile, such as who the last owner
    /// is. Whoever queues so takes the chain first and other rows after it.
    pub(super) async fn lock_chain(&mut self, name: &str) -> Result<()> {
        sqlx::query("UPDATE chains SET seq = seq WHERE name = $1").bind(name.to_owned()).execute(self.on()).await?;
        // While this waited, the session may have been ended by whoever was before it.
        self.needs_session().await
    }

    /// Starts the chain of a new organization.
    pub(super) async fn start_chain(&mut self, name: &str) -> Result<()> {
        sqlx::query("INSERT INTO chains (name, seq, hash) VALUES ($1, 0, $2)")
            .bind(name)
            .bind(Vec::<u8>::new())
            .execute(self.on())
            .await?;
        Ok(())
    }

    /// A verdict depends on this: verifiers hear of it before the caller does.
    pub(super) fn touches(&mut self, digest: Digest) {
        match self.touched.get_or_insert_with(|| Touched::These(Vec::new())) {
            Touched::These(digests) => digests.push(digest),
            Touched::Everything => {}
        }
    }

    /// So many verdicts depend on this that naming the keys would cost more than fetching them again.
    pub(super) fn touches_everything(&mut self) {
        self.touched = Some(Touched::Everything);
    }

    /// Commits what nobody did: counters and times of use.
    pub(super) async fn commit_counts(self) -> Result<()> {
        Ok(self.tx.commit().await?)
    }

    /// Commits what was recorded. A mutation without an event is a defect, so it is not committed.
    pub(super) async fn commit(self) -> Result<()> {
        self.commit_timed().await.map(drop)
    }

    /// The same; gives the moment in which it was done.
    pub(super) async fn commit_timed(mut self) -> Result<Instant> {
        assert!(self.recorded > 0, "a write transaction without an event");
        let change = match self.touched.take() {
            None => None,
            Some(touched) => {
                let row =
                    sqlx::query("UPDATE revision SET n = n + 1 WHERE id = 1 RETURNING n").fetch_one(self.on()).await?;
                Some(Change { revision: row.int("n")?, touched })
            }
        };
        self.tx.commit().await?;
        let committed = Instant::now();
        if let (Some(change), Some(listener)) = (change, self.store.0.listener.get()) {
            listener(&change);
        }
        Ok(committed)
    }
}
