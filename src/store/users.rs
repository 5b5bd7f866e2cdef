//! People: the first account, and who belongs to an e-mail address.

use sqlx::{Row, any::AnyRow};

use super::{Store, detached, is_taken, row::Read, tx::Tx};
use crate::{
    Error, Result,
    audit::{Act, Action, NewEvent, Target},
    id::UserId,
    user::{NewUser, User},
};

fn user(row: &AnyRow) -> Result<User> {
    Ok(User {
        id: UserId::stored(row.text("id")?),
        name: row.text("name")?,
        email: row.text("email")?,
        operator: row.flag("operator")?,
        created_at: row.time("created_at")?,
    })
}

impl Store {
    /// Whether nobody has an account yet: only then `/setup` is open.
    pub async fn is_empty(&self) -> Result<bool> {
        Ok(sqlx::query("SELECT 1 FROM users LIMIT 1").fetch_optional(self.read()).await?.is_none())
    }

    /// Makes the first account, an operator's. Refused as soon as there is one.
    pub async fn create_first_user(&self, act: &Act, new: NewUser, password_hash: String) -> Result<User> {
        let (store, act) = (self.clone(), act.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            // Two set-ups at once queue on this row, so that the second one sees the first.
            sqlx::query("UPDATE chains SET seq = seq WHERE name = 'system'").execute(tx.on()).await?;
            if sqlx::query("SELECT 1 FROM users LIMIT 1").fetch_optional(tx.on()).await?.is_some() {
                return Err(Error::Forbidden("This portal is set up already; sign in."));
            }
            let user = tx.insert_user(&store, new, password_hash, true).await?;
            tx.commit().await?;
            Ok(user)
        })
        .await
    }

    /// Adds a person, who then belongs to no organization yet.
    pub async fn create_user(&self, act: &Act, new: NewUser, password_hash: String, operator: bool) -> Result<User> {
        let (store, act) = (self.clone(), act.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            let user = tx.insert_user(&store, new, password_hash, operator).await?;
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

    /// Who signs in with this e-mail address, and the hash their password has to match.
    pub async fn user_to_sign_in(&self, email: &str) -> Result<Option<(User, String)>> {
        let row = sqlx::query("SELECT * FROM users WHERE email = $1 AND disabled_at IS NULL")
            .bind(email.to_owned())
            .fetch_optional(self.read())
            .await?;
        row.map(|row| Ok((user(&row)?, row.try_get("password_hash")?))).transpose()
    }

    /// Notes a sign-in that was refused. The address typed is kept only where it is somebody's.
    pub async fn record_refused_sign_in(&self, act: &Act, known: Option<&User>) -> Result<()> {
        let (store, act) = (self.clone(), act.clone());
        let target = known.map_or(Target::new("user", "", "Unknown e-mail address"), |user| {
            Target::new("user", &user.id, &user.name)
        });
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.record(NewEvent::of_system(Action::SignInRefused, target).refused(401)).await?;
            tx.commit().await
        })
        .await
    }
}

impl Tx {
    async fn insert_user(&mut self, store: &Store, new: NewUser, hash: String, operator: bool) -> Result<User> {
        let user = User {
            id: UserId::mint(store.entropy()),
            name: new.name.clone(),
            email: new.email.clone(),
            operator,
            created_at: store.now(),
        };
        sqlx::query(
            "INSERT INTO users (id, name, email, password_hash, operator, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(user.id.to_string())
        .bind(user.name.clone())
        .bind(user.email.clone())
        .bind(hash)
        .bind(i64::from(operator))
        .bind(user.created_at.micros())
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
