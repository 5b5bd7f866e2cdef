//! What the form of the panel *Generate API Key* does.

use sallyport::{
    Error, Invalid,
    app::App,
    id::KeyId,
    key::{Holder, Issued, Key, NewKey, new::KeyInput},
    profile::{HowMany, Owner, Profile},
};

use crate::{access::OrgAccess, context::Context, error::PageError, form::FormState, form_token, ui::refuse};

/// What came of the form.
pub enum Generated {
    Issued(Box<Issued>),
    /// The same form was sent before.
    Already(KeyId),
    /// A bundle's button was pressed: its scopes are ticked, and nothing was generated.
    Ticked(FormState),
    Refused(FormState),
}

/// Issues the key that the form asks for.
pub async fn generate(
    context: &Context,
    access: &OrgAccess,
    apps: &[App],
    form: FormState,
) -> Result<Generated, PageError> {
    let store = &context.store;
    if let Some(scopes) = bundle(store.profile(), &form.value("bundle")) {
        return Ok(Generated::Ticked(form.with_values("scopes", scopes)));
    }
    let issued = async {
        let token = form_token::check(store.vault(), &access.me.user.id, store.now(), &form.value("form_token"))?;
        let label = form.value("label");
        let (environment, expires) = (form.value("environment"), form.value("expires"));
        let input = KeyInput {
            label: &label,
            environment: &environment,
            scopes: form.values_of("scopes").collect(),
            expires: &expires,
            signing_secret: form.has("signing_secret", "on"),
        };
        let new = NewKey::check(&input, store.profile(), store.now());
        match (new, holder(store.profile().keys.owner, access, apps, &form)) {
            (Ok(new), Some(holder)) => store.issue_key(&access.me.act(), holder, new, Some(token)).await,
            (Err(invalid), Some(_)) => Err(invalid.into()),
            (new, None) => {
                let mut invalid = new.err().unwrap_or_else(Invalid::default);
                invalid.push("app_id", "Choose one of this organization’s apps.");
                Err(invalid.into())
            }
        }
    };
    match issued.await {
        Ok(issued) => Ok(Generated::Issued(Box::new(issued))),
        Err(Error::AlreadyIssued(key)) => Ok(Generated::Already(key)),
        Err(error) => Ok(Generated::Refused(refuse(form, error)?)),
    }
}

/// The scopes of a bundle of that name.
fn bundle<'a>(profile: &'a Profile, name: &str) -> Option<&'a [String]> {
    profile.bundles.iter().find(|bundle| bundle.name == name).map(|bundle| bundle.scopes.as_slice())
}

/// Whom the key is to speak for: the profile says what kind that is, and the form at most which app.
fn holder(owner: Owner, access: &OrgAccess, apps: &[App], form: &FormState) -> Option<Holder> {
    match owner {
        Owner::App => apps.iter().find(|app| app.id.as_str() == form.value("app_id")).map(Holder::from),
        Owner::Member => Some(Holder::Member(access.org.clone(), access.me.user.clone())),
        Owner::Organization => Some(Holder::Organization(access.org.clone())),
    }
}

/// A panel nobody has touched, or one that begins with what another key has.
pub fn untouched(profile: &Profile, app: Option<&App>, like: Option<&Key>) -> FormState {
    let mut pairs = Vec::new();
    if let Some(like) = like {
        pairs.push(("label", like.label.clone()));
        pairs.push(("environment", like.environment.clone()));
        // Of several that an older key holds, none is the one.
        if profile.keys.scopes == HowMany::Many || like.scopes.len() == 1 {
            pairs.extend(like.scopes.iter().map(|scope| ("scopes", scope.clone())));
        }
    }
    if like.is_none_or(|like| like.has_signing_secret) {
        pairs.push(("signing_secret", "on".to_owned()));
    }
    let like = like.and_then(|like| like.app_id.as_ref());
    pairs.extend(like.or(app.map(|app| &app.id)).map(|app| ("app_id", app.to_string())));
    FormState::typed(pairs).with_default("expires", "never")
}

/// The address of a panel that begins with what that key has.
pub fn another(profile: &Profile, key: &Key) -> String {
    let place = match &key.app_id {
        Some(app) if profile.keys.owner == Owner::App => format!("/apps/{app}"),
        _ => format!("/orgs/{}", key.org_id),
    };
    format!("{place}/keys?panel=generate&like={}", key.id)
}

/// The key to begin with, if it is one of this organization's.
pub async fn like(context: &Context, access: &OrgAccess, id: Option<&str>) -> Result<Option<Key>, PageError> {
    let Some(id) = id.and_then(KeyId::parse) else { return Ok(None) };
    let key = context.store.key_for(&access.me.user.id, &id).await?;
    Ok(key.filter(|key| key.org_id == access.org.id))
}
