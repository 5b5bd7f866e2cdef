//! The URLs of an organization's own services, as the file that its apps read names them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Invalid, text};

const MOST: usize = 20;
const LONGEST: usize = 300;
const LONGEST_NAME: usize = 40;
const FIELD: &str = "service_urls";

/// URLs by the name of the service: `api_base_url`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ServiceUrls(BTreeMap<String, String>);

impl ServiceUrls {
    /// Parses lines such as `api_base_url = https://api.example.com`, with the rules of the readers.
    pub fn check(lines: &str) -> Result<Self, Invalid> {
        let mut urls = BTreeMap::new();
        for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let refused = |why: &str| Invalid::field(FIELD, format!("{}: {why}", text::shown_again(line)));
            let (name, url) =
                line.split_once('=').ok_or_else(|| refused("write it like api_base_url = https://api.example.com."))?;
            let (name, url) = (name.trim(), url.trim());
            let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
            if name.is_empty() || name.len() > LONGEST_NAME || !name.bytes().all(is_plain) {
                return Err(refused("a name has lower-case letters, digits and _, up to 40."));
            }
            check_url(url).map_err(refused)?;
            text::optional_line(FIELD, url, LONGEST)?;
            if urls.insert(name.to_owned(), url.trim_end_matches('/').to_owned()).is_some() {
                return Err(refused("this name is there twice."));
            }
        }
        if urls.len() > MOST {
            return Err(Invalid::field(FIELD, format!("Up to {MOST} services; these are {}.", urls.len())));
        }
        Ok(Self(urls))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As a form shows them.
    pub fn lines(&self) -> String {
        self.0.iter().map(|(name, url)| format!("{name} = {url}")).collect::<Vec<_>>().join("\n")
    }
}

fn check_url(url: &str) -> Result<(), &'static str> {
    let (is_safe, rest) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
        (Some(rest), _) => (true, rest),
        (_, Some(rest)) => (false, rest),
        _ => return Err("a URL begins with https://."),
    };
    let authority = rest.split('/').next().unwrap_or_default();
    if !url.bytes().all(|byte| byte.is_ascii_graphic()) || url.contains(['?', '#', '"', '<', '>', '\\']) {
        return Err("a URL has a host and a path, no query and no blanks.");
    }
    // An IPv6 address has colons in its brackets.
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port),
        _ => (authority, "443"),
    };
    if host.is_empty() || authority.contains('@') || port.parse::<u16>().is_err() {
        return Err("a URL has a host, and no password.");
    }
    if !is_safe && !["localhost", "127.0.0.1", "[::1]"].contains(&host) {
        return Err("a URL begins with https://, so that nobody else reads the key.");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_back() {
        let typed = "  telemetry_url=http://localhost:4318/ \r\n\napi_base_url = https://api.intranet.example/v2/";
        let urls = ServiceUrls::check(typed).expect("good");
        assert_eq!(
            urls.lines(),
            "api_base_url = https://api.intranet.example/v2\ntelemetry_url = http://localhost:4318"
        );
        assert_eq!(ServiceUrls::check(&urls.lines()), Ok(urls));
        assert!(ServiceUrls::check(" \n").expect("good").is_empty());
    }

    #[test]
    fn what_no_reader_takes_is_refused() {
        for line in [
            "https://api.example.com",
            "a = ",
            "a = api.example.com",
            "a = ftp://api.example.com",
            "a = http://api.example.com",
            "a = http://localhost.example.com",
            "a = https://",
            "a = https://:443",
            "a = https://api.example.com:port",
            "a = https://ada:secret@api.example.com",
            "a = https://api.example.com/?key=1",
            "a = https://api.example.com/#x",
            "a = https://api example.com",
            "A = https://api.example.com",
            "= https://api.example.com",
            "a = https://api.example.com\na = https://other.example.com",
        ] {
            assert!(ServiceUrls::check(line).is_err(), "{line}");
        }
        let many: Vec<_> = (0..21).map(|n| format!("a{n} = https://api.example.com")).collect();
        assert!(ServiceUrls::check(&many.join("\n")).is_err() && ServiceUrls::check(&many[1..].join("\n")).is_ok());
        assert!(ServiceUrls::check(&format!("a = https://{}", "a".repeat(300))).is_err());
    }
}
