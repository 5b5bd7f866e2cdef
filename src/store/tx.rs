//! Write transactions: they start with the actor, and record what was done in the same commit.

mod changes;
mod commit;
mod events;
mod notes;

use std::time::Instant;

pub(super) use notes::Note;
use sqlx::{Any, Executor, Transaction};

use super::{Added, Location, Store, Touched, row::Read};
use crate::{
    Error, Result, Timestamp,
    audit::{Act, Actor, Credential, Once},
    id::{KeyId, TokenId},
    member::Permission,
    node::Confirmed,
    personal_token::TokenScope,
    place::{Place, PlaceKind, PlaceRef},
    profile::{HolderKind, Mode},
};

/// For background writes.
const BACKGROUND: &str = "SET LOCAL lock_timeout = '1s'";

/// For changes of all keys of a place, whose duration depends on their number.
const MANY: &str = "SET LOCAL statement_timeout = '10min'";

/// Shown to a root token created without `--manage`, or a key whose scopes do not include managing.
const MANAGES_NOTHING: &str = "This credential does not manage anything.";

/// A commit that every node knows of, as far as verdicts depend on it.
pub(super) struct Committed {
    pub at: Instant,
    pub confirmed: Confirmed,
}

pub(super) struct Tx {
    store: Store,
    act: Act,
    /// `None` once it is committed.
    tx: Option<Transaction<'static, Any>>,
    recorded: usize,
    touched: Option<Touched>,
    added: Vec<Added>,
    /// What the journal says of it.
    noted: Vec<Note>,
    /// The managing key that acts, if any, and which of its secrets was presented.
    managing: Option<(KeyId, u32)>,
    /// A job was added, which may be due as soon as this commits.
    pub(super) enqueued: bool,
}

impl Store {
    /// Starts a write on behalf of an actor. A person whose session has ended can't write.
    pub(super) async fn begin(&self, act: &Act) -> Result<Tx> {
        let pool = &self.0.pools.write;
        let asked = Instant::now();
        let begun = match self.0.location {
            Location::Sqlite(_) => pool.begin_with("BEGIN IMMEDIATE").await,
            Location::Postgres(_) => pool.begin().await,
        };
        self.0.measures.begun(asked.elapsed());
        let mut tx = self.0.writes.note(begun)?;
        if matches!((&act.actor, &self.0.location), (Actor::Sallyport, Location::Postgres(_))) {
            // Retried later if another transaction holds a row for long: others wait for the locks held here.
            tx.execute(BACKGROUND).await?;
        }
        let managing = match &act.actor {
            Actor::Key { id, secret_n, .. } => Some((id.clone(), *secret_n)),
            _ => None,
        };
        let mut tx = Tx {
            store: self.clone(),
            act: act.clone(),
            tx: Some(tx),
            recorded: 0,
            touched: None,
            added: Vec::new(),
            noted: Vec::new(),
            enqueued: false,
            managing,
        };
        tx.needs_active_actor().await?;
        Ok(tx)
    }

    /// The same for a write that changes all keys of a place.
    pub(super) async fn begin_many(&self, act: &Act) -> Result<Tx> {
        let mut tx = self.begin(act).await?;
        if tx.is_on_postgres() {
            tx.on().execute(MANY).await?;
        }
        Ok(tx)
    }
}

/// What a root token or a managing key may change.
struct Reach {
    manage: bool,
    /// Only this organization; `None` for all.
    org: Option<String>,
}

impl Tx {
    /// Fails if the person's session or token has ended, or the root token or key was revoked.
    async fn needs_active_actor(&mut self) -> Result<()> {
        self.needs_credential().await?;
        self.reach().await.map(drop)
    }

    /// Fails if the session or the personal token of a person has ended, or the token of a service account, or what it may do.
    async fn needs_credential(&mut self) -> Result<()> {
        if let Actor::ServiceAccount { token, .. } = &self.act.actor {
            let token = token.clone();
            return self.needs_live_service_token(&token).await;
        }
        let Actor::User { credential, .. } = &self.act.actor else { return Ok(()) };
        let session = match credential.clone() {
            Credential::None => return Ok(()),
            Credential::Session(session) => session,
            Credential::Token { id, .. } => return self.needs_live_token(&id).await,
        };
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

    /// `None` for people and for actors without restrictions.
    async fn reach(&mut self) -> Result<Option<Reach>> {
        match self.actor().clone() {
            Actor::RootToken { id, .. } => self.reach_of_token(&id).await.map(Some),
            Actor::Key { id, secret_n, .. } => self.reach_of_key(&id, secret_n).await.map(Some),
            _ => Ok(None),
        }
    }

    /// Locked until the end, so that a revocation comes before or after this write. Locked before all other rows, as
    /// deleting an organization also locks its tokens first.
    async fn reach_of_token(&mut self, token: &TokenId) -> Result<Reach> {
        // SQLite has one writer and no row locks.
        let hold = if self.is_on_postgres() { "FOR SHARE" } else { "" };
        let sql = format!(
            "SELECT manage, org_id FROM root_tokens WHERE id = $1 AND revoked_at IS NULL \
             AND (expires_at IS NULL OR expires_at > $2) {hold}"
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(token.to_string())
            .bind(self.now().micros())
            .fetch_optional(self.on())
            .await?;
        let row = row.ok_or(Error::SignedOut)?;
        Ok(Reach { manage: row.flag("manage")?, org: row.text_opt("org_id")? })
    }

    /// Not locked: writes of many keys lock them in one order. It is checked again once the chain is locked, which
    /// ending a key or a secret locks too.
    async fn reach_of_key(&mut self, key: &KeyId, secret_n: u32) -> Result<Reach> {
        let now = self.now().micros();
        let query = sqlx::query(
            "SELECT k.org_id, k.owner, k.mode, k.scopes FROM keys k JOIN key_secrets s ON s.key_id = k.id \
             WHERE k.id = $1 AND k.revoked_at IS NULL AND k.paused_at IS NULL \
             AND (k.expires_at IS NULL OR k.expires_at > $2) \
             AND s.n = $3 AND s.ended_at IS NULL AND (s.retires_at IS NULL OR s.retires_at > $2)",
        );
        let query = query.bind(key.to_string()).bind(now).bind(i64::from(secret_n));
        let row = query.fetch_optional(self.on()).await?.ok_or(Error::SignedOut)?;
        let (owner, mode) = (row.word("owner", HolderKind::parse)?, row.word("mode", Mode::parse)?);
        let manage = self.profile().manages(owner, mode, row.text("scopes")?.split_whitespace());
        Ok(Reach { manage, org: Some(row.text("org_id")?) })
    }

    /// Notes that this transaction revokes a key. If it is the acting key, later events do not check it again.
    pub(super) fn ends_key(&mut self, key: &KeyId) {
        self.managing = self.managing.take().filter(|(managing, _)| managing != key);
    }

    /// The same for all keys of an organization, whose rows are locked. The acting key is checked once more before.
    pub(super) async fn ends_keys_of(&mut self, place: &Place, permission: Permission) -> Result<()> {
        if let Some((key, _)) = self.managing.clone().filter(|_| place.kind == PlaceKind::Org) {
            self.needs(place, permission).await?;
            self.ends_key(&key);
        }
        Ok(())
    }

    pub(super) fn is_on_postgres(&self) -> bool {
        matches!(self.store.0.location, Location::Postgres(_))
    }

    pub(super) fn on(&mut self) -> &mut sqlx::AnyConnection {
        self.tx.as_mut().expect("taken by the commit alone, which consumes this")
    }

    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    pub(super) fn profile(&self) -> &std::sync::Arc<crate::profile::Profile> {
        self.store.profile()
    }

    pub(super) fn actor(&self) -> &Actor {
        &self.act.actor
    }

    /// From here on this person acts: they are known by what the transaction found.
    pub(super) fn acts_as(&mut self, actor: Actor) {
        self.act.actor = actor;
    }

    pub(super) fn now(&self) -> Timestamp {
        self.store.now()
    }

    pub(super) fn once(&self) -> Option<Once> {
        self.act.once
    }

    /// Fails if the actor lacks this permission at a place: the one permission check of each write. A person needs a
    /// role there or at a level above, which may have changed since the request began. A root token or a key has no
    /// role: it manages everything, one organization, or nothing. The command line may do everything.
    pub(super) async fn needs<'a>(&mut self, at: impl Into<PlaceRef<'a>>, permission: Permission) -> Result<()> {
        let place = at.into();
        if let Some(reach) = self.reach().await? {
            if reach.org.is_some_and(|within| within != place.org_id.as_str()) {
                return Err(Error::NotFound);
            }
            if !reach.manage {
                return Err(Error::Forbidden(MANAGES_NOTHING));
            }
            return match (self.actor(), permission) {
                (Actor::Key { .. }, Permission::ManageMembers) => {
                    Err(Error::Forbidden("A key does not manage members; a person or a root token can."))
                }
                (Actor::Key { .. }, Permission::GovernKeys) => Err(Error::Forbidden(
                    "A key neither sets rules for keys nor approves any; a person or a root token can.",
                )),
                _ => Ok(()),
            };
        }
        let Some(subject) = self.actor().subject().map(str::to_owned) else { return Ok(()) };
        let roles = self.roles_of(place, &subject).await?;
        self.meets_sign_in_policy(place.org_id).await?;
        if roles.may(permission) {
            if permission == Permission::GovernKeys && self.actor().is_service_account() {
                return Err(Error::Forbidden(
                    "A service account neither sets rules for keys nor approves any; a person or a root token can.",
                ));
            }
            return self.needs_scope_for(permission);
        }
        if !roles.may(place.kind.to_see()) {
            return Err(Error::NotFound);
        }
        Err(Error::Forbidden("Your role here does not allow this any more."))
    }

    /// Fails for actors that manage a single organization: they can't create others.
    pub(super) async fn needs_to_create_orgs(&mut self) -> Result<()> {
        if self.actor().is_service_account() {
            return Err(Error::Forbidden("A service account belongs to one organization; it can't make another."));
        }
        match self.reach().await? {
            Some(Reach { manage: false, .. }) => Err(Error::Forbidden(MANAGES_NOTHING)),
            Some(Reach { org: Some(_), .. }) => {
                Err(Error::Forbidden("This credential manages one organization; it can't make another."))
            }
            // Whoever creates an organization owns it.
            _ => self.needs_scope_for(Permission::CreateTenants),
        }
    }

    /// Fails if a person acts with a personal token, or a service account with a token, whose scopes do not include this
    /// permission.
    pub(super) fn needs_scope_for(&self, permission: Permission) -> Result<()> {
        let is_service = self.actor().is_service_account();
        match self.actor().token_scopes() {
            Some(scopes) if !scopes.allow(permission) => Err(Error::Forbidden(match TokenScope::of(permission) {
                Some(TokenScope::Keys) if is_service => "This token of a service account lacks the scope keys.",
                Some(TokenScope::Places) if is_service => "This token of a service account lacks the scope places.",
                Some(TokenScope::Members) if is_service => "This token of a service account lacks the scope members.",
                _ if is_service => "No service account may do this. A person who signs in to the portal can.",
                Some(TokenScope::Keys) => "This personal token lacks the scope keys.",
                Some(TokenScope::Places) => "This personal token lacks the scope places.",
                Some(TokenScope::Members) => "This personal token lacks the scope members.",
                _ => "No personal token may do this. Sign in to the portal.",
            })),
            _ => Ok(()),
        }
    }

    /// Locks a chain before reading what must not change in the meantime, such as who the last owner is. The chain
    /// has to be locked before other rows.
    pub(super) async fn lock_chain(&mut self, name: &str) -> Result<()> {
        sqlx::query("UPDATE chains SET seq = seq WHERE name = $1").bind(name.to_owned()).execute(self.on()).await?;
        // The session or token may have been ended by the transaction that this one waited for.
        self.needs_credential().await
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
}
