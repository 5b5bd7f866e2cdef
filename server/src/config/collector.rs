//! A receiver outside of the portal: its address in the settings file, and what is needed to reach it.

use std::{fmt, fs, path::PathBuf, time::Duration};

use url::Url;
use zeroize::Zeroizing;

use super::{mail::is_loopback, secret::secret};

/// How it is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    Http,
    /// RFC 5424 over TCP.
    Syslog,
}

/// The settings of a receiver, as written.
#[derive(Default)]
pub(super) struct Receiver {
    pub(super) url: String,
    pub(super) ca_file: Option<PathBuf>,
    pub(super) token_file: Option<PathBuf>,
    pub(super) timeout_seconds: Option<u64>,
}

/// The names of these settings in the file, for messages, and the variable that may contain the token.
#[derive(Clone, Copy)]
pub(super) struct Names {
    pub(super) section: &'static str,
    pub(super) url: &'static str,
    pub(super) ca_file: &'static str,
    pub(super) token_file: &'static str,
    pub(super) timeout: &'static str,
    pub(super) variable: &'static str,
}

/// A receiver that can be connected to.
#[derive(Clone, PartialEq, Eq)]
pub struct CollectorSettings {
    pub protocol: Protocol,
    pub is_encrypted: bool,
    pub host: String,
    pub port: u16,
    /// With its query; only of HTTP.
    pub path: String,
    /// PEM: the only authorities that its certificate may come from, instead of those of the system.
    pub authorities: Option<Vec<u8>>,
    /// What it asks of whoever sends, if anything.
    pub token: Option<Zeroizing<String>>,
    /// For everything that is sent at once.
    pub timeout: Duration,
}

/// Without the path and the token, which may be secrets.
impl fmt::Debug for CollectorSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CollectorSettings({self})")
    }
}

/// Its address, as far as it is no secret.
impl fmt::Display for CollectorSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match (self.protocol, self.is_encrypted) {
            (Protocol::Http, true) => "https",
            (Protocol::Http, false) => "http",
            (Protocol::Syslog, true) => "syslog+tls",
            (Protocol::Syslog, false) => "syslog+tcp",
        };
        write!(f, "{scheme}://{}", self.authority())
    }
}

impl CollectorSettings {
    /// Whether others on the way can read what is sent.
    pub fn is_readable_on_the_way(&self) -> bool {
        !self.is_encrypted && !is_loopback(&self.host)
    }

    /// Host and port.
    pub fn authority(&self) -> String {
        let Self { host, port, .. } = self;
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }
}

impl Receiver {
    /// Checks the settings, and reads the files that they name.
    pub(super) fn resolve(self, names: Names) -> Result<CollectorSettings, String> {
        let Names { section, .. } = names;
        let wrong = |what: &str, why: String| format!("`{what}` in [{section}]: {why}");
        let wrong_url = |why: &str| wrong(names.url, why.to_owned());
        // Not repeated: it may contain a secret.
        let url = Url::parse(&self.url)
            .map_err(|_| wrong_url("it is no address; write it like https://collector.example.com/audit."))?;
        let (protocol, is_encrypted, port) = match url.scheme() {
            "https" => (Protocol::Http, true, 443),
            "http" => (Protocol::Http, false, 80),
            "syslog+tls" => (Protocol::Syslog, true, 6514),
            "syslog+tcp" => (Protocol::Syslog, false, 601),
            _ => return Err(wrong_url("it begins with https://, syslog+tls:// or syslog+tcp://.")),
        };
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        if host.is_empty() || !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err(wrong_url("it has a host, and neither a user nor a fragment; write a token into a file."));
        }
        if protocol == Protocol::Http && !is_encrypted && !is_loopback(&host) {
            return Err(wrong_url("http:// sends everything in plain text, so only to this machine. Use https://."));
        }
        if protocol == Protocol::Syslog && (!matches!(url.path(), "" | "/") || url.query().is_some()) {
            return Err(wrong_url(
                "a syslog server has only a host and a port, like syslog+tls://logs.example.com:6514.",
            ));
        }
        let timeout = self.timeout_seconds.unwrap_or(10);
        if !(1..=60).contains(&timeout) {
            return Err(wrong(names.timeout, "use 1 to 60.".to_owned()));
        }
        let token = secret(names.variable, self.token_file.as_ref(), |why| wrong(names.token_file, why))?;
        if token.is_some() && protocol == Protocol::Syslog && self.token_file.is_some() {
            return Err(wrong(names.token_file, "a syslog server takes no token.".to_owned()));
        }
        if token.as_ref().is_some_and(|token| !token.bytes().all(|byte| byte.is_ascii_graphic())) {
            return Err(wrong(names.token_file, "a token has only letters, digits and punctuation.".to_owned()));
        }
        let read = |path: &PathBuf| {
            fs::read(path).map_err(|error| wrong(names.ca_file, format!("{} can't be read: {error}.", path.display())))
        };
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        Ok(CollectorSettings {
            protocol,
            is_encrypted,
            port: url.port().unwrap_or(port),
            path: format!("{}{query}", url.path()),
            host,
            authorities: self.ca_file.as_ref().map(read).transpose()?,
            token,
            timeout: Duration::from_secs(timeout),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: Names = Names {
        section: "audit.forward",
        url: "to",
        ca_file: "ca_file",
        token_file: "token_file",
        timeout: "timeout_seconds",
        variable: "SALLYPORT_NO_SUCH_TOKEN",
    };

    fn resolved(url: &str) -> Result<CollectorSettings, String> {
        Receiver { url: url.to_owned(), ..Receiver::default() }.resolve(NAMES)
    }

    #[test]
    fn addresses_of_both_protocols() {
        for (url, shown, path) in [
            ("https://logs.example.com/audit?key=s3cret", "https://logs.example.com:443", "/audit?key=s3cret"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080", "/"),
            ("syslog+tls://logs.example.com", "syslog+tls://logs.example.com:6514", ""),
            ("syslog+tcp://[::1]:514", "syslog+tcp://[::1]:514", ""),
        ] {
            let settings = resolved(url).expect(url);
            assert_eq!((settings.to_string().as_str(), settings.path.as_str()), (shown, path));
            assert!(!format!("{settings:?}").contains("s3cret"));
            assert!(!settings.is_readable_on_the_way());
        }
        assert!(resolved("syslog+tcp://logs.example.com").expect("good").is_readable_on_the_way());
    }

    #[test]
    fn what_is_wrong_is_named_with_a_fix() {
        for (url, about) in [
            ("collector", "write it like https://"),
            ("ftp://x", "it begins with https://"),
            ("http://logs.example.com", "Use https://"),
            ("https://ada:s3cret@logs.example.com", "neither a user"),
            ("syslog+tls://logs.example.com/x", "only a host and a port"),
            ("syslog+tcp://", "it has a host"),
        ] {
            let error = resolved(url).expect_err(url);
            assert!(error.starts_with("`to` in [audit.forward]: ") && error.contains(about), "{url}: {error}");
            assert!(!error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn a_token_is_read_from_its_file_and_not_shown() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("token");
        let with = |url: &str| {
            Receiver { url: url.to_owned(), token_file: Some(file.clone()), ..Receiver::default() }.resolve(NAMES)
        };
        assert!(with("https://x").expect_err("missing").contains("`token_file` in [audit.forward]"));
        fs::write(&file, "s3cret\n").expect("written");
        let settings = with("https://x").expect("good");
        assert_eq!(settings.token.as_ref().map(|token| token.as_str()), Some("s3cret"));
        assert!(!format!("{settings:?}").contains("s3cret"));
        assert!(with("syslog+tls://x").expect_err("refused").contains("takes no token"));
        fs::write(&file, "\n").expect("written");
        assert!(with("https://x").expect_err("refused").contains("is empty"));
        fs::write(&file, "two\nlines").expect("written");
        assert!(with("https://x").expect_err("refused").contains("only letters"));
    }
}
