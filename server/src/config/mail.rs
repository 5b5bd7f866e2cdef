//! The section `[mail]` of the settings file: the server to which mail is handed over. Without it mail is off.

use std::{fmt, fs, net::IpAddr, path::PathBuf, time::Duration};

use lettre::message::Mailbox;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::secret::secret;

/// The password in the environment.
const PASSWORD: &str = "SALLYPORT_MAIL_PASSWORD";

/// How the connection to the mail server is encrypted. Its certificate is always checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    /// The connection begins in plain text. A server that does not offer STARTTLS gets no mail.
    #[default]
    StartTls,
    /// Encrypted from the first byte on, which RFC 8314 recommends.
    Tls,
    /// Only to a server on this machine.
    None,
}

impl Tls {
    const fn port(self) -> u16 {
        match self {
            Self::StartTls => 587,
            Self::Tls => 465,
            Self::None => 25,
        }
    }
}

/// The section as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MailSection {
    server: String,
    port: Option<u16>,
    #[serde(default)]
    tls: Tls,
    user: Option<String>,
    password_file: Option<PathBuf>,
    ca_file: Option<PathBuf>,
    from: String,
    timeout_seconds: Option<u64>,
}

/// The resolved settings.
#[derive(Clone, Debug)]
pub struct MailSettings {
    pub server: String,
    pub port: u16,
    pub tls: Tls,
    pub credentials: Option<MailCredentials>,
    /// PEM: the only authorities that the server's certificate may come from, instead of the public ones.
    pub authorities: Option<Vec<u8>>,
    /// The sender.
    pub from: Mailbox,
    /// For each step: connecting, signing in, sending.
    pub timeout: Duration,
}

/// A user name and a password. Its `Debug` hides both.
#[derive(Clone)]
pub struct MailCredentials {
    pub user: String,
    pub password: Zeroizing<String>,
}

impl fmt::Debug for MailCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MailCredentials(…)")
    }
}

impl MailSection {
    /// Checks the settings, and reads the files that they name.
    pub(super) fn resolve(self) -> Result<MailSettings, String> {
        let wrong = |what: &str, why: String| format!("`{what}` in [mail]: {why}");
        let is_name = !self.server.is_empty()
            && self.server.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.:_".contains(&byte));
        if !is_name {
            return Err(wrong(
                "server",
                "write a name or an address, like smtp.example.com; the port is `port`.".into(),
            ));
        }
        if self.tls == Tls::None && !is_loopback(&self.server) {
            let why = "\"none\" would send links to accounts in plain text; only a server on this machine may be used \
                       without encryption. Use \"starttls\" or \"tls\".";
            return Err(wrong("tls", why.to_owned()));
        }
        let from = self.from.parse().map_err(|_| {
            wrong("from", format!("{:?} is no address; write it like Keys <keys@example.com>.", self.from))
        })?;
        let timeout = self.timeout_seconds.unwrap_or(30);
        if !(1..=300).contains(&timeout) {
            return Err(wrong("timeout_seconds", "use 1 to 300.".to_owned()));
        }
        let read = |what: &str, path: &PathBuf| {
            fs::read(path).map_err(|error| wrong(what, format!("{} can't be read: {error}.", path.display())))
        };
        Ok(MailSettings {
            credentials: credentials(self.user, self.password_file.as_ref(), wrong)?,
            authorities: self.ca_file.as_ref().map(|path| read("ca_file", path)).transpose()?,
            port: self.port.unwrap_or(self.tls.port()),
            server: self.server,
            tls: self.tls,
            from,
            timeout: Duration::from_secs(timeout),
        })
    }
}

/// The password is in the environment, or in a file.
fn credentials(
    user: Option<String>,
    file: Option<&PathBuf>,
    wrong: impl Fn(&str, String) -> String,
) -> Result<Option<MailCredentials>, String> {
    let Some(user) = user else {
        return match file {
            Some(_) => Err("`password_file` in [mail] needs a `user`.".to_owned()),
            None => Ok(None),
        };
    };
    let password = secret(PASSWORD, file, |why| wrong("password_file", why))?
        .ok_or_else(|| format!("`user` in [mail] needs a password: set {PASSWORD}, or `password_file` in [mail]."))?;
    Ok(Some(MailCredentials { user, password }))
}

pub(super) fn is_loopback(server: &str) -> bool {
    server.parse::<IpAddr>().map_or(server == "localhost", |address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(text: &str) -> Result<MailSettings, String> {
        let section: MailSection = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        section.resolve()
    }

    #[test]
    fn defaults_are_safe() {
        let settings = resolved("server = \"smtp.example.com\"\nfrom = \"Keys <keys@example.com>\"").expect("good");
        assert_eq!((settings.tls, settings.port), (Tls::StartTls, 587));
        assert_eq!(settings.from.to_string(), "Keys <keys@example.com>");
        assert_eq!(settings.timeout, Duration::from_secs(30));
        assert!(settings.credentials.is_none() && settings.authorities.is_none());
        let settings = resolved("server = \"::1\"\ntls = \"none\"\nfrom = \"keys@example.com\"").expect("good");
        assert_eq!(settings.port, 25);
    }

    #[test]
    fn what_is_wrong_is_named_with_a_fix() {
        let with = |more: &str| format!("server = \"smtp.example.com\"\nfrom = \"keys@example.com\"\n{more}");
        for (text, about) in [
            ("from = \"keys@example.com\"".to_owned(), "server"),
            ("server = \"smtp.example.com\"".to_owned(), "from"),
            ("server = \"smtp://x\"\nfrom = \"keys@example.com\"".to_owned(), "the port is `port`"),
            ("server = \"smtp.example.com\"\nfrom = \"keys\"".to_owned(), "Keys <keys@example.com>"),
            ("server = \"x\"\nfrom = \"a@b\\r\\nBcc: c@d\"".to_owned(), "is no address"),
            (with("tls = \"none\""), "Use \"starttls\" or \"tls\""),
            (with("tls = \"no\""), "unknown variant"),
            (with("timeout_seconds = 0"), "1 to 300"),
            (with("ca_file = \"/none.pem\""), "`ca_file` in [mail]: /none.pem can't be read"),
            (with("password_file = \"/none\""), "needs a `user`"),
            (with("user = \"u\"\npassword_file = \"/none\""), "`password_file` in [mail]: /none can't be read"),
            (with("user = \"u\""), "SALLYPORT_MAIL_PASSWORD"),
            (with("password = \"s3cret\""), "unknown field `password`"),
        ] {
            let error = resolved(&text).expect_err(&text);
            assert!(error.contains(about), "{text}: {error}");
            assert!(!error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn a_password_is_not_shown() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("password");
        fs::write(&file, "s3cret \n").expect("written");
        let text = format!(
            "server = \"smtp.example.com\"\nfrom = \"keys@example.com\"\nuser = \"u\"\npassword_file = {file:?}"
        );
        let settings = resolved(&text).expect("good");
        assert_eq!(settings.credentials.as_ref().expect("read").password.as_str(), "s3cret ");
        assert!(!format!("{settings:?}").contains("s3cret"));
    }
}
