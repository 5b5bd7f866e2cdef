//! Capability tokens: minted for an app, verified, and revoked all at once. The tokens themselves are not stored.

use std::fmt;

use serde_json::json;

use super::{Store, detached, row::Read, sight::granted, tx::Tx};
use crate::{
    Error, Result, Timestamp,
    app::App,
    audit::{Act, Action, Actor, NewEvent, Target, checkpoint::SigningKey},
    capability::{Asked, CapabilityVerdict, Claims, Minter, MinterKind, NewCapability, Presented, key_id, sign},
    id::{AppId, CapabilityId, OrgId},
    journal::Entry,
    member::Permission,
    place::PlaceKind,
    profile::{HolderKind, Mode},
};

/// A token, which is shown once.
pub struct MintedCapability {
    pub id: CapabilityId,
    pub token: String,
    pub expires_at: Timestamp,
}

impl fmt::Debug for MintedCapability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MintedCapability").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What is said of a token, and what it says if it is valid.
#[derive(Debug)]
pub struct JudgedCapability {
    pub verdict: CapabilityVerdict,
    pub claims: Option<Claims>,
}

/// What became of a token's app and minter.
struct Standing {
    org_id: OrgId,
    epoch: i64,
    suspended: bool,
}

fn target(app: &App) -> Target {
    Target::new("app", &app.id, &app.name).of_app(&app.id)
}

impl Store {
    /// Mints a token for an app, under the portal's address.
    pub async fn mint_capability(
        &self,
        act: &Act,
        app: &App,
        issuer: &str,
        new: NewCapability,
    ) -> Result<MintedCapability> {
        let (store, act, app, issuer) = (self.clone(), act.clone(), app.clone(), issuer.to_owned());
        let key = self.signer_for(&act, &app).await?;
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.needs_to_mint(&app).await?;
            let id = CapabilityId::mint(store.entropy());
            tx.makes(id.as_str()).await?;
            tx.needs_in_use(PlaceKind::App, app.id.as_str()).await?;
            let minted_by = Minter::of(tx.actor()).ok_or(Error::Forbidden("A person, a root token or a key mints."))?;
            let row = sqlx::query(
                "SELECT a.capability_epoch, o.suspended_at FROM apps a JOIN orgs o ON o.id = a.org_id WHERE a.id = $1",
            );
            let row = row.bind(app.id.to_string()).fetch_optional(tx.on()).await?.ok_or(Error::NotFound)?;
            if row.time_opt("suspended_at")?.is_some() {
                return Err(Error::Forbidden("This organization is suspended. Ask an operator of the portal."));
            }
            // Whole seconds, as tokens have them.
            let now = Timestamp::from_seconds(tx.now().seconds());
            let expires_at = now + new.lifetime;
            let claims = Claims {
                iss: issuer,
                aud: app.id.clone(),
                sub: new.subject,
                modules: new.modules,
                channels: new.channels,
                iat: now.seconds(),
                exp: expires_at.seconds(),
                jti: id.clone(),
                epoch: row.int("capability_epoch")?,
                minted_by,
            };
            let token = sign(&claims, &key);
            tx.needs_capability_key(&key.public()).await?;
            tx.keep_capability_key(&key.public(), expires_at).await?;
            // Not the subject: it may be a person's name, and events can't be erased.
            let details = json!({
                "capability": id.as_str(), "modules": claims.modules, "channels": claims.channels,
                "expires_at": expires_at, "epoch": claims.epoch, "key_id": key_id(&key.public()),
            });
            tx.record(NewEvent::of(&app.org_id, Action::CapabilityMinted, target(&app)).with(details)).await?;
            tx.commit().await?;
            Ok(MintedCapability { id, token, expires_at })
        })
        .await
    }

    /// The key that signs. The first is made only for an actor who may mint: a refused request changes nothing.
    async fn signer_for(&self, act: &Act, app: &App) -> Result<SigningKey> {
        if let Some(key) = self.capability_signer().await? {
            return Ok(key);
        }
        let (store, act, app) = (self.clone(), act.clone(), app.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.needs_to_mint(&app).await?;
            tx.commit_counts().await
        })
        .await?;
        self.first_capability_signer().await
    }

    /// Revokes all tokens of an app that were minted so far. Returns the epoch of those that come.
    pub async fn revoke_capabilities(&self, act: &Act, app: &App, reason: String) -> Result<i64> {
        let (store, act, app) = (self.clone(), act.clone(), app.clone());
        detached(async move {
            let mut tx = store.begin(&act).await?;
            tx.needs(&app, Permission::ManageKeys).await?;
            // The time, so that a number is not used again after an older backup was restored.
            let raised = "UPDATE apps SET capability_epoch = CASE WHEN capability_epoch < $2 THEN $2 \
                          ELSE capability_epoch + 1 END WHERE id = $1 RETURNING capability_epoch";
            let raised = sqlx::query(raised).bind(app.id.to_string()).bind(tx.now().seconds());
            let row = raised.fetch_optional(tx.on()).await?;
            let epoch = row.ok_or(Error::NotFound)?.int("capability_epoch")?;
            tx.notes(Entry::CapabilitiesRevoked { app: app.id.to_string(), epoch });
            let details = json!({ "epoch": epoch, "reason": reason });
            tx.record(NewEvent::of(&app.org_id, Action::CapabilitiesRevoked, target(&app)).with(details)).await?;
            tx.commit().await?;
            Ok(epoch)
        })
        .await
    }

    /// Judges a token for a caller of this organization, or of all.
    pub async fn judge_capability(
        &self,
        token: &str,
        issuer: &str,
        org: Option<&OrgId>,
        asked: &Asked<'_>,
    ) -> Result<JudgedCapability> {
        let refused = |verdict| Ok(JudgedCapability { verdict, claims: None });
        let presented = match Presented::parse(token) {
            Ok(presented) => presented,
            Err(verdict) => return refused(verdict),
        };
        let Some(key) = self.capability_key(&presented.key_id).await? else {
            return refused(CapabilityVerdict::UnknownKey);
        };
        let claims = match presented.open(&key) {
            Ok(claims) => claims,
            Err(verdict) => return refused(verdict),
        };
        // An app of another organization does not exist for the caller, whatever else is wrong.
        let Some(standing) = self.standing(&claims.aud).await?.filter(|of| org.is_none_or(|org| *org == of.org_id))
        else {
            return refused(CapabilityVerdict::NotFound);
        };
        let mut verdict = claims.judge(issuer, &self.profile().capabilities, self.now());
        if verdict == CapabilityVerdict::Valid {
            verdict = match () {
                () if claims.epoch != standing.epoch => CapabilityVerdict::Revoked,
                () if standing.suspended => CapabilityVerdict::Suspended,
                () if !self.still_mints(&claims.minted_by, &claims.aud).await? => CapabilityVerdict::MinterEnded,
                () => claims.grant(asked),
            };
        }
        match verdict {
            CapabilityVerdict::Valid => Ok(JudgedCapability { verdict, claims: Some(claims) }),
            refusal => refused(refusal),
        }
    }

    async fn standing(&self, app: &AppId) -> Result<Option<Standing>> {
        let row = sqlx::query(
            "SELECT a.org_id, a.capability_epoch, CAST(CASE WHEN COALESCE(a.archived_at, p.archived_at, t.archived_at, \
             o.archived_at, o.suspended_at) IS NULL THEN 0 ELSE 1 END AS BIGINT) AS suspended FROM apps a \
             JOIN projects p ON p.id = a.project_id JOIN tenants t ON t.id = a.tenant_id JOIN orgs o ON o.id = a.org_id \
             WHERE a.id = $1",
        );
        let row = row.bind(app.to_string()).fetch_optional(self.read()).await?;
        let standing = row.map(|row| {
            Ok(Standing {
                org_id: OrgId::stored(row.text("org_id")?),
                epoch: row.int("capability_epoch")?,
                suspended: row.flag("suspended")?,
            })
        });
        standing.transpose()
    }

    /// Whether the one who minted a token is still valid, and a person may still mint for its app; with a personal token, as long
    /// as that is valid, too. A key counts whatever became of the secret that was sent then.
    async fn still_mints(&self, minter: &Minter, app: &AppId) -> Result<bool> {
        let alive = match minter.kind {
            MinterKind::Key => "SELECT 1 FROM keys WHERE id = $1 AND revoked_at IS NULL AND paused_at IS NULL \
                 AND (expires_at IS NULL OR expires_at > $2)"
                .to_owned(),
            MinterKind::RootToken => "SELECT 1 FROM root_tokens WHERE id = $1 AND revoked_at IS NULL \
                 AND (expires_at IS NULL OR expires_at > $2)"
                .to_owned(),
            MinterKind::ServiceAccount => {
                let may = granted("p.org_id", "p.org_id, p.tenant_id, p.id", "c.id", Permission::ManageKeys);
                format!(
                    "SELECT 1 {} JOIN apps ca ON ca.id = $3 JOIN projects p ON p.id = ca.project_id \
                     WHERE c.id = $1 AND t.id = $4 AND {} AND {may}",
                    super::service_tokens::JOINED,
                    super::service_tokens::LIVE
                )
            }
            MinterKind::User => {
                let may = granted("a.org_id", "a.org_id, p.tenant_id, p.id", "u.id", Permission::ManageKeys);
                format!(
                    "SELECT 1 FROM users u JOIN apps a ON a.id = $3 JOIN projects p ON p.id = a.project_id \
                     WHERE u.id = $1 AND (u.disabled_at IS NULL OR u.disabled_at > $2) AND {may} \
                     AND ($4 = '' OR EXISTS (SELECT 1 FROM personal_tokens t WHERE t.id = $4 AND t.user_id = u.id \
                     AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > $2)))"
                )
            }
        };
        let mut alive = sqlx::query(sqlx::AssertSqlSafe(alive)).bind(minter.id.clone()).bind(self.now().micros());
        if matches!(minter.kind, MinterKind::User | MinterKind::ServiceAccount) {
            alive = alive.bind(app.to_string()).bind(minter.token_id.clone().unwrap_or_default());
        }
        Ok(alive.fetch_optional(self.read()).await?.is_some())
    }
}

impl Tx {
    /// Fails if the actor may not mint for an app. A key needs a scope of its own for it, also if it manages: one that is
    /// part of an app must not mint for any subject.
    async fn needs_to_mint(&mut self, app: &App) -> Result<()> {
        let Actor::Key { id, .. } = self.actor().clone() else {
            return self.needs(app, Permission::ManageKeys).await;
        };
        let row =
            sqlx::query("SELECT org_id, app_id, owner, mode, scopes FROM keys WHERE id = $1").bind(id.to_string());
        let row = row.fetch_optional(self.on()).await?.ok_or(Error::SignedOut)?;
        let is_of_another_app = row.text_opt("app_id")?.is_some_and(|own| own != app.id.as_str());
        if row.text("org_id")? != app.org_id.as_str() || is_of_another_app {
            return Err(Error::NotFound);
        }
        let (owner, mode) = (row.word("owner", HolderKind::parse)?, row.word("mode", Mode::parse)?);
        match self.profile().mints(owner, mode, row.text("scopes")?.split_whitespace()) {
            true => Ok(()),
            false => Err(Error::Forbidden("This API key lacks the scope that mints capability tokens.")),
        }
    }
}
