//! Acts that return a secret of a key: only pages run these, and show the secret in that one response.

use std::time::Duration;

use leptos::{
    prelude::*,
    server_fn::serde::{Deserialize, Serialize},
};
use sallyport::{
    Invalid,
    app::App,
    approval::Asked,
    id::{KeyId, OrgId},
    key::{ExpiryInput, Holder, Issued, NewKey, SigningSecret, new::KeyInput},
    member::Permission,
    profile::{HolderKind, Profile},
};

use super::{ActError, Caller, InPage, keys::to_change};
use crate::{
    access::{KeyAccess, OrgAccess},
    error::PageError,
    form::FormState,
    form_token, sealed_file,
};

/// The form of the panel *Generate API Key*, as typed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(crate = "leptos::server_fn::serde", default)]
pub struct NewKeyForm {
    /// Issued to this person with the panel: a form that is sent twice creates one key.
    pub form_token: String,
    /// If keys belong to apps.
    pub app_id: String,
    pub label: String,
    pub environment: String,
    pub scopes: Vec<String>,
    pub expires: String,
    /// A date, if `expires` is `custom`.
    pub expires_on: String,
    pub signing_secret: bool,
    /// Blocks of addresses, in a panel that offers them.
    pub addresses: String,
    /// `monitor` or `enforce`.
    pub address_mode: String,
}

impl From<&FormState> for NewKeyForm {
    fn from(form: &FormState) -> Self {
        Self {
            form_token: form.value("form_token"),
            app_id: form.value("app_id"),
            label: form.value("label"),
            environment: form.value("environment"),
            scopes: form.values_of("scopes").map(str::to_owned).collect(),
            expires: form.value("expires"),
            expires_on: form.value("expires_on"),
            signing_secret: form.has("signing_secret", "on"),
            addresses: form.value("addresses"),
            address_mode: form.value("address_mode"),
        }
    }
}

/// Creates a key in an organization and returns its secrets, or asks for it where it needs an approval.
#[server(prefix = "/act", endpoint = "keys/generate")]
pub async fn generate_key(org: OrgId, new: NewKeyForm) -> Result<InPage<Asked<Issued>>, ActError> {
    let caller = Caller::current();
    let access: OrgAccess = caller.access(&org).await?;
    needs_to_generate(&access, caller.store().profile())?;
    let (store, profile) = (caller.store(), caller.store().profile());
    let token = form_token::check(store.vault(), &access.me.user.id, store.now(), &new.form_token)?;
    let apps = store.apps_of_org(&org, &access.sight(Permission::ManageKeys)).await?;
    let holder = holder(profile.keys.owner, &access, &apps, &new.app_id);
    let input = KeyInput {
        label: &new.label,
        environment: &new.environment,
        scopes: new.scopes.iter().map(String::as_str).collect(),
        expires: ExpiryInput::Form { choice: &new.expires, date: &new.expires_on },
        signing_secret: new.signing_secret,
        addresses: &new.addresses,
        addresses_enforced: new.address_mode == "enforce",
        ..KeyInput::default()
    };
    let (new, holder) = match (NewKey::check(&input, profile, store.now()), holder) {
        (Ok(new), Some(holder)) => (new, holder),
        (Err(invalid), Some(_)) => return Err(invalid.into()),
        (new, None) => {
            let mut invalid = new.err().unwrap_or_else(Invalid::default);
            invalid.push("app_id", "Choose one of this organization’s apps.");
            return Err(invalid.into());
        }
    };
    let asked = store.issue_or_ask(&access.me.act(), holder, new, Some(token)).await;
    asked.map(InPage).map_err(|error| ActError::from(error).renamed("expires_at", "expires"))
}

/// Fails if the person may generate no key in the organization: a key of an app needs a role at the app, any other one
/// at the organization.
pub fn needs_to_generate(access: &OrgAccess, profile: &Profile) -> Result<(), PageError> {
    match profile.keys.owner {
        HolderKind::App => access.needs_somewhere(Permission::ManageKeys),
        HolderKind::Member | HolderKind::Organization => access.needs(Permission::ManageKeys),
    }
}

/// The holder of the key: the profile determines its kind, and the form at most which app.
fn holder(kind: HolderKind, access: &OrgAccess, apps: &[App], app: &str) -> Option<Holder> {
    match kind {
        HolderKind::App => apps.iter().find(|one| one.id.as_str() == app).map(Holder::from),
        HolderKind::Member => Some(Holder::Member(access.org.clone(), access.me.user.clone())),
        HolderKind::Organization => Some(Holder::Organization(access.org.clone())),
    }
}

/// How long the previous signing secret is still accepted: the form's value, in seconds and in words.
pub const GRACES: [(&str, u64, &str); 4] = [
    ("none", 0, "Ends at once"),
    ("hour", 3_600, "Accepted for another hour"),
    ("day", 86_400, "Accepted for another day"),
    ("week", 604_800, "Accepted for another week"),
];

/// A key before the rotation, and its new signing secret.
pub struct Rotated {
    pub access: KeyAccess,
    pub secret: SigningSecret,
}

/// Adds a signing secret to a key and returns it. `version` is the number of the one that the person saw.
#[server(prefix = "/act", endpoint = "keys/signing-secret")]
pub async fn rotate_signing_secret(key: KeyId, version: String, grace: String) -> Result<InPage<Rotated>, ActError> {
    let caller = Caller::current();
    let access = to_change(&caller, &key).await?;
    // The first signing secret of a key replaces none.
    let grace = if access.key.has_signing_secret { seconds(&grace)? } else { Duration::ZERO };
    let not_ours = || ActError::field("", "This form is not valid any more. Check it, then send it again.");
    let seen = version.parse().map_err(|_| not_ours())?;
    let secret = caller.store().rotate_signing_secret(&access.act(), &access.key, seen, grace).await?;
    Ok(InPage(Rotated { access, secret }))
}

fn seconds(grace: &str) -> Result<Duration, ActError> {
    let chosen = GRACES.into_iter().find(|(value, ..)| *value == grace);
    let (_, seconds, _) = chosen.ok_or_else(|| ActError::field("grace", "Choose a time from the list."))?;
    Ok(Duration::from_secs(seconds))
}

const NO_FILE: &str =
    "This file belongs to another key or account, its dialog was open for more than an hour, or the key was revoked.";

/// Decrypts the file in the one-time dialog. Returns its name and its text.
#[server(prefix = "/act", endpoint = "keys/credentials")]
pub async fn open_credentials(key: KeyId, sealed: String) -> Result<InPage<(String, String)>, ActError> {
    let (_, file) = credentials_of(&Caller::current(), &key, &sealed).await?;
    Ok(InPage(file))
}

/// The file in the one-time dialog of a key that the person may change.
pub(super) async fn credentials_of(
    caller: &Caller,
    key: &KeyId,
    sealed: &str,
) -> Result<(KeyAccess, (String, String)), ActError> {
    let access = to_change(caller, key).await?;
    let open = || sealed_file::open(caller.store(), &access.key.id, &access.within.org().me.user.id, sealed);
    let file = if access.key.revoked.is_some() { None } else { open() };
    let file = file.ok_or_else(|| PageError::BadRequest(NO_FILE.to_owned()))?;
    Ok((access, file))
}
