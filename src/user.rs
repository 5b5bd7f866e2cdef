//! User accounts.

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::{Invalid, Timestamp, guessable, id::UserId, text};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub id: UserId,
    pub name: String,
    pub email: String,
    /// Operates this deployment, beyond any one organization.
    pub operator: bool,
    /// Another person set the password: it has to be changed first.
    pub must_change_password: bool,
    /// Nobody has shown that the e-mail address is theirs: the account was made with an invitation's link that was handed
    /// over without mail. It can't be matched by its address.
    pub unverified: bool,
    pub created_at: Timestamp,
}

/// An account as operators see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub user: User,
    /// When the account was disabled, if it is.
    pub disabled_at: Option<Timestamp>,
}

/// A password as typed. Never shown, wiped when dropped.
#[derive(Clone, Default, Zeroize, ZeroizeOnDrop)]
pub struct Password(String);

impl Password {
    /// ASVS 5.0 6.2.1 requires at least 8 and recommends 15.
    pub const LEAST: usize = 12;
    /// Long enough for any passphrase; short enough that hashing it stays cheap.
    pub const MOST: usize = 256;

    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// Validates a new password; `whose` are the person's name and e-mail address.
    pub fn check(text: &str, whose: &[&str]) -> Result<Self, Invalid> {
        let length = text.chars().count();
        if length < Self::LEAST {
            let message = format!("Use at least {} characters; a few words in a row are easy to keep.", Self::LEAST);
            return Err(Invalid::field("password", message));
        }
        if length > Self::MOST {
            return Err(Invalid::field("password", format!("Use at most {} characters.", Self::MOST)));
        }
        if text.chars().any(char::is_control) {
            return Err(Invalid::field(
                "password",
                "It contains a control character, which can't be typed again; leave it out.",
            ));
        }
        if let Some(reason) = guessable::reason(text, whose) {
            return Err(Invalid::field("password", reason));
        }
        Ok(Self(text.to_owned()))
    }

    /// A password as typed at a sign-in. One that is longer than any valid password never matches: hashing a megabyte
    /// would help an attacker who floods the server.
    pub fn typed(text: String) -> Self {
        Self(if text.chars().count() > Self::MOST { String::new() } else { text })
    }

    pub fn expose(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(…)")
    }
}

/// A validated account to be created.
#[derive(Clone, Debug, Default)]
pub struct NewUser {
    pub name: String,
    pub email: String,
    pub password: Password,
}

impl NewUser {
    pub fn check(name: &str, email: &str, password: &str) -> Result<Self, Invalid> {
        let mut invalid = Invalid::default();
        let name = invalid.take(check_name(name));
        let email = invalid.take(check_email(email));
        let password = invalid.take(Password::check(password, &[&name, &email]));
        invalid.or(Self { name, email, password })
    }
}

/// Checks a person's name.
pub fn check_name(name: &str) -> Result<String, Invalid> {
    text::line("name", name, 100, "Tell us your name.")
}

/// Lower case, one `@` between two parts, no spaces; only a mail server can check more.
pub fn check_email(text: &str) -> Result<String, Invalid> {
    let email = text::line("email", text, 254, "Enter your e-mail address.")?.to_lowercase();
    let shaped = email.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty() && !host.is_empty() && !host.contains('@') && !email.contains(char::is_whitespace)
    });
    if shaped { Ok(email) } else { Err(Invalid::field("email", "Write it like ada@example.com.")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emails_are_lower_case_and_shaped() {
        assert_eq!(check_email(" Ada@Example.com ").as_deref(), Ok("ada@example.com"));
        for bad in ["", "ada", "@example.com", "ada@", "a@b@c", "a b@example.com", "a@b\r\nBcc: x"] {
            assert!(check_email(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn passwords_are_long_and_never_shown() {
        assert!(Password::check("short", &[]).is_err());
        assert!(Password::check(&"x".repeat(257), &[]).is_err());
        let password = Password::check("correct horse battery", &[]).expect("long enough");
        assert_eq!(format!("{password:?}"), "Password(…)");
    }

    #[test]
    fn a_new_person_does_not_use_their_own_words() {
        let refused = NewUser::check("Ada Byron", "ada@example.com", "ada byron 1815").expect_err("refused");
        assert_eq!(refused.0[0].field, "password");
        assert!(NewUser::check("Eve", "eve@example.com", "ada byron 1815").is_ok());
    }
}
