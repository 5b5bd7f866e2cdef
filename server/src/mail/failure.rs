//! Why a mail was not sent, and what to do about it.

use std::{error::Error as _, fmt, io};

use lettre::transport::smtp::Error;

/// The longest answer of a server that is repeated, in characters.
const LONGEST: usize = 300;

/// What was being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Connect,
    Encrypt,
    SignIn,
    Send,
}

/// A mail that the server did not take.
#[derive(Clone, Debug)]
pub struct MailFailure {
    step: Step,
    server: String,
    why: String,
    is_permanent: bool,
}

impl MailFailure {
    pub(super) fn of(step: Step, server: String, error: &Error) -> Self {
        let step = if step == Step::Connect && is_encryption(error) { Step::Encrypt } else { step };
        // Other refusals concern every mail, and end when the settings or the server are repaired.
        let is_permanent = step == Step::Send && (error.is_permanent() || error.is_client());
        Self { step, server, why: answer(error), is_permanent }
    }

    pub(super) fn timed_out(step: Step, server: String, seconds: u64) -> Self {
        Self { step, server, why: format!("nothing was answered within {seconds} s"), is_permanent: false }
    }

    /// What was being done.
    pub fn step(&self) -> Step {
        self.step
    }

    /// Whether the server refused this mail for good (5xx): another attempt would fail too.
    pub fn is_permanent(&self) -> bool {
        self.is_permanent
    }

    /// A suggestion.
    pub fn fix(&self) -> &'static str {
        match self.step {
            Step::Connect => "Check `server` and `port` in [mail], and that no firewall is in between.",
            Step::Encrypt if self.why.contains("certificate") => {
                "Check that `server` in [mail] is the name in the server's certificate. If your own authority issued it, \
                 name that authority's certificate as `ca_file`."
            }
            Step::Encrypt => "Check `tls` in [mail]: \"starttls\" is usual on port 587, \"tls\" on port 465.",
            Step::SignIn => "Check `user` in [mail], and the password in SALLYPORT_MAIL_PASSWORD or `password_file`.",
            Step::Send if self.is_permanent => {
                "Check the address, and that the server lets this user send as `from` in [mail]."
            }
            Step::Send => "The server may accept it later; its answer says more.",
        }
    }
}

impl fmt::Display for MailFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { server, why, .. } = self;
        match self.step {
            Step::Connect => write!(f, "The mail server {server} can't be reached: {why}."),
            Step::Encrypt => write!(f, "The connection to the mail server {server} can't be encrypted: {why}."),
            Step::SignIn => write!(f, "The mail server {server} refused the sign-in: {why}."),
            Step::Send => write!(f, "The mail server {server} did not take the mail: {why}."),
        }
    }
}

/// rustls reports a certificate that it does not trust, and a server that does not encrypt, as invalid data.
fn is_encryption(error: &Error) -> bool {
    let mut source = error.source();
    while let Some(cause) = source {
        if cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::InvalidData) {
            return true;
        }
        source = cause.source();
    }
    error.is_tls()
}

/// The server's answer with its code, or the first cause.
fn answer(error: &Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    let words = cause.to_string();
    let words = error.status().map_or(words.clone(), |code| format!("{code} {words}"));
    one_line(&words)
}

/// An answer of the server as one short line, since it is stored, logged and shown.
pub(super) fn one_line(answer: &str) -> String {
    let plain = |letter: char| if letter.is_control() { ' ' } else { letter };
    let line: String = answer.chars().map(plain).take(LONGEST).collect();
    line.trim().trim_end_matches('.').to_owned()
}
