//! The content of mails: subject, plain text and HTML, without pictures and without anything that another server is asked
//! for.
//!
//! A new kind of mail is a variant of `sallyport::mail::Mail`, the reading of what it is about in
//! `sallyport::store::Store::letter`, and a function in `letters.rs`.

mod approvals;
mod html;
mod keys;
mod letters;
mod second_factors;
#[cfg(test)]
mod tests;
mod text;

use sallyport::{mail::Letter, vault::Vault};

/// The portal that sends mail.
pub struct Sender<'a> {
    /// The brand name from the profile.
    pub brand: &'a str,
    /// Its external address.
    pub url: &'a str,
    /// Makes the tokens of links.
    pub vault: &'a Vault,
}

/// A mail, without its addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// The mail about something that happened.
pub fn compose(letter: &Letter, sender: &Sender) -> Mail {
    letters::of(letter, sender).render(sender.brand, sender.url)
}

/// The mail of `sallyport mail test`.
pub fn test_mail(brand: &str, url: &str) -> Mail {
    letters::test(brand).render(brand, url)
}

/// What somebody typed, so that it is not taken for words of the portal.
fn quoted(typed: &str) -> String {
    format!("“{typed}”")
}

/// What a mail says, once for both forms.
struct Content {
    subject: String,
    parts: Vec<Part>,
}

enum Part {
    Text(String),
    Facts(Vec<(&'static str, String)>),
    Button { label: &'static str, url: String },
}

impl Content {
    fn new(subject: impl Into<String>) -> Self {
        Self { subject: subject.into(), parts: Vec::new() }
    }

    fn text(mut self, text: impl Into<String>) -> Self {
        self.parts.push(Part::Text(text.into()));
        self
    }

    fn facts(mut self, facts: Vec<(&'static str, String)>) -> Self {
        self.parts.push(Part::Facts(facts));
        self
    }

    fn button(mut self, label: &'static str, url: String) -> Self {
        self.parts.push(Part::Button { label, url });
        self
    }

    fn render(self, brand: &str, url: &str) -> Mail {
        let (text, html) = (text::render(&self, brand, url), html::render(&self, brand, url));
        Mail { subject: self.subject, text, html }
    }
}
