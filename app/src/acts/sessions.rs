//! Starting and ending sessions.

use axum::http::HeaderValue;
use leptos::prelude::*;
use sallyport::{
    audit::{Actor, Credential},
    identity::Proof,
    limit::whole_seconds,
    passwords::Match,
    second_factor::{SecondProof, TypedCode},
    session::SessionToken,
    throttle::{Throttled, Throttles, Who},
    user::{Password, User, check_email},
};

use super::{ActError, Caller, InPage, code_attempts::counted, group_roles::sync, passkey_proof::proved};
use crate::{
    attempts::wait_message,
    error::PageError,
    half_signed_in::{HalfSignedIn, Proved},
    known_device::{known_device, who},
    passkey_challenge::Purpose,
};

/// What came of a sign-in.
#[derive(Debug)]
pub enum Step {
    /// A session was started.
    Session(NewSession),
    /// The second factor is missing; this cookie holds what was proved so far.
    SecondFactor(Option<HeaderValue>),
}

/// A session was started.
#[derive(Debug)]
pub struct NewSession {
    /// The cookie that identifies this browser from now on.
    pub device: Option<HeaderValue>,
    /// Whether the browser was known for this person before, or they have just chosen their password in it.
    pub was_known: bool,
}

pub type Started = InPage<Step>;

/// Signs in; a person with a second factor is asked for it next.
#[server(prefix = "/act", endpoint = "sessions/sign-in")]
pub async fn sign_in(email: String, password: String) -> Result<Started, ActError> {
    let caller = Caller::current();
    let (context, store) = (&caller.context, caller.store());
    // An invalid address matches no account, and takes as long.
    let email = check_email(&email).unwrap_or_default();
    let password = Password::typed(password);
    let nobody = caller.client.act(Actor::Anonymous);
    let known = store.user_to_sign_in(&email).await?;
    let hash = known.as_ref().and_then(|(_, hash)| hash.as_deref());
    let who = who(context, &caller.headers, caller.client.ip, &email, hash);
    let attempt = match context.attempts.begin(who, &email).await? {
        Ok(attempt) => attempt,
        Err(refused) => {
            if refused.tell {
                store.record_refused_sign_in(&nobody, known.as_ref().map(|(user, _)| user), 429).await?;
            }
            return Err(throttled("", &refused));
        }
    };
    let matched = async {
        // Called even for an unknown account, so that the time reveals nothing.
        let matched = context.passwords.matches(who.lane(), &password, hash).await?;
        if matched == Match::No {
            store.record_refused_sign_in(&nobody, known.as_ref().map(|(user, _)| user), 401).await?;
        }
        Ok::<_, sallyport::Error>(matched)
    };
    let matched = match matched.await {
        Ok(matched) => matched,
        Err(error) => {
            context.attempts.take_back(attempt).await;
            return Err(error.into());
        }
    };
    let Some((user, Some(hash))) = known.filter(|_| matched != Match::No) else {
        let message = "No account has this e-mail address and password. Check both and try again.";
        return Err(ActError::field("", message));
    };
    context.attempts.succeeded(attempt).await;
    let hash = if matched == Match::Weak { renewed(&caller, &user, &password, hash).await } else { hash };
    let was_known = matches!(who, Who::Device(_));
    begin_or_ask(&caller, &user, Proved::Password(hash), was_known).await
}

/// There were too many wrong passwords; the message is shown with that field.
pub(super) fn throttled(field: &str, refused: &Throttled) -> ActError {
    let (message, seconds) = (wait_message(refused.wait), whole_seconds(refused.wait));
    ActError::Throttled { field: field.to_owned(), message, seconds }
}

/// Replaces the password's hash if the parameters were raised since it was made. If that fails, the sign-in
/// continues.
async fn renewed(caller: &Caller, user: &User, password: &Password, hash: String) -> String {
    let act = caller.client.act(signing(user));
    let renewed = async {
        let new = caller.context.passwords.hash(password).await?;
        let done = caller.store().renew_hash(&act, user, hash.clone(), new.clone()).await?;
        Ok::<_, sallyport::Error>(done.then_some(new))
    };
    match renewed.await {
        Ok(new) => new.unwrap_or(hash),
        Err(error) => {
            tracing::warn!(%error, "a password's hash could not be renewed");
            hash
        }
    }
}

/// Signs in with a passkey alone: it says who it is, and is both factors.
#[server(prefix = "/act", endpoint = "sessions/sign-in-with-passkey")]
pub async fn sign_in_with_passkey(#[server(default)] credential: String) -> Result<Started, ActError> {
    let caller = Caller::current();
    let (used, user) = proved(&caller, &credential, Purpose::SignIn, None).await?;
    let hash = caller.store().user_to_sign_in(&user.email).await?.and_then(|(_, hash)| hash);
    let mark = hash.unwrap_or_else(|| format!("passkeys of {}", user.id));
    let who = who(&caller.context, &caller.headers, caller.client.ip, &user.email, Some(&mark));
    let was_known = matches!(who, Who::Device(_));
    let (store, act, proof) = (caller.store(), caller.client.act(signing(&user)), Proof::Passkey(used));
    let token = match was_known {
        true => store.start_session(&act, &user, proof).await?,
        false => store.start_session_on_new_device(&act, &user, proof).await?,
    };
    begun(&caller, &user, &token, &mark, was_known).await
}

/// The second step of a sign-in: a code of the authenticator app, a recovery code, or what a passkey signed.
#[server(prefix = "/act", endpoint = "sessions/second-factor")]
pub async fn sign_in_with_code(
    #[server(default)] code: String,
    credential: Option<String>,
) -> Result<Started, ActError> {
    let caller = Caller::current();
    let (context, headers) = (&caller.context, &caller.headers);
    let half = HalfSignedIn::of(context, headers).await?;
    let (half, user, first) = half.ok_or(PageError::SignIn { next: None })?;
    if let Some(credential) = credential {
        let (used, _) = proved(&caller, &credential, Purpose::SecondStep, Some(&user)).await?;
        return begin(&caller, &user, &first, Some(SecondProof::Passkey(used)), half.was_known).await;
    }
    let code = TypedCode::parse(&code)?;
    let address = caller.client.ip;
    let known = who(context, headers, address, &user.email, Some(&first.device_mark()));
    let counted_as = match (&code, known) {
        (TypedCode::Recovery(_), _) => Who::RecoveryCode(address),
        (_, Who::Device(device)) => Who::CodeOfDevice(device),
        _ => Who::Code(address),
    };
    let nobody = caller.client.act(Actor::Anonymous);
    let started = begin(&caller, &user, &first, Some(SecondProof::Code(code)), half.was_known);
    counted(&caller, &user, &nobody, counted_as, started).await
}

/// Starts a session for a person who has just chosen the password with that hash, and ends this browser's previous one. A person
/// with a second factor is asked for it first.
pub(super) async fn start(caller: &Caller, user: &User, hash: String) -> Result<Started, ActError> {
    begin_or_ask(caller, user, Proved::Password(hash), true).await
}

/// The same for a person whose session, which has ended, was started with their second factor.
pub(super) async fn start_again(caller: &Caller, user: &User, hash: String) -> Result<Started, ActError> {
    begin(caller, user, &Proved::Password(hash), Some(SecondProof::Session), true).await
}

/// Starts the session, or asks for the second factor of who has one.
pub(super) async fn begin_or_ask(
    caller: &Caller,
    user: &User,
    proved: Proved,
    was_known: bool,
) -> Result<Started, ActError> {
    if caller.store().second_factors(&user.id).await?.are_on() {
        return Ok(InPage(Step::SecondFactor(HalfSignedIn::keep(&caller.context, user, &proved, was_known))));
    }
    begin(caller, user, &proved, None, was_known).await
}

/// Starts the session; the person is told by mail if the browser was not known.
async fn begin(
    caller: &Caller,
    user: &User,
    proved: &Proved,
    second: Option<SecondProof>,
    was_known: bool,
) -> Result<Started, ActError> {
    let (store, act, proof) = (caller.store(), caller.client.act(signing(user)), proved.proof());
    let token = match (second, was_known) {
        (second, _) if let Proved::Identity { asked_at, .. } = proved => {
            store.start_session_by_issuer(&act, user, proof, *asked_at, second, !was_known).await?
        }
        (Some(second), _) => store.start_session_with(&act, user, proof, second, !was_known).await?,
        (None, true) => store.start_session(&act, user, proof).await?,
        (None, false) => store.start_session_on_new_device(&act, user, proof).await?,
    };
    let started = begun(caller, user, &token, &proved.device_mark(), was_known).await?;
    if let Proved::Identity { identity, groups: Some(groups), .. } = proved {
        sync(caller, &act, user, &identity.provider, groups).await;
    }
    Ok(started)
}

/// The browser has this session from now on, in place of its previous one. `mark` is what the device cookie is bound to.
async fn begun(
    caller: &Caller,
    user: &User,
    token: &SessionToken,
    mark: &str,
    was_known: bool,
) -> Result<Started, ActError> {
    let device = known_device(&caller.context, &user.email, mark);
    end_former(caller).await?;
    caller.session.replace(&user.id, token).await?;
    Ok(InPage(Step::Session(NewSession { device, was_known })))
}

/// Signs out the person who was signed in with this browser, who is recorded as the actor.
async fn end_former(caller: &Caller) -> Result<(), ActError> {
    let Ok(cookie) = caller.cookie() else { return Ok(()) };
    let Some(former) = cookie.person(caller.store()).await? else { return Ok(()) };
    Ok(caller.store().delete_session(&caller.client.act(signing(&former.user)), former.session).await?)
}

/// An actor who is signing in or out, without a session.
pub(super) fn signing(user: &User) -> Actor {
    Actor::User { id: user.id.clone(), name: user.name.clone(), credential: Credential::None }
}

/// Ends the session at once, also for slow requests in progress. Returns the address at which the one at the issuer ends, by
/// which the person signed in, if there is one.
#[server(prefix = "/act", endpoint = "sessions/sign-out")]
pub async fn sign_out() -> Result<InPage<Option<String>>, ActError> {
    let caller = Caller::current();
    let me = caller.just_signed_in().await?;
    let provider = caller.store().provider_of_session(me.session).await?;
    caller.store().delete_session(&me.act(), me.session).await?;
    caller.session.forget().await;
    let single_sign_on = &caller.context.single_sign_on;
    let issuer = provider.and_then(|url| single_sign_on.issuers().iter().find(|issuer| issuer.url == url));
    let Some(issuer) = issuer else { return Ok(InPage(None)) };
    let back = format!("{}/sign-in", caller.context.public_url);
    Ok(InPage(single_sign_on.end_session(issuer, &back).await))
}
