//! A mail with its headers (RFC 5322), in both forms (RFC 2046 multipart/alternative).

use lettre::{
    Address, Message,
    message::{
        Mailbox, MultiPart,
        header::{Header, HeaderName, HeaderValue},
    },
};
use sallyport::{Timestamp, id::JobId, mail::Recipient};
use sallyport_app::mail::Mail;

/// The mail of a job. Its Message-ID comes from the job's id, so that mail programs recognize one that was sent again.
/// Fails for an address that is none, and for a name or a subject with control characters, which could add headers.
pub fn message(from: &Mailbox, to: &Recipient, mail: Mail, job: &JobId, now: Timestamp) -> Result<Message, String> {
    let Mail { subject, text, html } = mail;
    if [&to.name, &subject].iter().any(|text| text.contains(char::is_control)) {
        return Err("The name or the subject contains a control character.".to_owned());
    }
    let address: Address = to.email.parse().map_err(|error| format!("The e-mail address is none: {error}."))?;
    let name = Some(to.name.trim().to_owned()).filter(|name| !name.is_empty());
    Message::builder()
        .from(from.clone())
        .to(Mailbox::new(name, address))
        .subject(subject)
        .date(now.to_chrono().into())
        .message_id(Some(format!("<{job}@{}>", from.email.domain())))
        .header(AutoSubmitted)
        .multipart(MultiPart::alternative_plain_html(text, html))
        .map_err(|error| format!("The mail can't be written: {error}."))
}

/// No automatic answers, such as notes of absence (RFC 3834).
#[derive(Clone, Debug)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sallyport::testing::SeededEntropy;

    use super::*;

    fn made(name: &str, email: &str, subject: &str) -> Result<String, String> {
        let from = "Keys <keys@example.com>".parse().expect("an address");
        let mail = Mail { subject: subject.to_owned(), text: "text".to_owned(), html: "<p>html</p>".to_owned() };
        let job = JobId::mint(&SeededEntropy::new(1));
        let made = message(
            &from,
            &Recipient { name: name.to_owned(), email: email.to_owned() },
            mail,
            &job,
            Timestamp::from_seconds(1_795_327_200),
        )?;
        Ok(String::from_utf8(made.formatted()).expect("ASCII"))
    }

    /// The names of the headers; a line that begins with a space continues the one before.
    fn headers(mail: &str) -> Vec<&str> {
        let (head, _) = mail.split_once("\r\n\r\n").expect("a body");
        let lines = head.split("\r\n").filter(|line| !line.starts_with([' ', '\t']));
        lines.map(|line| line.split_once(':').map_or("", |(name, _)| name)).collect()
    }

    const HEADERS: [&str; 8] =
        ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"];

    #[test]
    fn it_has_these_headers() {
        let mail = made("Ada Byron", "ada@example.com", "Hello").expect("made");
        assert_eq!(headers(&mail), HEADERS);
        for line in [
            "From: Keys <keys@example.com>",
            "To: \"Ada Byron\" <ada@example.com>",
            "Date: Sun, 22 Nov 2026 06:00:00 +0000",
            "Auto-Submitted: auto-generated",
        ] {
            assert!(mail.contains(line), "{mail}");
        }
        let id = mail.split("Message-ID: <").nth(1).and_then(|rest| rest.split('>').next()).expect("an id");
        assert!(id.starts_with("job_") && id.ends_with("@example.com"), "{id}");
        let again = made("Ada Byron", "ada@example.com", "Hello").expect("made");
        assert!(again.contains(&format!("Message-ID: <{id}>")), "sent again it has the same");
    }

    #[test]
    fn what_could_add_a_header_is_refused() {
        for (name, email, subject) in [
            ("Ada\r\nBcc: eve@example.com", "ada@example.com", "Hello"),
            ("Ada", "ada@example.com\r\nBcc: eve@example.com", "Hello"),
            ("Ada", "ada@example.com, eve@example.com", "Hello"),
            ("Ada", "ada@example.com>\r\nRCPT TO:<eve@example.com", "Hello"),
            ("Ada", "ada@example.com", "Hello\nBcc: eve@example.com"),
            ("Ada\0", "ada@example.com", "Hello"),
            ("Ada", "", "Hello"),
        ] {
            assert!(made(name, email, subject).is_err(), "{name:?} {email:?} {subject:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_the_names_there_is_one_recipient_and_no_other_header(
            name in ".{0,60}|(\\r|\\n|[a-z:,<>@\";=? ]){0,60}",
            email in ".{0,40}|[a-z]{1,8}@[a-z]{1,8}(\\.[a-z]{2,4})?|([a-z@<>, \"]|\\r|\\n){1,30}",
            subject in ".{0,80}|(\\r|\\n|[a-zé:]){0,80}",
        ) {
            let from = "keys@example.com".parse().expect("an address");
            let mail = Mail { subject: subject.clone(), text: "text".to_owned(), html: "<p></p>".to_owned() };
            let job = JobId::mint(&SeededEntropy::new(1));
            let to = Recipient { name, email: email.clone() };
            if let Ok(made) = message(&from, &to, mail, &job, Timestamp::from_seconds(1)) {
                prop_assert_eq!(made.envelope().to().len(), 1);
                prop_assert_eq!(made.envelope().to()[0].to_string(), email);
                let text = String::from_utf8_lossy(&made.formatted()).into_owned();
                prop_assert_eq!(headers(&text), HEADERS);
            }
        }
    }
}
