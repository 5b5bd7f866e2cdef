//! Appends events to their chains, in the transaction that they describe.

use serde_json::json;

use super::{
    super::{row::Read, rows::Cell},
    Tx,
};
use crate::{
    Result,
    audit::{Act, Actor, Credential, Event, NewEvent, Salts},
};

const EVENT: [&str; 18] = [
    "chain",
    "seq",
    "at",
    "actor_kind",
    "actor_id",
    "actor_name",
    "action",
    "target_kind",
    "target_id",
    "target_name",
    "app_id",
    "outcome",
    "address",
    "user_agent",
    "request_id",
    "details",
    "hash",
    "salts",
];

/// As many as fit a statement: SQLite accepts 32,766 values.
const EVENTS_AT_ONCE: usize = 128;

/// In the order of the columns in [`EVENT`].
fn row(event: Event, hash: Vec<u8>) -> [Cell; 18] {
    let salts = Cell::Bytes(event.salts.to_bytes());
    [
        event.chain.into(),
        event.seq.into(),
        event.at.micros().into(),
        event.actor_kind.into(),
        event.actor_id.into(),
        event.actor_name.into(),
        event.action.into(),
        event.target_kind.into(),
        event.target_id.into(),
        event.target_name.into(),
        event.app_id.into(),
        event.outcome.code().into(),
        event.address.into(),
        event.user_agent.into(),
        event.request_id.into(),
        event.details.into(),
        hash.into(),
        salts,
    ]
}

impl Tx {
    /// Appends an event to its chain.
    pub(in crate::store) async fn record(&mut self, new: NewEvent) -> Result<()> {
        self.record_numbered(new).await.map(drop)
    }

    /// The same; returns its number in the chain.
    pub(in crate::store) async fn record_numbered(&mut self, new: NewEvent) -> Result<i64> {
        self.needs_collector(&new)?;
        let head = sqlx::query("UPDATE chains SET seq = seq + 1 WHERE name = $1 RETURNING seq, hash")
            .bind(new.chain())
            .fetch_one(self.on())
            .await?;
        let before = head.bytes("hash")?;
        if let Some((key, secret_n)) = self.managing.clone() {
            self.reach_of_key(&key, secret_n).await?;
        }
        if let Actor::ServiceAccount { token, .. } = self.actor() {
            // Its token may have been revoked by the transaction that this one waited for.
            let token = token.clone();
            self.needs_live_service_token(&token).await?;
        }
        let event = self.event(&self.act, new, head.int("seq")?);
        let (seq, hash) = (event.seq, event.hash(&before).to_vec());
        self.append(&event.chain.clone(), vec![(event, hash)]).await?;
        Ok(seq)
    }

    /// Appends events of other actors to one chain, all at once: its head is locked only briefly.
    pub(in crate::store) async fn record_others(&mut self, chain: &str, others: Vec<(Act, NewEvent)>) -> Result<()> {
        let count = i64::try_from(others.len()).unwrap_or(i64::MAX);
        let head = sqlx::query("UPDATE chains SET seq = seq + $2 WHERE name = $1 RETURNING seq, hash")
            .bind(chain.to_owned())
            .bind(count)
            .fetch_one(self.on())
            .await?;
        let (last, mut before): (i64, Vec<u8>) = (head.int("seq")?, head.bytes("hash")?);
        let mut events = Vec::with_capacity(others.len());
        for (seq, (act, new)) in (last - count + 1..).zip(others) {
            let event = self.event(&act, new, seq);
            before = event.hash(&before).to_vec();
            events.push((event, before.clone()));
        }
        self.append(chain, events).await
    }

    /// The same for what waits for the collector.
    pub(in crate::store) async fn record_all(&mut self, chain: &str, events: Vec<(Act, NewEvent)>) -> Result<()> {
        for (_, event) in &events {
            self.needs_collector(event)?;
        }
        self.record_others(chain, events).await
    }

    fn event(&self, act: &Act, new: NewEvent, seq: i64) -> Event {
        let chain = new.chain().to_owned();
        let mut details = new.details;
        if let Actor::User { credential: Credential::Token { id, name, .. }, .. } = &act.actor {
            details["personal_token"] = json!({ "id": id.as_str(), "name": name });
        }
        if let Actor::ServiceAccount { token, token_name, .. } = &act.actor {
            details["service_token"] = json!({ "id": token.as_str(), "name": token_name });
        }
        Event {
            chain,
            seq,
            at: self.store.now(),
            actor_kind: act.actor.kind().to_owned(),
            actor_id: act.actor.id().to_owned(),
            actor_name: act.actor.name().to_owned(),
            action: new.action.as_str().to_owned(),
            target_kind: new.target.kind.to_owned(),
            target_id: new.target.id,
            target_name: new.target.name,
            app_id: new.target.app_id.map(|id| id.to_string()),
            outcome: new.outcome,
            address: act.address.clone(),
            user_agent: act.user_agent.clone(),
            request_id: act.request_id.as_ref().map(ToString::to_string),
            details: details.to_string(),
            salts: Salts::Seed(self.store.entropy().array()),
        }
    }

    /// Writes events with their hashes in chain order; the head of the chain is locked.
    async fn append(&mut self, chain: &str, events: Vec<(Event, Vec<u8>)>) -> Result<()> {
        let Some((_, last)) = events.last() else { return Ok(()) };
        sqlx::query("UPDATE chains SET hash = $1 WHERE name = $2")
            .bind(last.clone())
            .bind(chain.to_owned())
            .execute(self.on())
            .await?;
        self.recorded += events.len();
        let rows: Vec<_> = events.into_iter().map(|(event, hash)| row(event, hash)).collect();
        let statement = format!("INSERT INTO events ({0}) SELECT {0} FROM v WHERE v.n > 0", EVENT.join(", "));
        for rows in rows.chunks(EVENTS_AT_ONCE) {
            self.store.with_rows(EVENT, rows.to_vec(), &statement).execute(self.on()).await?;
        }
        Ok(())
    }
}
