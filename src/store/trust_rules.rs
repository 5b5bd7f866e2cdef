//! Trust rules of apps: made, read, changed and deleted here; `exchange.rs` gives keys for ID tokens, and forgets both when they
//! are over.
//!
//! A write locks the app before the rule, as issuing a key does: a rule that is taken away misses no key that it gave.

mod exchange;

use std::{sync::Arc, time::Duration};

use serde_json::json;
use sqlx::any::AnyRow;

use super::{Store, apps::app, detached, is_taken, keys::scopes, row::Read, tx::Tx};
use crate::{
    Error, Result, Timestamp,
    app::App,
    audit::{Act, Action, NewEvent, Target},
    id::{AppId, KeyId, OrgId, TrustRuleId},
    journal::Entry,
    key::{Addresses, Holder, Metadata, NewKey, new::check_scopes},
    key_policy::judge::{Judgement, Proposed},
    member::Permission,
    place::{Place, PlaceKind},
    profile::Profile,
    trust_rule::{MOST, NewTrustRule, TrustRule, TrustRuleChange},
};

fn rule(row: &AnyRow) -> Result<TrustRule> {
    let unreadable = |_| Error::Unavailable("a trust rule can't be read".to_owned());
    Ok(TrustRule {
        id: TrustRuleId::stored(row.text("id")?),
        org_id: OrgId::stored(row.text("org_id")?),
        app_id: AppId::stored(row.text("app_id")?),
        name: row.text("name")?,
        issuer: row.text("issuer")?,
        audience: row.text("audience")?,
        claims: serde_json::from_str(&row.text("claims")?).map_err(unreadable)?,
        environment: row.text("environment")?,
        scopes: scopes(&row.text("scopes")?),
        lifetime: Duration::from_secs(u64::try_from(row.int("lifetime_seconds")?).unwrap_or_default()),
        addresses: Addresses::stored(&row.text("addresses")?)?,
        paused_at: row.time_opt("paused_at")?,
        created_at: row.time("created_at")?,
        created_by: row.text("created_by")?,
        used_at: row.time_opt("used_at")?,
    })
}

fn target(rule: &TrustRule) -> Target {
    Target::new("trust_rule", &rule.id, &rule.name).of_app(&rule.app_id)
}

/// What a rule says, for its events.
fn details(rule: &TrustRule) -> serde_json::Value {
    json!({
        "issuer": rule.issuer, "audience": rule.audience, "claims": rule.claims, "environment": rule.environment,
        "scopes": rule.scopes, "lifetime_seconds": rule.lifetime.as_secs(),
        "addresses": rule.addresses.lines().collect::<Vec<_>>(),
    })
}

impl Store {
    /// The rules of an app, oldest first. There are few.
    pub async fn trust_rules(&self, app: &AppId) -> Result<Vec<TrustRule>> {
        let query = sqlx::query("SELECT * FROM trust_rules WHERE app_id = $1 ORDER BY created_at, id");
        query.bind(app.to_string()).fetch_all(self.read()).await?.iter().map(rule).collect()
    }

    /// A rule. Whether the reader may see it is checked by the caller.
    pub async fn trust_rule(&self, id: &TrustRuleId) -> Result<Option<TrustRule>> {
        let query = sqlx::query("SELECT * FROM trust_rules WHERE id = $1").bind(id.to_string());
        query.fetch_optional(self.read()).await?.as_ref().map(rule).transpose()
    }

    /// Makes a rule. It is refused if the rules for keys would refuse every key that it gives.
    pub async fn create_trust_rule(
        &self,
        act: &Act,
        app: &App,
        new: NewTrustRule,
        form_token: Option<Vec<u8>>,
    ) -> Result<TrustRule> {
        let (store, act, app) = (self.clone(), act.clone(), app.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.hold_place(&Place::from(&app)).await?;
            tx.needs(&app.org_id, Permission::GovernKeys).await?;
            // Whoever makes a rule can get its keys.
            tx.needs(&app, Permission::ManageKeys).await?;
            tx.needs_in_use(PlaceKind::App, app.id.as_str()).await?;
            let id = TrustRuleId::mint(store.entropy());
            tx.makes(id.as_str()).await?;
            let there = sqlx::query("SELECT COUNT(*) AS n FROM trust_rules WHERE app_id = $1");
            if there.bind(app.id.to_string()).fetch_one(tx.on()).await?.int("n")? >= MOST {
                let message = format!("An app has at most {MOST} trust rules. Delete one that is not needed.");
                return Err(Error::Conflict { code: "too_many_trust_rules", message });
            }
            let made = TrustRule {
                id,
                org_id: app.org_id.clone(),
                app_id: app.id.clone(),
                name: new.name,
                issuer: new.issuer,
                audience: new.audience,
                claims: new.claims,
                environment: new.environment,
                scopes: new.scopes,
                lifetime: new.lifetime,
                addresses: new.addresses,
                paused_at: None,
                created_at: tx.now(),
                created_by: act.actor.name().to_owned(),
                used_at: None,
            };
            tx.judge_rule(&app, &made).await?;
            tx.insert_rule(&made, form_token).await?;
            let created = NewEvent::of(&made.org_id, Action::TrustRuleCreated, target(&made));
            tx.record(created.with(details(&made))).await?;
            tx.commit().await?;
            Ok(made)
        })
        .await
    }

    /// Changes a rule. Keys that it gave under other terms, or before it is paused, are revoked: when this returns, every
    /// verifier refuses them.
    pub async fn change_trust_rule(&self, act: &Act, id: &TrustRuleId, change: TrustRuleChange) -> Result<TrustRule> {
        let (store, act, id) = (self.clone(), act.clone(), id.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            let (app, before) = tx.rule_to_change(&id).await?;
            let paused = change.paused.unwrap_or(before.is_paused());
            let paused_at = if paused { before.paused_at.or(Some(tx.now())) } else { None };
            let after = TrustRule { paused_at, ..change.applied(&before) };
            if after == before {
                // A request before may have taken keys away, whose answer was lost.
                tx.unchanged().await?;
                return Ok(before);
            }
            // Taking keys away needs less than giving them.
            let only_pauses = paused && after == TrustRule { paused_at, ..before.clone() };
            if !only_pauses {
                tx.needs(&app, Permission::ManageKeys).await?;
            }
            let terms_differ = TrustRule { paused_at: None, name: String::new(), ..after.clone() }
                != TrustRule { paused_at: None, name: String::new(), ..before.clone() };
            if terms_differ || (before.is_paused() && !paused) {
                tx.judge_rule(&app, &after).await?;
            }
            let is_pause = paused && !before.is_paused();
            tx.notes(Entry::TrustRule { id: id.to_string(), paused: after.paused_at.map(Timestamp::micros) });
            if terms_differ {
                tx.notes(Entry::TrustRuleChanged { id: id.to_string() });
            }
            let ended = if terms_differ || is_pause { tx.revoke_keys_of_rule(&after).await? } else { 0 };
            sqlx::query(
                "UPDATE trust_rules SET name = $2, issuer = $3, audience = $4, claims = $5, environment = $6, scopes = $7, \
                 lifetime_seconds = $8, addresses = $9, paused_at = $10 WHERE id = $1",
            )
            .bind(id.to_string())
            .bind(after.name.clone())
            .bind(after.issuer.clone())
            .bind(after.audience.clone())
            .bind(json!(after.claims).to_string())
            .bind(after.environment.clone())
            .bind(after.scopes.join(" "))
            .bind(seconds(&after))
            .bind(after.addresses.to_string())
            .bind(after.paused_at.map(Timestamp::micros))
            .execute(tx.on())
            .await?;
            if terms_differ || after.name != before.name {
                let told = json!({ "from": details(&before), "to": details(&after), "keys": ended });
                tx.record(NewEvent::of(&after.org_id, Action::TrustRuleChanged, target(&after)).with(told)).await?;
            }
            if paused != before.is_paused() {
                let action = if paused { Action::TrustRulePaused } else { Action::TrustRuleResumed };
                let told = json!({ "keys": ended });
                tx.record(NewEvent::of(&after.org_id, action, target(&after)).with(told)).await?;
            }
            tx.commit().await?;
            Ok(after)
        })
        .await
    }

    /// Deletes a rule. Keys that it gave are revoked: when this returns, every verifier refuses them.
    pub async fn delete_trust_rule(&self, act: &Act, id: &TrustRuleId) -> Result<()> {
        let (store, act, id) = (self.clone(), act.clone(), id.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            let found = tx.rule_to_change(&id).await;
            let (mut tx, (_, gone)) = tx.unless_taken_away(found).await?;
            let ended = tx.revoke_keys_of_rule(&gone).await?;
            tx.notes(Entry::TrustRuleDeleted { id: id.to_string() });
            sqlx::query("DELETE FROM trust_rules WHERE id = $1").bind(id.to_string()).execute(tx.on()).await?;
            let mut told = details(&gone);
            told["keys"] = ended.into();
            tx.record(NewEvent::of(&gone.org_id, Action::TrustRuleDeleted, target(&gone)).with(told)).await?;
            tx.commit().await
        })
        .await
    }
}

fn seconds(rule: &TrustRule) -> i64 {
    i64::try_from(rule.lifetime.as_secs()).unwrap_or(i64::MAX)
}

/// Fails for scopes with which a key makes other credentials, by themselves or by what they imply: these would be there after the
/// rule was taken away. In every environment, so that a rule stays right when the profile makes one of them live.
fn not_lasting(scopes: &[String], profile: &Profile) -> Result<()> {
    let granted = profile.granted(profile.set(scopes.iter().map(String::as_str)));
    let lasting = [profile.managing_scope(), profile.minting_scope()];
    match lasting.into_iter().flatten().find(|scope| profile.includes(granted, scope)) {
        None => Ok(()),
        Some(scope) => {
            let message = format!(
                "A trust rule gives no key with the scope {scope}, not even by another one that implies it: what such a key makes \
                 would outlive the rule. Choose other scopes."
            );
            Err(Error::field("scopes", message))
        }
    }
}

impl Tx {
    /// Fails if the rules for keys refuse what a rule would give now, or if somebody has to approve each key.
    async fn judge_rule(&mut self, app: &App, rule: &TrustRule) -> Result<()> {
        let profile = Arc::clone(self.profile());
        if Holder::App(app.clone()).owner() != profile.keys.owner {
            return Err(Error::field("", profile.keys.owner.who_generates()));
        }
        let new = self.key_of_rule(rule, &rule.scopes)?;
        let policy = self.key_policy(&rule.org_id).await?.policy;
        // How many keys there are is counted when one is given.
        let judgement = policy.judge(&Proposed { beside: None, ..Proposed::new(&new, 0, self.now()) }, &profile);
        match judgement {
            Judgement::Allowed => Ok(()),
            Judgement::Refused(broken) => Err(Error::Invalid(broken)),
            Judgement::NeedsApproval => {
                let message = "The organization’s rules for keys let another person approve each such key, and a job can’t \
                    wait for that. Choose other scopes or another environment.";
                Err(Error::field("scopes", message))
            }
        }
    }

    /// The key that a rule gives now. The profile may have changed since the rule was made.
    fn key_of_rule(&self, rule: &TrustRule, scopes: &[String]) -> Result<NewKey> {
        let profile = self.profile();
        let environment = profile.environment(&rule.environment).cloned();
        let environment =
            environment.ok_or_else(|| Error::field("environment", "There is no such environment now."))?;
        let scopes: Vec<_> = scopes.iter().map(String::as_str).collect();
        let scopes = check_scopes(&scopes, profile)?;
        not_lasting(&scopes, profile)?;
        Ok(NewKey {
            label: rule.name.clone(),
            environment,
            scopes,
            expires_at: Some(self.now() + rule.lifetime),
            metadata: Metadata::NONE,
            signing_secret: false,
            addresses: rule.addresses.clone(),
            addresses_enforced: !rule.addresses.is_empty(),
        })
    }

    async fn insert_rule(&mut self, made: &TrustRule, form_token: Option<Vec<u8>>) -> Result<()> {
        sqlx::query(
            "INSERT INTO trust_rules (id, org_id, app_id, name, issuer, audience, claims, environment, scopes, \
             lifetime_seconds, addresses, created_at, created_by, form_token) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        )
        .bind(made.id.to_string())
        .bind(made.org_id.to_string())
        .bind(made.app_id.to_string())
        .bind(made.name.clone())
        .bind(made.issuer.clone())
        .bind(made.audience.clone())
        .bind(json!(made.claims).to_string())
        .bind(made.environment.clone())
        .bind(made.scopes.join(" "))
        .bind(seconds(made))
        .bind(made.addresses.to_string())
        .bind(made.created_at.micros())
        .bind(made.created_by.clone())
        .bind(form_token)
        .execute(self.on())
        .await
        .map_err(|error| {
            if is_taken(&error, "trust_rules_form_token_unique", "trust_rules.form_token") {
                return Error::field("", "This form was sent already. Its rule is in the list.");
            }
            error.into()
        })?;
        Ok(())
    }

    /// A rule for somebody who may change it, with its app locked. It does not exist for others.
    async fn rule_to_change(&mut self, id: &TrustRuleId) -> Result<(App, TrustRule)> {
        let found = sqlx::query("SELECT * FROM trust_rules WHERE id = $1").bind(id.to_string());
        let found = rule(&found.fetch_optional(self.on()).await?.ok_or(Error::NotFound)?)?;
        self.needs(&found.org_id, Permission::GovernKeys).await?;
        let app = self.hold_app(&found.app_id).await?;
        self.needs(&found.org_id, Permission::GovernKeys).await?;
        // It may have been changed by the one that this waited for.
        let held = sqlx::query("SELECT * FROM trust_rules WHERE id = $1").bind(id.to_string());
        let held = rule(&held.fetch_optional(self.on()).await?.ok_or(Error::NotFound)?)?;
        Ok((app, held))
    }

    /// An app, locked until this transaction ends: nobody gives a key of it, or takes one away.
    async fn hold_app(&mut self, id: &AppId) -> Result<App> {
        let sql = "UPDATE apps SET name = name WHERE id = $1 RETURNING *";
        let row = sqlx::query(sql).bind(id.to_string()).fetch_optional(self.on()).await?;
        app(&row.ok_or(Error::NotFound)?)
    }

    /// Returns how many.
    async fn revoke_keys_of_rule(&mut self, rule: &TrustRule) -> Result<u64> {
        let (live, id) = ("trust_rule_id = $1 AND revoked_at IS NULL", [rule.id.as_str()]);
        if self.is_on_postgres() {
            let held = format!("SELECT 1 FROM keys WHERE {live} ORDER BY id COLLATE \"C\" FOR NO KEY UPDATE");
            sqlx::query(sqlx::AssertSqlSafe(held)).bind(rule.id.to_string()).fetch_all(self.on()).await?;
        }
        self.touches_keys_where("trust_rule_id = $1", &id).await?;
        self.end_secrets_within(live, &id).await?;
        let sql = format!(
            "UPDATE keys SET revoked_at = $2, revoked_by = $3, revoke_reason = $4 WHERE {live} AND expires_at > $2 RETURNING id"
        );
        let revoked = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(rule.id.to_string())
            .bind(self.now().micros())
            .bind(self.actor().name().to_owned())
            .bind(format!("The trust rule {} was taken away", rule.name))
            .fetch_all(self.on())
            .await?;
        for row in &revoked {
            self.notes_key(&KeyId::stored(row.text("id")?));
        }
        Ok(revoked.len() as u64)
    }
}
