//! What pages need of single sign-on. The server speaks OpenID Connect; here is what it is asked, and what it answers.

use async_trait::async_trait;
use sallyport::{Timestamp, identity::Identity, single_sign_on::Issuer};
use serde::{Deserialize, Serialize};

/// Signs people in with issuers.
#[async_trait]
pub trait SingleSignOn: Send + Sync {
    /// In the order of the buttons.
    fn issuers(&self) -> &[Issuer];

    /// The address at the issuer to which a browser goes.
    async fn authorize(&self, issuer: &Issuer, redirect: &str, flow: &Flow) -> Result<String, NotVouched>;

    /// Whom the issuer vouches for, by its answer in the browser's address. The state was compared already.
    async fn vouch(&self, issuer: &Issuer, redirect: &str, flow: &Flow, answer: Answer) -> Result<Vouched, NotVouched>;

    /// The address at which the session at the issuer ends, if it offers that and can be reached.
    async fn end_session(&self, issuer: &Issuer, back: &str) -> Option<String>;
}

/// What an issuer's answer says in the query of the address.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Answer {
    pub code: Option<String>,
    pub state: Option<String>,
    /// Who answers (RFC 9207).
    pub iss: Option<String>,
    pub error: Option<String>,
}

/// A person whom an issuer vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vouched {
    pub identity: Identity,
    /// In lower case. Only one that the issuer calls verified.
    pub email: Option<String>,
    pub name: Option<String>,
    /// `None` if the issuer did not say all of them: then no role is given or taken.
    pub groups: Option<Vec<String>>,
    /// When the issuer asked them last, if it says so.
    pub asked_at: Option<Timestamp>,
}

/// Why there is nobody to sign in. Details are in the server's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotVouched {
    /// The issuer can't be reached, or fails.
    Away,
    /// It refuses, or the person cancelled.
    Denied,
    /// Its answer is not to be trusted; why, in words for people.
    Untrusted(&'static str),
}

/// A sign-in that has begun, in the browser's cookie.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Flow {
    pub issuer: String,
    pub state: String,
    pub nonce: String,
    /// Of PKCE (RFC 7636): who steals the code can't use it.
    pub verifier: String,
    /// Where to go afterwards.
    pub next: String,
    /// Whether the person has to prove at the issuer that it is them, after it began.
    pub again: bool,
    /// When it began, in microseconds since 1970.
    pub began_at: i64,
    /// The device cookie, which a browser does not send when it comes from another site.
    pub device: Option<String>,
}
