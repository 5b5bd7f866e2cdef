//! Gives a short-lived key for an ID token, once; and forgets both when they are over.

use std::time::Duration;

use serde_json::json;

use super::{details, rule};
use crate::{
    Error, Result, Timestamp,
    app::App,
    audit::{Act, Action, Actor, NewEvent},
    id::AppId,
    key::{Holder, Issued, Key, Metadata},
    store::{
        Store, detached,
        keys::{COLUMNS, key, target},
        old_rows::Old,
        tx::Tx,
    },
    trust_rule::{IdToken, NotExchanged, TrustRule},
};

/// How much longer a used token is remembered than it is valid. The clocks of nodes differ: one that is ahead must not forget a
/// token that another still accepts.
const REMEMBERED: Duration = Duration::from_secs(24 * 60 * 60);

type Exchanged = Result<(TrustRule, Issued), NotExchanged>;

impl Store {
    /// Whether an app has a rule about tokens of this issuer that is not paused.
    pub async fn trusts_issuer(&self, app: &AppId, issuer: &str) -> Result<bool> {
        let sql = "SELECT 1 FROM trust_rules WHERE app_id = $1 AND issuer = $2 AND paused_at IS NULL LIMIT 1";
        let query = sqlx::query(sql).bind(app.to_string()).bind(issuer.to_owned());
        Ok(query.fetch_optional(self.read()).await?.is_some())
    }

    /// The key for a token whose signature and times were checked, by the oldest rule that trusts it and gives these scopes.
    /// `act` says from where it was sent.
    pub async fn exchange_token(&self, act: &Act, app: &AppId, token: IdToken, asked: Vec<String>) -> Exchanged {
        let (store, act, app) = (self.clone(), act.clone(), app.clone());
        let exchanged = detached(async move {
            let asked: Vec<_> = asked.iter().map(String::as_str).collect();
            Ok(exchange(&store, act, &app, &token, &asked).await)
        });
        exchanged.await.map_err(NotExchanged::Failed)?
    }

    /// The keys that trust rules of an app gave and that are not over, newest first, up to 100.
    pub async fn keys_of_trust_rules(&self, app: &AppId) -> Result<Vec<Key>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM keys k WHERE k.app_id = $1 AND k.trust_rule_id IS NOT NULL AND k.expires_at > $2 \
             ORDER BY k.created_at DESC, k.id DESC LIMIT 100"
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(app.to_string()).bind(self.now().micros());
        query.fetch_all(self.read()).await?.iter().map(key).collect()
    }

    /// Deletes the keys of trust rules that are over, and forgets tokens that expired a day ago. Returns how many keys.
    pub async fn delete_keys_of_trust_rules(&self) -> Result<u64> {
        let now = self.now();
        let over = "trust_rule_id IS NOT NULL AND expires_at <= $1";
        let deleted = self.delete_old(Old { table: "keys", key: "id", when: over }, now.micros()).await?;
        let tokens = Old { table: "exchanged_tokens", key: "digest", when: "expires_at <= $1" };
        self.delete_old(tokens, (now - REMEMBERED).micros()).await?;
        Ok(deleted)
    }
}

async fn exchange(store: &Store, act: Act, app: &AppId, token: &IdToken, asked: &[&str]) -> Exchanged {
    let mut tx = store.begin(&Act { actor: Actor::Anonymous, once: None, ..act }).await?;
    let app = match tx.hold_app(app).await {
        Err(Error::NotFound) => return Err(NotExchanged::NoApp),
        held => held?,
    };
    // This may have waited for long, and a token that is over is forgotten some day.
    if token.expires_at <= tx.now() {
        return Err(NotExchanged::Expired);
    }
    let holder = Holder::App(app.clone());
    match tx.needs_holder_in_use(&holder).await {
        Err(Error::NotFound | Error::Forbidden(_)) => return Err(NotExchanged::NoApp),
        in_use => in_use?,
    }
    if holder.owner() != store.profile().keys.owner {
        return Err(NotExchanged::Refused(store.profile().keys.owner.who_generates().to_owned()));
    }
    // The app is locked: no rule is taken away before the key is there, which it takes away, too.
    let rules = tx.rules_of(&app).await?;
    let trusting: Vec<_> = rules.into_iter().filter(|rule| rule.trusts(token)).collect();
    if trusting.is_empty() {
        return Err(NotExchanged::Untrusted);
    }
    let mut giving = trusting.into_iter().filter_map(|rule| rule.scopes_for(asked).map(|scopes| (rule, scopes)));
    let (rule, scopes) = giving.next().ok_or(NotExchanged::TooMuch)?;
    tx.acts_as(Actor::TrustRule { id: rule.id.clone(), name: rule.name.clone() });
    let mut new = tx.key_of_rule(&rule, &scopes)?;
    new.metadata = metadata(token);
    if tx.judge_new(&holder, &new).await? {
        let why = "The organization’s rules for keys let another person approve each such key.";
        return Err(NotExchanged::Refused(why.to_owned()));
    }
    if !tx.uses_token(token).await? {
        return Err(NotExchanged::Used);
    }
    let issued = tx.insert_new_key(store, holder, new, None, Some(&rule.id)).await?;
    let used = sqlx::query("UPDATE trust_rules SET used_at = $2 WHERE id = $1").bind(rule.id.to_string());
    used.bind(tx.now().micros()).execute(tx.on()).await?;
    let mut told = details(&rule);
    told["rule"] = rule.id.as_str().into();
    told["subject"] = token.subject.as_str().into();
    told["jti"] = token.jti.as_str().into();
    told["shown"] = issued.key.shown.as_str().into();
    told["scopes"] = issued.key.scopes.clone().into();
    told["expires_at"] = json!(issued.key.expires_at.map(Timestamp::to_rfc3339));
    let given = NewEvent::of(&app.org_id, Action::TokenExchanged, target(&issued.key)).with(told);
    tx.record(given).await?;
    tx.commit().await?;
    Ok((rule, issued))
}

/// For backends, which see it with each verification.
fn metadata(token: &IdToken) -> Metadata {
    let whole = json!({ "issuer": token.issuer, "subject": token.subject }).to_string();
    Metadata::check(&whole).unwrap_or(Metadata::NONE)
}

impl Tx {
    async fn rules_of(&mut self, app: &App) -> Result<Vec<TrustRule>> {
        let query = sqlx::query("SELECT * FROM trust_rules WHERE app_id = $1 ORDER BY created_at, id");
        query.bind(app.id.to_string()).fetch_all(self.on()).await?.iter().map(rule).collect()
    }

    /// Whether it was not used before. Of two at once one waits here for the other.
    async fn uses_token(&mut self, token: &IdToken) -> Result<bool> {
        let sql = "INSERT INTO exchanged_tokens (digest, expires_at) VALUES ($1, $2) ON CONFLICT (digest) DO NOTHING";
        let query = sqlx::query(sql).bind(token.digest().to_vec()).bind(token.expires_at.micros());
        Ok(query.execute(self.on()).await?.rows_affected() == 1)
    }
}
