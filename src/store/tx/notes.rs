//! What the revocation journal says of a commit: the state that it leaves, of ids and times alone.

use sqlx::any::AnyRow;

use super::{
    super::{row::Read, rows::Cell},
    Tx,
};
use crate::{
    Result,
    id::{KeyId, OrgId, UserId},
    journal::{Entry, KeyState, SecretState},
};

/// What a transaction changed. Its state is read before the commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) enum Note {
    Key(KeyId),
    Person(UserId),
    Roles(UserId, OrgId),
    Entry(Entry),
}

impl From<Entry> for Note {
    fn from(entry: Entry) -> Self {
        Self::Entry(entry)
    }
}

/// As many keys as fit a statement.
const AT_ONCE: usize = 500;

/// A key and its secrets, told apart by `kind`.
const STATES: &str = "SELECT 'key' AS kind, k.id, k.paused_at AS n, k.revoked_at AS ended, k.expires_at AS retires \
    FROM v JOIN keys k ON k.id = v.id \
    UNION ALL SELECT 'secret', s.key_id, s.n, s.ended_at, s.retires_at FROM v JOIN key_secrets s ON s.key_id = v.id \
    UNION ALL SELECT 'signing', g.key_id, g.n, g.ended_at, g.retires_at FROM v JOIN signing_secrets g ON g.key_id = v.id";

impl Tx {
    /// Notes what this transaction changes, for the journal.
    pub(in crate::store) fn notes(&mut self, note: impl Into<Note>) {
        let note = note.into();
        // Several steps of one write may note the same.
        if self.noted.last() != Some(&note) {
            self.noted.push(note);
        }
    }

    pub(in crate::store) fn notes_key(&mut self, key: &KeyId) {
        self.notes(Note::Key(key.clone()));
    }

    /// Notes that these personal tokens were revoked; returns how many.
    pub(in crate::store) fn notes_tokens(&mut self, ended: &[AnyRow]) -> Result<u64> {
        for row in ended {
            self.notes(Entry::PersonalTokenRevoked { id: row.text("id")? });
        }
        Ok(ended.len() as u64)
    }

    /// What was noted, as it is now.
    pub(super) async fn noted_entries(&mut self) -> Result<Vec<Entry>> {
        let (mut entries, mut keys) = (Vec::new(), Vec::new());
        for note in std::mem::take(&mut self.noted) {
            match note {
                Note::Key(key) => keys.push(key.to_string()),
                Note::Person(person) => entries.extend(self.person_entry(&person).await?),
                Note::Roles(person, org) => entries.push(self.roles_entry(&person, &org).await?),
                Note::Entry(entry) => entries.push(entry),
            }
        }
        keys.sort_unstable();
        keys.dedup();
        for keys in keys.chunks(AT_ONCE) {
            entries.extend(self.key_states(keys).await?.into_iter().map(Entry::Key));
        }
        Ok(entries)
    }

    /// By id, as the keys are.
    async fn key_states(&mut self, keys: &[String]) -> Result<Vec<KeyState>> {
        let mut states: Vec<_> = keys.iter().map(|id| KeyState { id: id.clone(), ..KeyState::default() }).collect();
        let rows = keys.iter().map(|id| [Cell::from(id.clone())]).collect();
        let store = self.store.clone();
        for row in &store.with_rows(["id"], rows, STATES).fetch_all(self.on()).await? {
            let id = row.text("id")?;
            let Ok(at) = states.binary_search_by(|state| state.id.cmp(&id)) else { continue };
            let state = &mut states[at];
            let (ended, retires) = (row.int_opt("ended")?, row.int_opt("retires")?);
            let kind = row.text("kind")?;
            if kind == "key" {
                (state.paused, state.revoked, state.expires) = (row.int_opt("n")?, ended, retires);
                continue;
            }
            let secret = SecretState { n: row.int("n")?, ended, retires };
            if kind == "secret" { &mut state.secrets } else { &mut state.signing }.push(secret);
        }
        for state in &mut states {
            state.secrets.sort_unstable_by_key(|secret| secret.n);
            state.signing.sort_unstable_by_key(|secret| secret.n);
        }
        Ok(states)
    }

    async fn person_entry(&mut self, person: &UserId) -> Result<Option<Entry>> {
        let row = sqlx::query("SELECT disabled_at, operator FROM users WHERE id = $1").bind(person.to_string());
        let Some(row) = row.fetch_optional(self.on()).await? else { return Ok(None) };
        let (disabled, operator) = (row.int_opt("disabled_at")?, row.flag("operator")?);
        Ok(Some(Entry::Person { id: person.to_string(), disabled, operator }))
    }

    async fn roles_entry(&mut self, person: &UserId, org: &OrgId) -> Result<Entry> {
        let rows = sqlx::query(
            "SELECT place_kind, place_id, role, synced_by FROM grants WHERE org_id = $1 AND subject = $2 \
             ORDER BY place_kind, place_id, role",
        );
        let rows = rows.bind(org.to_string()).bind(person.to_string()).fetch_all(self.on()).await?;
        let role = |row: &AnyRow| Ok((row.text("place_kind")?, row.text("place_id")?, row.text("role")?));
        let roles = rows.iter().map(role).collect::<Result<_>>()?;
        let by_groups = rows.iter().filter(|row| row.text_opt("synced_by").is_ok_and(|by| by.is_some()));
        let synced = by_groups.map(role).collect::<Result<_>>()?;
        Ok(Entry::Roles { person: person.to_string(), org: org.to_string(), roles, synced })
    }
}
