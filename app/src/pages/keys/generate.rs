//! Handles the form of the panel *Generate API Key*.

use sallyport::{
    app::App,
    approval::Asked,
    id::{ApprovalId, KeyId, OrgId},
    key::{Addresses, Issued, Key, new::MOST_LABEL},
    profile::{HolderKind, HowMany, Profile},
    suggestion::Suggestion,
};

use super::list::ListQuery;

use crate::{
    access::OrgAccess,
    acts::{
        ActError, Caller, InPage,
        secrets::{NewKeyForm, generate_key},
    },
    context::Context,
    error::PageError,
    form::FormState,
    ui::refuse,
};

/// The outcome of the form.
pub enum Generated {
    Issued(Box<Issued>),
    /// It waits for the approval of somebody else.
    Waits(ApprovalId),
    /// The same form was sent before.
    Already(KeyId),
    /// A bundle's button was pressed: its scopes are ticked, and no key was generated.
    Ticked(FormState),
    Refused(FormState),
}

/// Issues the key described by the form.
pub async fn generate(
    caller: &Caller,
    profile: &Profile,
    org: &OrgId,
    form: FormState,
) -> Result<Generated, PageError> {
    if let Some(scopes) = bundle(profile, &form.value("bundle")) {
        return Ok(Generated::Ticked(form.with_values("scopes", scopes)));
    }
    match caller.run(generate_key(org.clone(), NewKeyForm::from(&form))).await {
        Ok(InPage(Asked::Done(issued))) => Ok(Generated::Issued(Box::new(issued))),
        Ok(InPage(Asked::Waits(approval))) => Ok(Generated::Waits(approval)),
        Err(ActError::AlreadyIssued(key)) => Ok(Generated::Already(key)),
        Err(error) => Ok(Generated::Refused(refuse(form, error)?)),
    }
}

/// The scopes of a bundle of that name.
fn bundle<'a>(profile: &'a Profile, name: &str) -> Option<&'a [String]> {
    profile.bundles.iter().find(|bundle| bundle.name == name).map(|bundle| bundle.scopes.as_slice())
}

/// The initial form, as the address asks for it: optionally with the settings of another key, or with what that was used for.
pub async fn filled(
    context: &Context,
    access: &OrgAccess,
    app: Option<&App>,
    query: &ListQuery,
) -> Result<FormState, PageError> {
    let (store, profile) = (&context.store, context.store.profile());
    let like = like(context, access, query.like.as_deref()).await?;
    let policy = store.key_policy(&access.org.id).await?.policy;
    let form = match &like {
        Some(key) if query.is_narrower() => {
            let told = Suggestion::of(key, &store.key_history(key).await?, profile);
            let less = narrower(key, &told);
            let left_out = key.scopes.iter().filter(|name| !less.scopes.contains(name)).cloned().collect::<Vec<_>>();
            untouched(profile, app, Some(&less), told.addresses.as_ref().ok()).with_values("left_out", &left_out)
        }
        like => untouched(profile, app, like.as_ref(), None),
    };
    let form = if policy.addresses_in_production { form.with_default("address_mode", "enforce") } else { form };
    let days = policy.default_expiry_days;
    Ok(form.with_default("expires", days.map_or_else(|| "never".to_owned(), |days| days.to_string())))
}

/// The key with what it was used for, as far as that is known.
fn narrower(key: &Key, told: &Suggestion) -> Key {
    const MARK: &str = " (narrower)";
    let mut key = key.clone();
    key.label = key.label.chars().take(MOST_LABEL - MARK.len()).chain(MARK.chars()).collect();
    key.scopes = told.scopes.clone().unwrap_or(key.scopes);
    key.restrictions.addresses_enforced = told.addresses_enforced;
    key
}

fn untouched(profile: &Profile, app: Option<&App>, like: Option<&Key>, from: Option<&Addresses>) -> FormState {
    let mut pairs = Vec::new();
    if let Some(like) = like {
        pairs.push(("label", like.label.clone()));
        pairs.push(("environment", like.environment.clone()));
        if let Some(addresses) = from {
            pairs.push(("addresses", addresses.lines().collect::<Vec<_>>().join("\n")));
            pairs.push(("address_mode", like.restrictions.address_mode().to_owned()));
        }
        // If an older key has several, none is preselected.
        if profile.keys.scopes == HowMany::Many || like.scopes.len() == 1 {
            pairs.extend(like.scopes.iter().map(|scope| ("scopes", scope.clone())));
        }
    }
    if like.is_none_or(|like| like.has_signing_secret) {
        pairs.push(("signing_secret", "on".to_owned()));
    }
    let like = like.and_then(|like| like.app_id.as_ref());
    pairs.extend(like.or(app.map(|app| &app.id)).map(|app| ("app_id", app.to_string())));
    FormState::typed(pairs)
}

/// The address of a panel with the settings of that key.
pub fn another(profile: &Profile, key: &Key) -> String {
    let place = match &key.app_id {
        Some(app) if profile.keys.owner == HolderKind::App => format!("/apps/{app}"),
        _ => format!("/orgs/{}", key.org_id),
    };
    format!("{place}/keys?panel=generate&like={}", key.id)
}

/// The address of a panel with what that key was used for.
pub fn narrower_key(profile: &Profile, key: &Key) -> String {
    format!("{}&narrower=1", another(profile, key))
}

/// The key to copy settings from, if it belongs to this organization.
async fn like(context: &Context, access: &OrgAccess, id: Option<&str>) -> Result<Option<Key>, PageError> {
    let Some(id) = id.and_then(KeyId::parse) else { return Ok(None) };
    let key = context.store.find(&access.me.user.id, &id).await?;
    Ok(key.filter(|key| key.org_id == access.org.id))
}
