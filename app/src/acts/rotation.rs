//! Acts that rotate a key. The one that returns its new secrets is run by a page alone.

use std::time::Duration;

use leptos::{
    prelude::*,
    server_fn::serde::{Deserialize, Serialize},
};
use sallyport::{
    id::KeyId,
    key::{Ends, Issued, NewRotation, rotation::too_long},
    profile::RotationRules,
};

use super::{
    ActError, Caller, InPage,
    keys::{not_ours, to_change},
};
use crate::access::KeyAccess;

const HOUR: Duration = Duration::from_secs(60 * 60);

/// How long the old key is accepted: the form's value, in seconds, and in words.
pub const GRACES: [(&str, u64, &str); 4] =
    [("none", 0, "None"), ("hour", 3_600, "1 hour"), ("day", 86_400, "24 hours"), ("week", 604_800, "7 days")];

/// The form's value for as many hours as are typed.
pub const CUSTOM: &str = "custom";

/// The form of the dialog *Rotate key*, as typed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(crate = "leptos::server_fn::serde", default)]
pub struct RotationForm {
    /// How many secrets the key had had when the form was opened: a form that is sent twice rotates once.
    pub seen: String,
    pub grace: String,
    /// Hours, if `grace` is `custom`.
    pub hours: String,
    pub signing_secret: bool,
    /// Which secret ends, if two are accepted: `previous` or `current`.
    pub end: String,
}

impl RotationForm {
    fn check(&self, has_signing_secret: bool, rules: &RotationRules) -> Result<NewRotation, ActError> {
        let ends = match self.end.as_str() {
            "" => None,
            word => Some(Ends::parse(word).ok_or_else(not_ours)?),
        };
        Ok(NewRotation {
            grace: grace(&self.grace, &self.hours, rules)?,
            // A key without a signing secret gets one on its own page.
            signing_secret: Some(has_signing_secret && self.signing_secret),
            ends,
            seen: Some(self.seen.parse().map_err(|_| not_ours())?),
        })
    }
}

fn grace(choice: &str, hours: &str, rules: &RotationRules) -> Result<Duration, ActError> {
    let refused = |field, message: String| ActError::field(field, message);
    let (field, grace) = if choice == CUSTOM {
        let hours = hours.trim().parse::<u32>().map_err(|_| refused("hours", "Write whole hours.".to_owned()))?;
        ("hours", HOUR * hours)
    } else {
        let chosen = GRACES.into_iter().find(|(value, ..)| *value == choice);
        let (_, seconds, _) = chosen.ok_or_else(|| refused("grace", "Choose a time from the list.".to_owned()))?;
        ("grace", Duration::from_secs(seconds))
    };
    if grace > rules.longest_grace { Err(refused(field, too_long(rules))) } else { Ok(grace) }
}

/// Gives a key another secret. Returns its secrets.
#[server(prefix = "/act", endpoint = "keys/rotate")]
pub async fn rotate_key(key: KeyId, new: RotationForm) -> Result<InPage<Issued>, ActError> {
    let caller = Caller::current();
    let access = to_change(&caller, &key).await?;
    let new = new.check(access.key.has_signing_secret, &caller.store().profile().rotation)?;
    Ok(InPage(caller.store().rotate_key(&access.act(), &access.key, new).await?))
}

/// Ends the old secret of a key that is being rotated.
#[server(prefix = "/act", endpoint = "keys/end-previous")]
pub async fn end_previous_secret(key: KeyId) -> Result<(), ActError> {
    let caller = Caller::current();
    let access = to_change(&caller, &key).await?;
    Ok(caller.store().end_previous_secret(&access.act(), &access.key).await?)
}

/// Extends the grace period of the old secret by the profile's, as far as there is room.
#[server(prefix = "/act", endpoint = "keys/extend-previous")]
pub async fn extend_previous_secret(key: KeyId) -> Result<(), ActError> {
    let caller = Caller::current();
    let access = to_change(&caller, &key).await?;
    let (store, now) = (caller.store(), caller.store().now());
    let rules = store.profile().rotation;
    let room = access.key.previous_until.map_or(HOUR, |until| (now + rules.longest_grace).since(until));
    let by = rules.grace.max(HOUR).min(room);
    store.extend_previous_secret(&access.act(), &access.key, by).await?;
    Ok(())
}

/// Whether a request with the newest secret of the key was accepted, for a page that waits for the first.
#[server(prefix = "/act", endpoint = "keys/new-secret-used")]
pub async fn is_new_secret_used(key: KeyId) -> Result<bool, ActError> {
    let caller = Caller::current();
    let access: KeyAccess = caller.access(&key).await?;
    let Some(current) = caller.store().live_secrets(&access.key.id).await?.current else { return Ok(false) };
    let uses = caller.store().secret_uses(&access.key.id, current.n, current.created_at - HOUR).await?;
    Ok(uses.iter().any(|(of, _)| of.accepted))
}
