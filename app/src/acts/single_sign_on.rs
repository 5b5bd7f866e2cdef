//! Signing in with an issuer (OpenID Connect), and linking accounts to it.

use axum::http::HeaderValue;
use leptos::prelude::*;
use sallyport::{
    Timestamp,
    audit::Actor,
    identity::Identity,
    single_sign_on::Issuer,
    throttle::{Throttled, Throttles, Who},
    user::{NewUser, User, check_email, check_name},
};

use super::{
    ActError, Caller, InPage,
    sessions::{Started, begin_or_ask},
};
use crate::{
    attempts::wait_message,
    error::PageError,
    half_signed_in::Proved,
    known_device::of_token,
    sign_in_cookies::{Kept, PendingLink, begun},
    single_sign_on::{Answer, Flow, NotVouched, Vouched},
};

/// The way to the issuer.
#[derive(Debug)]
pub struct Onward {
    /// The issuer's name.
    pub name: String,
    /// An address at the issuer.
    pub url: String,
    /// Binds the answer to this browser.
    pub cookie: Option<HeaderValue>,
}

/// What came of the answer of an issuer.
#[derive(Debug)]
pub enum Arrived {
    /// The person is signed in, or asked for their second factor, and goes on to this page.
    SignedIn(Started, String),
    /// There is an account with the e-mail address: its owner has to sign in first. The cookie keeps the identity.
    HasAccount(Option<HeaderValue>),
}

/// The issuer with this id in addresses.
fn issuer_of<'a>(caller: &'a Caller, id: &str) -> Result<&'a Issuer, PageError> {
    caller.context.single_sign_on.issuers().iter().find(|issuer| issuer.id == id).ok_or(PageError::NotFound)
}

/// Where the issuer sends the browser back to. Each issuer has its own, so that the answer of one is not taken for
/// another's.
fn redirect(caller: &Caller, issuer: &Issuer) -> String {
    format!("{}/sign-in/with/{}", caller.context.public_url, issuer.id)
}

/// Begins a sign-in with an issuer. `again` if the person has to prove there that it is them.
#[server(prefix = "/act", endpoint = "sessions/begin-with")]
pub async fn begin_with(issuer: String, next: String, again: bool) -> Result<InPage<Onward>, ActError> {
    let caller = Caller::current();
    let issuer = issuer_of(&caller, &issuer)?;
    let flow = begun(&caller.context, &caller.headers, issuer, &next, again);
    let url = caller.context.single_sign_on.authorize(issuer, &redirect(&caller, issuer), &flow).await;
    let url = url.map_err(|why| failed(issuer, why))?;
    Ok(InPage(Onward { name: issuer.name.clone(), url, cookie: flow.keep(&caller.context) }))
}

/// Ends a sign-in with an issuer, which sent the browser back with this answer.
#[server(prefix = "/act", endpoint = "sessions/sign-in-with")]
pub async fn sign_in_with(issuer: String, answer: Answer) -> Result<InPage<Arrived>, ActError> {
    let caller = Caller::current();
    let context = &caller.context;
    let issuer = issuer_of(&caller, &issuer)?;
    let flow = Flow::of(context, &caller.headers).filter(|flow| flow.issuer == issuer.id);
    let flow = flow.filter(|flow| answer.state.as_ref() == Some(&flow.state));
    let Some(flow) = flow else {
        tracing::info!(issuer = issuer.id, "a sign-in came back to a browser in which it did not begin, or too late");
        return Err(refusal(
            "This sign-in did not begin in this browser, or it took longer than ten minutes. Begin it again.",
        ));
    };
    let attempt = match context.attempts.begin(Who::SingleSignOn(caller.client.ip), "").await? {
        Ok(attempt) => attempt,
        Err(Throttled { wait, .. }) => return Err(ActError::Refused(PageError::Busy(wait_message(wait)))),
    };
    let vouched = context.single_sign_on.vouch(issuer, &redirect(&caller, issuer), &flow, answer).await;
    let vouched = vouched.map_err(|why| failed(issuer, why))?;
    let (user, is_new) = match account(&caller, issuer, &vouched).await? {
        Account::Theirs(user) => (user, false),
        Account::New(user) => (user, true),
        Account::ToLink(email) => {
            let Identity { provider, subject } = vouched.identity;
            let pending = PendingLink { issuer: issuer.id.clone(), provider, subject, email };
            context.attempts.succeeded(attempt).await;
            return Ok(InPage(Arrived::HasAccount(pending.keep(context))));
        }
    };
    context.attempts.succeeded(attempt).await;
    let hash = caller.store().user_to_sign_in(&user.email).await?.and_then(|(_, hash)| hash);
    // Those that give a role: what is kept in a cookie stays small.
    let groups = vouched.groups.map(|groups| {
        let given = issuer.group_roles.iter().map(|rule| &rule.group).filter(|group| groups.contains(group));
        given.cloned().collect()
    });
    let asked_at = vouched.asked_at.unwrap_or(Timestamp::from_micros(0));
    let proved = Proved::Identity { identity: vouched.identity, hash, asked_at, groups };
    let device = flow.device.and_then(|token| of_token(context, &token, &user.email, &proved.device_mark()));
    let started = begin_or_ask(&caller, &user, proved, is_new || device.is_some()).await?;
    Ok(InPage(Arrived::SignedIn(started, flow.next)))
}

/// Whose account an identity is.
enum Account {
    Theirs(User),
    New(User),
    /// Of the person with this e-mail address, if they prove it.
    ToLink(String),
}

async fn account(caller: &Caller, issuer: &Issuer, vouched: &Vouched) -> Result<Account, ActError> {
    let store = caller.store();
    let nobody = caller.client.act(Actor::Anonymous);
    let refused = async |reason: &'static str, message: String| {
        store.record_refused_identity(&nobody, &issuer.url, reason).await?;
        Err::<Account, ActError>(refusal(message))
    };
    if let Some(account) = store.account_by_identity(&vouched.identity).await? {
        if account.disabled_at.is_some() {
            let message = "Your account is disabled. Ask an operator of this portal.";
            return refused("disabled", message.to_owned()).await;
        }
        return Ok(Account::Theirs(account.user));
    }
    let Some(email) = vouched.email.as_deref().and_then(|email| check_email(email).ok()) else {
        let message = format!(
            "{} does not say that your e-mail address is verified, so no account is made or linked with it. Verify \
             it there, then sign in again; with a password, you can sign in here as before.",
            issuer.name
        );
        return refused("unverified_email", message).await;
    };
    if !issuer.domains.admit(&email) {
        let message = format!("People with your e-mail address ({email}) can’t sign in here with {}.", issuer.name);
        return refused("domain", message).await;
    }
    match store.account_by_email(&email).await? {
        None => {
            let named = vouched.name.as_deref().and_then(|name| check_name(name).ok());
            let name = named.unwrap_or_else(|| email.split('@').next().unwrap_or_default().to_owned());
            let new = NewUser { name, email, ..NewUser::default() };
            Ok(Account::New(store.create_user_with_identity(&nobody, new, vouched.identity.clone()).await?))
        }
        Some(account) if account.disabled_at.is_some() => {
            refused("disabled", "Your account is disabled. Ask an operator of this portal.".to_owned()).await
        }
        // Somebody else may have made it.
        Some(account) if account.user.unverified => {
            let message = "There is an account with your e-mail address, which nobody has shown to be theirs: it can’t be \
                           linked. Accept an invitation that was sent to the address first, or ask an operator.";
            refused("unverified_account", message.to_owned()).await
        }
        Some(_) => Ok(Account::ToLink(email)),
    }
}

/// The identity that waits to be linked to the signed-in person's account.
#[derive(Debug)]
pub struct Linkable {
    pub issuer: String,
    pub email: String,
}

/// `None` if nothing waits. Fails if it is another account's.
fn pending<'a>(caller: &'a Caller, user: &User) -> Result<Option<(&'a Issuer, PendingLink)>, ActError> {
    let Some(pending) = PendingLink::of(&caller.context, &caller.headers) else { return Ok(None) };
    if pending.email != user.email {
        return Err(refusal(format!(
            "You are signed in as {}, and the sign-in to link is of {other}. Sign out, and sign in as {other} first.",
            user.email,
            other = pending.email
        )));
    }
    if user.unverified {
        return Err(refusal("Your e-mail address is not verified, so that nothing can be linked by it."));
    }
    Ok(Some((issuer_of(caller, &pending.issuer)?, pending)))
}

/// What waits to be linked.
#[server(prefix = "/act", endpoint = "account/sign-in-to-link")]
pub async fn sign_in_to_link() -> Result<InPage<Option<Linkable>>, ActError> {
    let caller = Caller::current();
    let me = caller.signed_in().await?;
    let pending = pending(&caller, &me.user)?;
    Ok(InPage(pending.map(|(issuer, pending)| Linkable { issuer: issuer.name.clone(), email: pending.email })))
}

/// Links the identity that waits to the person's account. They signed in a short time ago, as before. Its groups give roles at the
/// next sign-in: what the cookie says may be ten minutes old.
#[server(prefix = "/act", endpoint = "account/link")]
pub async fn link_sign_in() -> Result<(), ActError> {
    let caller = Caller::current();
    let me = caller.signed_in().await?;
    caller.fresh(&me).await?;
    let Some((_, pending)) = pending(&caller, &me.user)? else { return Ok(()) };
    let identity = Identity { provider: pending.provider, subject: pending.subject };
    let linked = caller.store().link_identity(&me.act(), &me.user, identity).await;
    linked.map_err(|error| ActError::from(error).renamed("subject", ""))
}

/// Unlinks an identity from the person's account, which ends all their sessions. Without a password the last one stays.
#[server(prefix = "/act", endpoint = "account/unlink")]
pub async fn unlink_sign_in(provider: String, subject: String) -> Result<(), ActError> {
    let caller = Caller::current();
    let me = caller.signed_in().await?;
    caller.fresh(&me).await?;
    let store = caller.store();
    let has_password = store.has_password(&me.user.id).await?;
    if !has_password && store.identities_of(&me.user.id).await?.len() < 2 {
        return Err(refusal(
            "This is the only way in which you sign in. Ask an operator of this portal for a password first.",
        ));
    }
    if !store.unlink_identity(&me.act(), &me.user, Identity { provider, subject }).await? {
        return Err(PageError::NotFound.into());
    }
    caller.session.forget().await;
    Ok(())
}

fn refusal(message: impl Into<String>) -> ActError {
    ActError::Denied(PageError::Forbidden(message.into()))
}

fn failed(issuer: &Issuer, why: NotVouched) -> ActError {
    let name = &issuer.name;
    match why {
        NotVouched::Away => ActError::Refused(PageError::Busy(format!(
            "{name} can’t be reached at present. Try again in a minute; with a password, you can sign in here as before."
        ))),
        NotVouched::Denied => refusal(format!(
            "{name} did not let you sign in, or you cancelled it there. Begin again, or ask who operates it."
        )),
        NotVouched::Untrusted(why) => refusal(format!("The answer of {name} can’t be trusted: {why} Begin again.")),
    }
}
