//! API keys: issuing, reading and editing.

use serde_json::json;
use sqlx::any::AnyRow;

use super::{
    Store, detached, is_taken,
    key_deadlines::secret_since,
    key_secrets::{imported, previous_until, shown, signing_columns},
    key_status::suspended_column,
    revocation_latency,
    row::Read,
    tx::Tx,
};
use crate::{
    Error, Result, Timestamp,
    approval::Asked,
    audit::{Act, Action, Actor, NewEvent, Target},
    fold::fold,
    id::{AppId, KeyId, OrgId, TrustRuleId, UserId},
    key::{
        Addresses, EditedKey, Holder, Issued, Key, LimitOverride, Metadata, NewKey, Pause, PlainSecret, Restrictions,
        Revocation, SigningSecret,
    },
    mail::Mail,
    member::Permission,
    place::PlaceKind,
    profile::{HolderKind, Mode},
};

/// The columns of `keys k` that [`key`] reads.
pub(super) const COLUMNS: &str = concat!(
    "k.id, k.org_id, k.app_id, k.owner, k.owner_id, \
    COALESCE((SELECT a.name FROM apps a WHERE a.id = k.app_id), (SELECT u.name FROM users u WHERE u.id = k.owner_id), \
    (SELECT o.name FROM orgs o WHERE o.id = k.org_id)) AS owner_name, \
    k.label, k.environment, k.mode, k.scopes, \
    k.require_signed, k.addresses, k.addresses_enforced, k.limit_per_minute, k.limit_per_day, \
    k.created_at, \
    (SELECT u.name FROM users u WHERE u.id = k.created_by) AS created_by, k.expires_at, \
    (SELECT v.last_at FROM key_uses v WHERE v.key_id = k.id) AS last_used_at, ",
    secret_since!(),
    " AS secret_since, k.resumed_at, k.paused_at, k.paused_by, k.leak_paused, k.metadata, k.revoked_at, k.revoked_by, k.revoke_reason, k.refused_after, k.refused_by, k.trust_rule_id, ",
    shown!(),
    " AS shown, ",
    previous_until!(),
    " AS previous_until, ",
    signing_columns!(),
    ", ",
    imported!(),
    " AS imported, ",
    suspended_column!()
);

pub(super) fn key(row: &AnyRow) -> Result<Key> {
    let revoked = match row.time_opt("revoked_at")? {
        None => None,
        Some(at) => Some(Revocation {
            at,
            by: row.text_opt("revoked_by")?.unwrap_or_default(),
            reason: row.text_opt("revoke_reason")?.unwrap_or_default(),
            refused_after: row.int_opt("refused_after")?.and_then(revocation_latency::duration),
            refused_by: row
                .text_opt("refused_by")?
                .map(|text| revocation_latency::refused_by(&text))
                .unwrap_or_default(),
        }),
    };
    let paused = match row.time_opt("paused_at")? {
        None => None,
        Some(at) => {
            Some(Pause { at, by: row.text_opt("paused_by")?.unwrap_or_default(), for_leak: row.flag("leak_paused")? })
        }
    };
    Ok(Key {
        id: KeyId::stored(row.text("id")?),
        org_id: OrgId::stored(row.text("org_id")?),
        app_id: row.text_opt("app_id")?.map(AppId::stored),
        owner: row.word("owner", HolderKind::parse)?,
        owner_id: row.text_opt("owner_id")?.map(UserId::stored),
        owner_name: row.text("owner_name")?,
        label: row.text("label")?,
        environment: row.text("environment")?,
        mode: row.word("mode", Mode::parse)?,
        shown: row.text("shown")?,
        is_imported: row.flag("imported")?,
        secret_since: row.time("secret_since")?,
        previous_until: row.time_opt("previous_until")?,
        scopes: scopes(&row.text("scopes")?),
        has_signing_secret: row.flag("signs")?,
        signing_version: row.int("signing_version")?,
        signing_before_until: row.time_opt("signing_before_until")?,
        restrictions: restrictions(row)?,
        created_at: row.time("created_at")?,
        created_by: row.text_opt("created_by")?,
        expires_at: row.time_opt("expires_at")?,
        last_used_at: row.time_opt("last_used_at")?,
        metadata: Metadata::stored(&row.text("metadata")?),
        suspended: row.flag("suspended")?,
        paused,
        resumed_at: row.time_opt("resumed_at")?,
        revoked,
        trust_rule: row.text_opt("trust_rule_id")?.map(TrustRuleId::stored),
    })
}

/// Reads the restrictions from [`COLUMNS`].
pub(super) fn restrictions(row: &AnyRow) -> Result<Restrictions> {
    Ok(Restrictions {
        require_signed: row.flag("require_signed")?,
        addresses: Addresses::stored(&row.text("addresses")?)?,
        addresses_enforced: row.flag("addresses_enforced")?,
        limits: limits(row, "limit_per_minute", "limit_per_day")?,
    })
}

/// Reads the limits of a row of `keys` or `apps` from the columns with these names.
pub(super) fn limits(row: &impl Read, minute: &str, day: &str) -> Result<LimitOverride> {
    let limit = |limit: i64| u32::try_from(limit).unwrap_or(u32::MAX);
    Ok(LimitOverride { per_minute: row.int_opt(minute)?.map(limit), per_day: row.int_opt(day)?.map(limit) })
}

pub(super) fn scopes(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

impl Store {
    /// Issues a key, or asks for one where it needs an approval: for the panel, the API and the command line alike. The
    /// secrets are in the result and nowhere else. A form that was sent before issues nothing.
    pub async fn issue_or_ask(
        &self,
        act: &Act,
        holder: impl Into<Holder>,
        new: NewKey,
        form: Option<Vec<u8>>,
    ) -> Result<Asked<Issued>> {
        self.issue(act, holder.into(), new, form, true).await
    }

    /// The same for what has nobody to wait for: fails if the key needs an approval, and asks for none.
    pub async fn issue_key(
        &self,
        act: &Act,
        holder: impl Into<Holder>,
        new: NewKey,
        form: Option<Vec<u8>>,
    ) -> Result<Issued> {
        match self.issue(act, holder.into(), new, form, false).await? {
            Asked::Done(issued) => Ok(issued),
            Asked::Waits(_) => Err(needs_approval()),
        }
    }

    async fn issue(
        &self,
        act: &Act,
        holder: Holder,
        new: NewKey,
        form: Option<Vec<u8>>,
        may_wait: bool,
    ) -> Result<Asked<Issued>> {
        let (store, act) = (self.clone(), act.clone());
        detached(async move {
            if holder.owner() != store.profile().keys.owner {
                return Err(Error::field("", store.profile().keys.owner.who_generates()));
            }
            let mut tx = store.begin(&act).await?;
            tx.hold(&holder).await?;
            tx.needs(&holder, Permission::ManageKeys).await?;
            tx.needs_to_issue(&holder, &new).await?;
            tx.needs_holder_in_use(&holder).await?;
            if tx.judge_new(&holder, &new).await? {
                if !may_wait {
                    return Err(needs_approval());
                }
                return Ok(Asked::Waits(tx.ask_for_key(&holder, &new, form).await?));
            }
            let issued = tx.insert_key(&store, holder, new, form.clone()).await;
            if let (Err(Error::AlreadyIssued(_)), Some(form)) = (&issued, form) {
                // The failed insert ended the transaction on PostgreSQL: query outside of it.
                drop(tx);
                return Err(Error::AlreadyIssued(store.key_of_form(form).await?));
            }
            let issued = issued?;
            tx.commit().await?;
            Ok(Asked::Done(issued))
        })
        .await
    }

    async fn key_of_form(&self, form: Vec<u8>) -> Result<KeyId> {
        let row = sqlx::query("SELECT id FROM keys WHERE form_token = $1").bind(form).fetch_one(self.read()).await?;
        Ok(KeyId::stored(row.text("id")?))
    }

    /// Changes a key's label and notes. Its permissions stay the same.
    pub async fn edit_key(&self, act: &Act, key: &Key, new: EditedKey) -> Result<()> {
        let (store, act, key) = (self.clone(), act.clone(), key.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            let key = tx.held_to_change(&key).await?;
            sqlx::query("UPDATE keys SET label = $1, metadata = $2, label_folded = $4 WHERE id = $3")
                .bind(new.label.clone())
                .bind(new.metadata.to_string())
                .bind(key.id.to_string())
                .bind(fold(&new.label))
                .execute(tx.on())
                .await?;
            // The verifier's response contains both.
            tx.touches_key(&key.id).await?;
            let details = if new.label == key.label { json!({}) } else { json!({ "renamed_to": new.label }) };
            tx.record(NewEvent::of(&key.org_id, Action::KeyEdited, target(&key)).with(details)).await?;
            tx.commit().await
        })
        .await
    }
}

fn needs_approval() -> Error {
    let message = "This key needs the approval of another person. Ask for it in the portal.".to_owned();
    Error::Conflict { code: "needs_approval", message }
}

pub(super) fn target(key: &Key) -> Target {
    let target = Target::new("key", &key.id, &key.label);
    match &key.app_id {
        Some(app) => target.of_app(app),
        None => target,
    }
}

/// What the event of a new key says of it.
pub(super) fn generated_details(key: &Key) -> serde_json::Value {
    let mut details = json!({ "environment": key.environment, "scopes": key.scopes, "shown": key.shown });
    if !key.restrictions.addresses.is_empty() {
        details["addresses"] = key.restrictions.addresses.lines().collect::<Vec<_>>().into();
        details["addresses_enforced"] = key.restrictions.addresses_enforced.into();
    }
    details
}

impl Tx {
    pub(super) async fn needs_holder_in_use(&mut self, holder: &Holder) -> Result<()> {
        match holder.app() {
            Some(app) => self.needs_in_use(PlaceKind::App, app.id.as_str()).await,
            None => self.needs_in_use(PlaceKind::Org, holder.org_id().as_str()).await,
        }
    }

    /// Inserts the row of a new key, without any secret.
    pub(super) async fn insert_key_row(
        &mut self,
        key: &Key,
        form: Option<Vec<u8>>,
        created_by: Option<String>,
    ) -> Result<()> {
        sqlx::query(
            "INSERT INTO keys (id, org_id, app_id, label, environment, mode, scopes, form_token, created_at, \
             created_by, expires_at, owner, owner_id, label_folded, metadata, addresses, addresses_enforced, \
             limit_per_minute, limit_per_day, trust_rule_id) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)",
        )
        .bind(key.id.to_string())
        .bind(key.org_id.to_string())
        .bind(key.app_id.as_ref().map(ToString::to_string))
        .bind(key.label.clone())
        .bind(key.environment.clone())
        .bind(key.mode.as_str())
        .bind(key.scopes.join(" "))
        .bind(form)
        .bind(key.created_at.micros())
        .bind(created_by)
        .bind(key.expires_at.map(Timestamp::micros))
        .bind(key.owner.as_str())
        .bind(key.owner_id.as_ref().map(ToString::to_string))
        .bind(fold(&key.label))
        .bind(key.metadata.to_string())
        .bind(key.restrictions.addresses.to_string())
        .bind(i64::from(key.restrictions.addresses_enforced))
        .bind(key.restrictions.limits.per_minute.map(i64::from))
        .bind(key.restrictions.limits.per_day.map(i64::from))
        .bind(key.trust_rule.as_ref().map(ToString::to_string))
        .execute(self.on())
        .await
        .map(drop)
        .map_err(|error| {
            if is_taken(&error, "keys_form_token_unique", "keys.form_token") {
                return Error::AlreadyIssued(key.id.clone());
            }
            error.into()
        })
    }

    pub(super) async fn insert_key(
        &mut self,
        store: &Store,
        holder: Holder,
        new: NewKey,
        form: Option<Vec<u8>>,
    ) -> Result<Issued> {
        let person = holder.person().map(|person| person.id.clone());
        let issued = self.insert_new_key(store, holder, new, form, None).await?;
        let key = &issued.key;
        let generated = NewEvent::of(&key.org_id, Action::KeyGenerated, target(key)).with(generated_details(key));
        match person {
            Some(person) => self.record_and_mail(generated, &person, Mail::KeyGenerated).await?,
            None => self.record(generated).await?,
        }
        Ok(issued)
    }

    /// The key with its secrets, whose event is still to be recorded. `rule` is the trust rule that gives it, if one does.
    pub(super) async fn insert_new_key(
        &mut self,
        store: &Store,
        holder: Holder,
        new: NewKey,
        form: Option<Vec<u8>>,
        rule: Option<&TrustRuleId>,
    ) -> Result<Issued> {
        self.needs_holder_in_use(&holder).await?;
        let entropy = store.entropy();
        let id = KeyId::mint(entropy);
        self.makes(id.as_str()).await?;
        let secret = PlainSecret::mint(&new.environment.prefix, entropy);
        let signing_secret = new.signing_secret.then(|| SigningSecret::mint(entropy));
        let created_by = match self.actor() {
            Actor::User { id, name, .. } => Some((id.to_string(), name.clone())),
            _ => None,
        };
        let signs = signing_secret.is_some();
        let key = Key::new(id, &holder, new, secret.shown(), signs, created_by.clone(), store.now());
        let key = Key { trust_rule: rule.cloned(), ..key };
        self.insert_key_row(&key, form, created_by.map(|(id, _)| id)).await?;
        self.add_key_secret(&key.id, &secret).await?;
        if let Some(signing_secret) = &signing_secret {
            self.add_signing_secret(&key.id, 1, signing_secret).await?;
        }
        Ok(Issued { key, app: holder.app().cloned(), secret, signing_secret })
    }
}
