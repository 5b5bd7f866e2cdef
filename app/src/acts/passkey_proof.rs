//! Answers of passkeys are checked and counted, and those that prove nothing recorded.

use sallyport::{
    audit::Actor,
    limit::whole_seconds,
    passkey::{Answer, NotProved, PasskeyUse},
    throttle::{Throttles, Who},
    user::User,
};

use super::{ActError, Caller};
use crate::{
    attempts::in_words,
    error::PageError,
    passkey_challenge::{AskedPasskey, Purpose},
    sign_in_cookies::Kept,
};

/// The same for a passkey that is unknown, and for one that signed wrongly.
const WRONG: &str = "This passkey was not accepted. Try again, or sign in in another way.";
const NO_SCRIPT: &str = "Your browser sent no passkey: that needs JavaScript. Turn it on, or sign in in another way.";
pub(super) const TOO_LATE: &str = "This took too long, or began in another browser. Press the button again.";

/// Why there are no passkeys at this portal.
pub const NO_PASSKEYS: &str =
    "There are no passkeys here: browsers have them only for a portal with a host name, over https.";

/// Checks what the browser's script sent for a passkey. `person` is who it has to be; `None` if the passkey says who it is.
/// Returns the use, which the store uses up, and the passkey's person.
pub(super) async fn proved(
    caller: &Caller,
    answer: &str,
    purpose: Purpose,
    person: Option<&User>,
) -> Result<(PasskeyUse, User), ActError> {
    let context = &caller.context;
    if context.relying_party.is_none() {
        return Err(PageError::BadRequest(NO_PASSKEYS.to_owned()).into());
    }
    if answer.is_empty() {
        return Err(ActError::field("", NO_SCRIPT));
    }
    let asked = AskedPasskey::of(context, &caller.headers);
    let asked = asked.filter(|asked| asked.purpose == purpose && asked.user.as_ref() == person.map(|user| &user.id));
    let Some(asked) = asked else { return Err(ActError::field("", TOO_LATE)) };
    caller.store().needs_unanswered(asked.challenge.digest()).await?;
    let nobody = caller.client.act(Actor::Anonymous);
    // Who is signed in is counted by themselves: others at their address do not keep them from confirming.
    let (who, account) = match person.filter(|_| purpose == Purpose::Confirm) {
        Some(user) => (Who::CodeOfSignedIn, user.id.as_str()),
        None => (Who::Passkey(caller.client.ip), ""),
    };
    let attempt = match context.attempts.begin(who, account).await? {
        Ok(attempt) => attempt,
        Err(refused) => {
            if refused.tell {
                caller.store().record_refused_passkey(&nobody, person, 429).await?;
            }
            let message = format!("Too many passkeys that were not accepted. Try again in {}.", in_words(refused.wait));
            let seconds = whole_seconds(refused.wait);
            return Err(ActError::Throttled { field: String::new(), message, seconds });
        }
    };
    let checked = check(caller, answer, asked, person).await;
    if !matches!(checked, Err(ActError::Invalid(_))) {
        context.attempts.take_back(attempt).await;
    }
    checked
}

async fn check(
    caller: &Caller,
    answer: &str,
    asked: AskedPasskey,
    person: Option<&User>,
) -> Result<(PasskeyUse, User), ActError> {
    let store = caller.store();
    let nobody = caller.client.act(Actor::Anonymous);
    let answer = Answer::parse(answer);
    let found = match &answer {
        Some(answer) => store.passkey_by_credential(answer.credential_id()).await?,
        None => None,
    };
    let found = found.filter(|(_, owner)| person.is_none_or(|person| person.id == owner.id));
    let (Some(answer), Some((passkey, owner)), Some(portal)) = (answer, found, &caller.context.relying_party) else {
        store.record_refused_passkey(&nobody, person, 401).await?;
        return Err(ActError::field("", WRONG));
    };
    match portal.proved(asked.challenge, &answer, &passkey, person.is_some()) {
        Ok(used) => Ok((used, owner)),
        Err(NotProved::Wrong(why)) => {
            tracing::info!(user = %owner.id, passkey = %passkey.id, ?why, "a passkey was not accepted");
            store.record_refused_passkey(&nobody, Some(&owner), 401).await?;
            Err(ActError::field("", WRONG))
        }
        Err(NotProved::Copied) => {
            store.record_copied_passkey(&nobody, &owner, &passkey).await?;
            Err(ActError::field("", WRONG))
        }
    }
}
