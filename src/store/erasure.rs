//! Erases a person: what is stored about them alone is deleted, and their name and addresses are taken out of events, whose
//! hashes stay. The account's row stays without a name, because keys and events refer to it.

mod person;

use sha2::{Digest as _, Sha256};

use self::person::Person;
use super::{Store, WRITE_OF_MANY, detached, detached_within, events::event, retried, row::Read, rows::Cell};
use crate::{
    Error, Result,
    audit::{Act, Action, ERASED, Event, NewEvent, SYSTEM, Target},
    fold::fold,
    id::OrgId,
    journal::Entry,
    user::User,
};

/// Events read at once, and at most as many changed by one transaction.
const PART: i64 = 500;

/// What was theirs alone. `$1` is their id.
const THEIRS: [&str; 11] = [
    "DELETE FROM handovers WHERE user_id = $1",
    "DELETE FROM sessions WHERE user_id = $1",
    "DELETE FROM identities WHERE user_id = $1",
    "DELETE FROM recovery_codes WHERE user_id = $1",
    "DELETE FROM authenticators WHERE user_id = $1",
    "DELETE FROM passkeys WHERE user_id = $1",
    "DELETE FROM password_resets WHERE user_id = $1",
    "DELETE FROM personal_tokens WHERE user_id = $1",
    "DELETE FROM device_requests WHERE user_id = $1",
    "DELETE FROM saved_views WHERE user_id = $1",
    "DELETE FROM grants WHERE subject = $1",
];

/// Where keys and trust rules name who acted on them: `$1` replaces the name `$2`, in organizations where the person `$3` acted, or may have
/// acted in events that were removed. Somebody else there with exactly this name is replaced as well, because they do not
/// store whose name it is.
const IN_KEYS: [&str; 4] = [
    "UPDATE trust_rules SET created_by = $1 WHERE created_by = $2 AND org_id IN (SELECT chain FROM events \
     WHERE actor_kind = 'user' AND actor_id = $3 UNION SELECT name FROM chains WHERE pruned_until > 0)",
    "UPDATE keys SET revoked_by = $1 WHERE revoked_by = $2 AND org_id IN (SELECT chain FROM events WHERE actor_kind = 'user' \
     AND actor_id = $3 UNION SELECT name FROM chains WHERE pruned_until > 0)",
    "UPDATE keys SET paused_by = $1 WHERE paused_by = $2 AND org_id IN (SELECT chain FROM events WHERE actor_kind = 'user' \
     AND actor_id = $3 UNION SELECT name FROM chains WHERE pruned_until > 0)",
    "UPDATE keys SET revoke_reason = $1 || ' was removed from the organization' \
     WHERE revoke_reason = $2 || ' was removed from the organization' AND created_by = $3",
];

impl Store {
    /// Erases a person for ever, and returns how many events named them. Fails, before anything is changed, for the last
    /// operator and the last owner of an organization. It can be called again if it was interrupted.
    pub async fn erase_user(&self, act: &Act, user: &User) -> Result<u64> {
        let orgs = self.orgs_with_roles_of(user).await?;
        for org in &orgs {
            self.needs_other_owner(org, user).await?;
        }
        self.disable_user(act, user).await?;
        for org in &orgs {
            match self.remove_member(act, org, user).await {
                Ok(()) | Err(Error::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        let person = self.about(user).await?;
        let (mut events, mut ends) = (0, Vec::new());
        for chain in self.chains().await? {
            let (erased, end) = self.erase_from(&person, &chain, 0).await?;
            events += erased;
            ends.push((chain, end));
        }
        self.forget(act, user, &person).await?;
        // What was recorded meanwhile: nothing new can name them from here on.
        for (chain, end) in ends {
            events += self.erase_from(&person, &chain, end).await?.0;
        }
        Ok(events)
    }

    async fn orgs_with_roles_of(&self, user: &User) -> Result<Vec<OrgId>> {
        let rows = sqlx::query("SELECT DISTINCT org_id FROM grants WHERE subject = $1 ORDER BY org_id");
        let rows = rows.bind(user.id.to_string()).fetch_all(self.read()).await?;
        rows.iter().map(|row| row.text("org_id").map(OrgId::stored)).collect()
    }

    /// Fails if the person is the only owner. Removing them checks it again, in the transaction that does.
    async fn needs_other_owner(&self, org: &OrgId, user: &User) -> Result<()> {
        let rows = sqlx::query(
            "SELECT o.name, g.subject FROM orgs o JOIN grants g ON g.org_id = o.id AND g.place_id = o.id \
             JOIN users u ON u.id = g.subject WHERE o.id = $1 AND g.role = 'owner' AND (g.subject = $2 OR u.disabled_at IS NULL)",
        )
        .bind(org.to_string())
        .bind(user.id.to_string())
        .fetch_all(self.read())
        .await?;
        let owners: Vec<_> = rows.iter().map(|row| row.text("subject")).collect::<Result<_>>()?;
        match (&owners[..], rows.first()) {
            ([owner], Some(row)) if owner == user.id.as_str() => {
                let name = row.text("name")?;
                Err(Error::field(
                    "",
                    format!("{} is the last owner of {name}. Make somebody else an owner first.", user.name),
                ))
            }
            _ => Ok(()),
        }
    }

    /// What names the person.
    async fn about(&self, user: &User) -> Result<Person> {
        let names = "SELECT actor_name AS name FROM events WHERE actor_kind = 'user' AND actor_id = $1 \
            UNION SELECT target_name FROM events WHERE target_kind = 'user' AND target_id = $1";
        let texts = async |sql: &'static str, column: &str| -> Result<Vec<String>> {
            let rows = sqlx::query(sql).bind(user.id.to_string()).fetch_all(self.read()).await?;
            rows.iter().map(|row| row.text(column)).collect()
        };
        let names = texts(names, "name").await?.into_iter().chain([user.name.clone()]);
        let keys = texts("SELECT id FROM keys WHERE owner_id = $1", "id").await?;
        Ok(Person::new(user, names, keys))
    }

    /// Takes them out of the events of a chain after a number; returns how many named them, and the last number.
    async fn erase_from(&self, person: &Person, chain: &str, mut after: i64) -> Result<(u64, i64)> {
        let mut erased = 0;
        loop {
            let part = part_of(self.read(), chain, after).await?;
            let Some(last) = part.last() else { return Ok((erased, after)) };
            if part.iter().any(|event| person.erased_from(event).is_some()) {
                erased += self.erase_part(person.clone(), chain.to_owned(), after).await?;
            }
            after = last.seq;
        }
    }

    /// Reads the part again under the chain's lock: somebody else named in the same event may be erased at the same time.
    async fn erase_part(&self, person: Person, chain: String, after: i64) -> Result<u64> {
        let store = self.clone();
        detached(async move {
            let mut tx = store.begin(&Act::by(crate::audit::Actor::Sallyport)).await?;
            tx.lock_chain(&chain).await?;
            let part = part_of(tx.on(), &chain, after).await?;
            let erased: Vec<_> = part.iter().filter_map(|event| person.erased_from(event)).map(row).collect();
            let count = erased.len() as u64;
            if count > 0 {
                let update = "UPDATE events SET actor_name = v.actor_name, target_name = v.target_name, address = v.address, \
                    user_agent = v.user_agent, details = v.details, salts = v.salts \
                    FROM v WHERE v.n > 0 AND events.chain = v.chain AND events.seq = v.seq";
                store.with_rows(CHANGED, erased, update).execute(tx.on()).await?;
            }
            tx.commit_counts().await?;
            Ok(count)
        })
        .await
    }

    /// Deletes what was theirs alone, and their name and address.
    async fn forget(&self, act: &Act, user: &User, person: &Person) -> Result<()> {
        let (store, act, user, names) = (self.clone(), act.clone(), user.clone(), person.names().to_vec());
        let work = move || forgotten(store.clone(), act.clone(), user.clone(), names.clone());
        detached_within(WRITE_OF_MANY, retried(work)).await
    }
}

async fn forgotten(store: Store, act: Act, user: User, names: Vec<String>) -> Result<()> {
    let mut tx = store.begin_many(&act).await?;
    tx.lock_chain(SYSTEM).await?;
    tx.needs_operator().await?;
    let id = user.id.to_string();
    for sql in THEIRS {
        sqlx::query(sql).bind(id.clone()).execute(tx.on()).await?;
    }
    sqlx::query("DELETE FROM invitations WHERE email = $1").bind(user.email.clone()).execute(tx.on()).await?;
    for name in names {
        for sql in IN_KEYS {
            sqlx::query(sql).bind(ERASED).bind(name.clone()).bind(id.clone()).execute(tx.on()).await?;
        }
    }
    let done = sqlx::query(
        "UPDATE users SET name = $2, name_folded = $3, email = $4, password_hash = NULL, operator = 0, erased_at = $5 \
         WHERE id = $1 AND disabled_at IS NOT NULL",
    )
    .bind(id)
    .bind(ERASED)
    .bind(fold(ERASED))
    .bind(no_address(&user))
    .bind(tx.now().micros())
    .execute(tx.on())
    .await?;
    if done.rows_affected() == 0 {
        return Err(Error::field("", "The account was enabled meanwhile. Try again."));
    }
    tx.notes(Entry::Erased { person: user.id.to_string() });
    tx.record(NewEvent::of_system(Action::AccountErased, Target::new("user", &user.id, ERASED))).await?;
    tx.commit().await
}

/// An address is unique and in lower case; `.invalid` receives no mail (RFC 2606, section 2).
fn no_address(user: &User) -> String {
    let digest = Sha256::digest(user.id.as_str());
    let hex: String = digest[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{hex}@erased.invalid")
}

async fn part_of(on: impl sqlx::Executor<'_, Database = sqlx::Any>, chain: &str, after: i64) -> Result<Vec<Event>> {
    let rows = sqlx::query("SELECT * FROM events WHERE chain = $1 AND seq > $2 ORDER BY seq LIMIT $3")
        .bind(chain.to_owned())
        .bind(after)
        .bind(PART)
        .fetch_all(on)
        .await?;
    rows.iter().map(event).collect()
}

const CHANGED: [&str; 8] = ["chain", "seq", "actor_name", "target_name", "address", "user_agent", "details", "salts"];

fn row(event: Event) -> [Cell; 8] {
    [
        event.chain.into(),
        event.seq.into(),
        event.actor_name.into(),
        event.target_name.into(),
        event.address.into(),
        event.user_agent.into(),
        event.details.into(),
        Cell::Bytes(event.salts.to_bytes()),
    ]
}
