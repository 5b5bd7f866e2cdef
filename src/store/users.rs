//! People: the first account, look-up by e-mail address, passwords, and disabling.

use sqlx::any::AnyRow;

use super::{
    Store, detached, is_taken, retried,
    row::Read,
    tx::{Note, Tx},
};
use crate::{
    Error, Result,
    audit::{Act, Action, NewEvent, SYSTEM, Target},
    fold::fold,
    id::{OrgId, UserId},
    user::{Account, NewUser, User},
};

pub(super) fn user(row: &impl Read) -> Result<User> {
    Ok(User {
        id: UserId::stored(row.text("id")?),
        name: row.text("name")?,
        email: row.text("email")?,
        operator: row.flag("operator")?,
        must_change_password: row.flag("must_change_password")?,
        unverified: row.flag("unverified")?,
        created_at: row.time("created_at")?,
    })
}

pub(super) fn account(row: &AnyRow) -> Result<Account> {
    Ok(Account { user: user(row)?, disabled_at: row.time_opt("disabled_at")? })
}

fn target(user: &User) -> Target {
    Target::new("user", &user.id, &user.name)
}

impl Store {
    /// Whether a person can sign in with a password.
    pub async fn has_password(&self, user: &UserId) -> Result<bool> {
        let row = sqlx::query("SELECT 1 FROM users WHERE id = $1 AND password_hash IS NOT NULL").bind(user.to_string());
        Ok(row.fetch_optional(self.read()).await?.is_some())
    }

    /// Whether there is no account yet: only then is `/setup` open.
    pub async fn is_empty(&self) -> Result<bool> {
        Ok(sqlx::query("SELECT 1 FROM users LIMIT 1").fetch_optional(self.read()).await?.is_none())
    }

    /// Creates the first account, of an operator. Fails if there is any account.
    pub async fn create_first_user(&self, act: &Act, new: NewUser, password_hash: String) -> Result<User> {
        let (store, act) = (self.clone(), act.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            // Two concurrent set-ups wait here, so that the second sees the first.
            tx.lock_chain(SYSTEM).await?;
            if sqlx::query("SELECT 1 FROM users LIMIT 1").fetch_optional(tx.on()).await?.is_some() {
                return Err(Error::Forbidden("This portal is set up already; sign in."));
            }
            let user = tx.insert_user(UserId::mint(store.entropy()), new, Some(password_hash), true, false).await?;
            tx.commit().await?;
            Ok(user)
        })
        .await
    }

    /// Creates an account without an organization. Without a password the person signs in with an identity.
    pub async fn create_user(
        &self,
        act: &Act,
        new: NewUser,
        password_hash: impl Into<Option<String>>,
        operator: bool,
    ) -> Result<User> {
        self.add_user(act, new, password_hash.into(), operator, false).await
    }

    /// The same, with a password that has to be changed at the first sign-in.
    pub async fn create_user_to_change(&self, act: &Act, new: NewUser, hash: String, operator: bool) -> Result<User> {
        self.add_user(act, new, Some(hash), operator, true).await
    }

    async fn add_user(
        &self,
        act: &Act,
        new: NewUser,
        hash: Option<String>,
        operator: bool,
        change: bool,
    ) -> Result<User> {
        let (store, act) = (self.clone(), act.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            let user = tx.insert_user(UserId::mint(store.entropy()), new, hash, operator, change).await?;
            tx.commit().await?;
            Ok(user)
        })
        .await
    }

    pub async fn user(&self, id: &UserId) -> Result<Option<User>> {
        sqlx::query("SELECT * FROM users WHERE id = $1 AND disabled_at IS NULL")
            .bind(id.to_string())
            .fetch_optional(self.read())
            .await?
            .as_ref()
            .map(user)
            .transpose()
    }

    /// All accounts, by name.
    pub async fn accounts(&self) -> Result<Vec<Account>> {
        let rows = sqlx::query("SELECT * FROM users WHERE erased_at IS NULL ORDER BY name_folded, id")
            .fetch_all(self.read())
            .await?;
        rows.iter().map(account).collect()
    }

    /// The account with that e-mail address, disabled or not.
    pub async fn account_by_email(&self, email: &str) -> Result<Option<Account>> {
        let row = sqlx::query("SELECT * FROM users WHERE email = $1").bind(email.to_owned());
        row.fetch_optional(self.read()).await?.as_ref().map(account).transpose()
    }

    /// The user who signs in with this e-mail address, and the hash of their password, if they have one.
    pub async fn user_to_sign_in(&self, email: &str) -> Result<Option<(User, Option<String>)>> {
        let row = sqlx::query("SELECT * FROM users WHERE email = $1 AND disabled_at IS NULL")
            .bind(email.to_owned())
            .fetch_optional(self.read())
            .await?;
        row.map(|row| Ok((user(&row)?, row.text_opt("password_hash")?))).transpose()
    }

    /// Records a refused sign-in with its status: 401 for a wrong password, 429 for too many attempts. The address is
    /// recorded only if an account has it.
    pub async fn record_refused_sign_in(&self, act: &Act, known: Option<&User>, status: u16) -> Result<()> {
        let (store, act) = (self.clone(), act.clone());
        let target = known.map_or(Target::new("user", "", "Unknown e-mail address"), target);
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.record(NewEvent::of_system(Action::SignInRefused, target).refused(status)).await?;
            tx.commit().await
        })
        .await
    }

    /// Records that a signed-in person entered a wrong password.
    pub async fn record_refused_password(&self, act: &Act, user: &User, status: u16) -> Result<()> {
        let (store, act, target) = (self.clone(), act.clone(), target(user));
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.record(NewEvent::of_system(Action::PasswordRefused, target).refused(status)).await?;
            tx.commit().await
        })
        .await
    }

    /// Changes a person's name. Recorded in the log of each of their organizations, and in `system`'s.
    pub async fn rename_user(&self, act: &Act, user: &User, name: String) -> Result<()> {
        let (store, act, user) = (self.clone(), act.clone(), user.clone());
        // Deleting one of the organizations locks the chains in the opposite order.
        detached(retried(move || rename(store.clone(), act.clone(), user.clone(), name.clone()))).await
    }

    /// Sets a password that the person chose, and ends every session, since someone else may have known the old one.
    /// Returns how many sessions.
    pub async fn change_password(&self, act: &Act, user: &User, password_hash: String) -> Result<u64> {
        self.set_password(act, user, password_hash, false).await
    }

    /// The same with a password that someone else chose: the person has to change it at the next sign-in.
    pub async fn set_password_to_change(&self, act: &Act, user: &User, password_hash: String) -> Result<u64> {
        self.set_password(act, user, password_hash, true).await
    }

    async fn set_password(&self, act: &Act, user: &User, password_hash: String, change: bool) -> Result<u64> {
        let (store, act, user) = (self.clone(), act.clone(), user.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.lock_chain(SYSTEM).await?;
            let had = sqlx::query("SELECT 1 FROM users WHERE id = $1 AND password_hash IS NOT NULL");
            let had = had.bind(user.id.to_string()).fetch_optional(tx.on()).await?.is_some();
            let done = sqlx::query("UPDATE users SET password_hash = $1, must_change_password = $2 WHERE id = $3")
                .bind(password_hash)
                .bind(i64::from(change))
                .bind(user.id.to_string())
                .execute(tx.on())
                .await?;
            if done.rows_affected() == 0 {
                return Err(Error::NotFound);
            }
            // The person may have lost the account to somebody who made tokens with it, linked an identity, or added a passkey.
            // Who gets their first password signs in by their identity only, and keeps it.
            let revoked = if change { tx.end_personal_tokens(&user.id).await? } else { 0 };
            let unlinked = if change && had { tx.unlink_identities(&user.id).await? } else { Vec::new() };
            if change && had {
                tx.passkeys_need_more(&user.id).await?;
            }
            let ended = tx.password_was_changed(&user, Action::PasswordChanged, (revoked, unlinked.len())).await?;
            tx.commit().await?;
            store.end_roles_of_groups(&act, &user, &unlinked).await;
            Ok(ended)
        })
        .await
    }

    /// Stores the same password under a stronger hash; returns whether the old hash was still current.
    pub async fn renew_hash(&self, act: &Act, user: &User, old: String, new: String) -> Result<bool> {
        let (store, act, user) = (self.clone(), act.clone(), user.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.lock_chain(SYSTEM).await?;
            let done = sqlx::query("UPDATE users SET password_hash = $1 WHERE id = $2 AND password_hash = $3")
                .bind(new)
                .bind(user.id.to_string())
                .bind(old)
                .execute(tx.on())
                .await?;
            if done.rows_affected() == 0 {
                return Ok(false);
            }
            tx.record(NewEvent::of_system(Action::PasswordRehashed, target(&user))).await?;
            tx.commit().await?;
            Ok(true)
        })
        .await
    }

    /// Disables a person and their personal keys at once; `false` if they were already disabled. The last operator
    /// can't be disabled. A person who does this has to be an operator.
    pub async fn disable_user(&self, act: &Act, user: &User) -> Result<bool> {
        let (store, act, user) = (self.clone(), act.clone(), user.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            // Concurrent calls wait here, so that they can't disable the last two operators.
            tx.lock_chain(SYSTEM).await?;
            tx.needs_operator().await?;
            let done = sqlx::query(
                "UPDATE users SET disabled_at = $1 WHERE id = $2 AND disabled_at IS NULL RETURNING operator",
            );
            let done = done.bind(store.now().micros()).bind(user.id.to_string()).fetch_optional(tx.on()).await?;
            let Some(done) = done else {
                tx.unchanged().await?;
                return Ok(false);
            };
            let others = sqlx::query("SELECT 1 FROM users WHERE operator = 1 AND disabled_at IS NULL LIMIT 1");
            if done.flag("operator")? && others.fetch_optional(tx.on()).await?.is_none() {
                return Err(Error::Forbidden("This is the last operator; the portal needs at least one."));
            }
            let ended = tx.end_sessions(&user.id).await?;
            let revoked = tx.end_personal_tokens(&user.id).await?;
            tx.end_password_resets(&user.id).await?;
            tx.touches_keys_of_person(&user.id).await?;
            tx.notes(Note::Person(user.id.clone()));
            let details = with_tokens_revoked(serde_json::json!({ "sessions_ended": ended }), revoked);
            tx.record(NewEvent::of_system(Action::AccountDisabled, target(&user)).with(details)).await?;
            tx.commit().await?;
            Ok(true)
        })
        .await
    }

    /// Enables a disabled person, who keeps their password; `false` if they were not disabled.
    pub async fn enable_user(&self, act: &Act, user: &User) -> Result<bool> {
        let (store, act, user) = (self.clone(), act.clone(), user.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.lock_chain(SYSTEM).await?;
            tx.needs_operator().await?;
            let done = sqlx::query(
                "UPDATE users SET disabled_at = NULL \
                 WHERE id = $1 AND disabled_at IS NOT NULL AND erased_at IS NULL",
            )
            .bind(user.id.to_string())
            .execute(tx.on())
            .await?;
            if done.rows_affected() == 0 {
                return Ok(false);
            }
            tx.touches_keys_of_person(&user.id).await?;
            tx.notes(Note::Person(user.id.clone()));
            tx.record(NewEvent::of_system(Action::AccountEnabled, target(&user))).await?;
            tx.commit().await?;
            Ok(true)
        })
        .await
    }
}

/// The details of an event that also revoked personal tokens.
pub(super) fn with_tokens_revoked(mut details: serde_json::Value, revoked: u64) -> serde_json::Value {
    if revoked > 0 {
        details["tokens_revoked"] = revoked.into();
    }
    details
}

async fn rename(store: Store, act: Act, user: User, name: String) -> Result<()> {
    let mut tx = store.begin(&act).await?;
    tx.lock_chain(SYSTEM).await?;
    let done = sqlx::query("UPDATE users SET name = $1, name_folded = $3 WHERE id = $2")
        .bind(name.clone())
        .bind(user.id.to_string())
        .bind(fold(&name))
        .execute(tx.on())
        .await?;
    if done.rows_affected() == 0 {
        return Err(Error::NotFound);
    }
    let details = serde_json::json!({ "from": user.name, "to": name });
    let renamed = NewEvent::of_system(Action::AccountRenamed, target(&user)).with(details);
    // Renaming locks `system`, so that two of them do not lock these in opposite order.
    for org in tx.orgs_of(&user.id).await? {
        tx.record(NewEvent { org_id: Some(org), ..renamed.clone() }).await?;
    }
    tx.record(renamed).await?;
    tx.commit().await
}

impl Tx {
    /// The organizations of a person, in an order that is the same in every locale.
    async fn orgs_of(&mut self, user: &UserId) -> Result<Vec<OrgId>> {
        let rows = sqlx::query("SELECT DISTINCT org_id FROM grants WHERE subject = $1")
            .bind(user.to_string())
            .fetch_all(self.on())
            .await?;
        let mut orgs: Vec<String> = rows.iter().map(|row| row.text("org_id")).collect::<Result<_>>()?;
        orgs.sort_unstable();
        Ok(orgs.into_iter().map(OrgId::stored).collect())
    }

    /// Creates an account.
    pub(super) async fn insert_user(
        &mut self,
        id: UserId,
        new: NewUser,
        hash: Option<String>,
        operator: bool,
        must_change_password: bool,
    ) -> Result<User> {
        let user = User {
            id,
            name: new.name.clone(),
            email: new.email.clone(),
            operator,
            must_change_password,
            unverified: false,
            created_at: self.now(),
        };
        sqlx::query(
            "INSERT INTO users (id, name, email, password_hash, operator, must_change_password, created_at, name_folded) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(user.id.to_string())
        .bind(user.name.clone())
        .bind(user.email.clone())
        .bind(hash)
        .bind(i64::from(operator))
        .bind(i64::from(must_change_password))
        .bind(user.created_at.micros())
        .bind(fold(&user.name))
        .execute(self.on())
        .await
        .map_err(|error| {
            if is_taken(&error, "users_email_unique", "users.email") {
                return Error::field("email", "There is an account with this e-mail address already.");
            }
            error.into()
        })?;
        self.record(NewEvent::of_system(Action::AccountCreated, Target::new("user", &user.id, &user.name))).await?;
        Ok(user)
    }
}
