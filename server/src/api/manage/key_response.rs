//! Keys in responses: everything except the secrets, which only the creation contains.

use sallyport::{
    Result, Timestamp,
    app::App,
    id::{AppId, KeyId, OrgId, ProjectId, TenantId},
    key::{self, Key, Metadata, SigningSecret, Status},
    key_policy::Deadlines,
    profile::Mode,
    store::Store,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::schema::words;

/// An API key.
#[derive(Serialize, ToSchema)]
#[schema(as = Key)]
pub struct KeyResponse {
    #[schema(value_type = String, example = "key_7Hq2aB3cD4eF5gH6")]
    key_id: KeyId,
    label: String,
    #[schema(value_type = String)]
    org_id: OrgId,
    #[schema(value_type = Option<String>, required = true)]
    tenant_id: Option<TenantId>,
    #[schema(value_type = Option<String>, required = true)]
    project_id: Option<ProjectId>,
    #[schema(value_type = Option<String>, required = true)]
    app_id: Option<AppId>,
    environment: String,
    #[schema(schema_with = modes)]
    mode: Mode,
    scopes: Vec<String>,
    #[schema(schema_with = statuses)]
    status: &'static str,
    /// The key, shortened: enough to recognize it.
    #[schema(example = "sk_live_7Hq2…x9Ka")]
    shown: String,
    /// Whether its secret was made elsewhere, and imported: rotate it when you can.
    imported: bool,
    /// Whether its previous secret is accepted, too.
    rotating: bool,
    /// Until when its previous secret is accepted; `null` if it is not.
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    previous_expires_at: Option<Timestamp>,
    /// When its secret is due to be replaced by the rules of the organization, or was; it works all the same. `null` without a
    /// rule.
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    rotation_due_at: Option<Timestamp>,
    /// When it is paused by the rules of the organization, unless it is used, and after people were told; `null` without a rule.
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    pause_due_at: Option<Timestamp>,
    has_signing_secret: bool,
    /// Whether requests have to be signed.
    require_signed: bool,
    /// Addresses and blocks from which the key may be used; an empty list allows every address.
    #[schema(example = json!(["203.0.113.0/24"]))]
    addresses: Vec<String>,
    /// Whether requests from elsewhere are refused; if not, they are noted in the activity log.
    addresses_enforced: bool,
    /// Requests per minute, instead of the limit of the app or the plan; `null` if the key has no limit of its own.
    #[schema(required = true)]
    limit_per_minute: Option<u32>,
    /// Requests per UTC day, instead of the limit of the app or the plan; `null` if the key has no limit of its own.
    #[schema(required = true)]
    limit_per_day: Option<u32>,
    /// JSON object that the key’s owner set on it.
    #[schema(value_type = Object)]
    metadata: Metadata,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Name of the person who created it; `null` if a token or key did.
    #[schema(required = true)]
    created_by: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    expires_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    last_used_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    paused_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    revoked_at: Option<Timestamp>,
    #[schema(required = true)]
    revoked_by: Option<String>,
    /// Reason given for the revocation; `null` if there is none.
    #[schema(required = true)]
    revoke_reason: Option<String>,
}

impl KeyResponse {
    /// With the app that it belongs to, if any. The rules are those of its organization.
    pub fn of(key: Key, app: Option<&App>, rules: Deadlines, now: Timestamp) -> Self {
        let rotating_until = key.rotating_until(now);
        let (rotation_due_at, pause_due_at) =
            (rules.rotation_due_at(key.secret_since), rules.paused_at(key.idle_since()));
        let is_in_use = key.status(now).is_usable();
        let (status, restrictions) = (key.status(now).as_str(), key.restrictions);
        let (revoked_at, revoked_by, revoke_reason) = match key.revoked {
            Some(revoked) => {
                (Some(revoked.at), Some(revoked.by), Some(revoked.reason).filter(|reason| !reason.is_empty()))
            }
            None => (None, None, None),
        };
        Self {
            key_id: key.id,
            label: key.label,
            org_id: key.org_id,
            tenant_id: app.map(|app| app.tenant_id.clone()),
            project_id: app.map(|app| app.project_id.clone()),
            app_id: app.map(|app| app.id.clone()),
            environment: key.environment,
            mode: key.mode,
            scopes: key.scopes,
            status,
            shown: key.shown,
            imported: key.is_imported,
            rotating: rotating_until.is_some(),
            previous_expires_at: rotating_until,
            rotation_due_at: rotation_due_at.filter(|_| is_in_use),
            pause_due_at: pause_due_at.filter(|_| is_in_use),
            has_signing_secret: key.has_signing_secret,
            require_signed: restrictions.require_signed,
            addresses: restrictions.addresses.lines().collect(),
            addresses_enforced: restrictions.addresses_enforced,
            limit_per_minute: restrictions.limits.per_minute,
            limit_per_day: restrictions.limits.per_day,
            metadata: key.metadata,
            created_at: key.created_at,
            created_by: key.created_by,
            expires_at: key.expires_at,
            last_used_at: key.last_used_at,
            paused_at: key.paused.map(|paused| paused.at),
            revoked_at,
            revoked_by,
            revoke_reason,
        }
    }

    /// An existing key, with its app.
    pub async fn found(store: &Store, key: Key) -> Result<Self> {
        let app = match &key.app_id {
            Some(app) => store.find(Some(&key.org_id), app).await?,
            None => None,
        };
        let rules = Deadlines::from(&store.key_policy(&key.org_id).await?.policy);
        Ok(Self::of(key, app.as_ref(), rules, store.now()))
    }
}

/// A new key: its credentials and its properties.
#[derive(Serialize, ToSchema)]
#[schema(as = IssuedKey)]
pub struct IssuedKeyResponse<'a> {
    #[schema(value_type = String)]
    org_id: &'a OrgId,
    #[schema(value_type = Option<String>, required = true)]
    tenant_id: Option<&'a TenantId>,
    #[schema(value_type = Option<String>, required = true)]
    project_id: Option<&'a ProjectId>,
    #[schema(value_type = Option<String>, required = true)]
    app_id: Option<&'a AppId>,
    /// The key to send with requests. It is only in this response.
    secret_key: &'a str,
    /// The secret to sign requests with. It is only in this response.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    signing_secret: Option<&'a str>,
    #[schema(value_type = String)]
    key_id: &'a KeyId,
    label: &'a str,
    environment: &'a str,
    #[schema(schema_with = modes)]
    mode: Mode,
    scopes: &'a [String],
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    expires_at: Option<Timestamp>,
    /// Only after a rotation: until when the old secret is accepted; `null` if it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime, required = false)]
    previous_expires_at: Option<Option<Timestamp>>,
}

impl<'a> IssuedKeyResponse<'a> {
    pub fn of(issued: &'a key::Issued) -> Self {
        let (key, app) = (&issued.key, issued.app.as_ref());
        Self {
            org_id: &key.org_id,
            tenant_id: app.map(|app| &app.tenant_id),
            project_id: app.map(|app| &app.project_id),
            app_id: app.map(|app| &app.id),
            secret_key: issued.secret.expose(),
            signing_secret: issued.signing_secret.as_ref().map(SigningSecret::expose),
            key_id: &key.id,
            label: &key.label,
            environment: &key.environment,
            mode: key.mode,
            scopes: &key.scopes,
            created_at: key.created_at,
            expires_at: key.expires_at,
            previous_expires_at: None,
        }
    }

    /// Of a rotation.
    pub fn rotated(issued: &'a key::Issued, now: Timestamp) -> Self {
        Self { previous_expires_at: Some(issued.key.rotating_until(now)), ..Self::of(issued) }
    }
}

fn statuses() -> utoipa::openapi::schema::Object {
    words(Status::ALL.map(Status::as_str))
}

fn modes() -> utoipa::openapi::schema::Object {
    words([Mode::Live, Mode::Test].map(Mode::as_str))
}
