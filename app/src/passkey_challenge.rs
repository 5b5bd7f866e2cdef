//! What a browser was asked to sign with a passkey: encrypted in its cookie, so that no other browser can answer it.

use std::time::Duration;

use sallyport::{
    id::UserId,
    passkey::{AddingChallenge, Challenge},
};
use serde::{Deserialize, Serialize};

use crate::sign_in_cookies::Kept;

/// How long a person has for it; the browser's own dialog gives up then, too.
const VALID: Duration = Duration::from_secs(5 * 60);

/// What it is signed for. An answer is of no use for anything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    /// Signing in with the passkey alone.
    SignIn,
    /// The second step of a sign-in.
    SecondStep,
    /// Confirming that it is the person of the session.
    Confirm,
}

#[derive(Serialize, Deserialize)]
pub struct AskedPasskey {
    pub purpose: Purpose,
    /// Who has to answer, if that was known.
    pub user: Option<UserId>,
    pub challenge: Challenge,
}

impl Kept for AskedPasskey {
    const COOKIE: &'static str = "passkey";
    const PURPOSE: &'static str = "passkey";
    const VALID: Duration = VALID;
}

/// The same for a passkey that is being made.
#[derive(Serialize, Deserialize)]
pub struct AskedToAdd {
    pub user: UserId,
    pub challenge: AddingChallenge,
}

impl Kept for AskedToAdd {
    const COOKIE: &'static str = "new-passkey";
    const PURPOSE: &'static str = "new passkey";
    const VALID: Duration = VALID;
}
