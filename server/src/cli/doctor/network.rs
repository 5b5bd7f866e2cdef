//! What is reached over the network: this server, the portal through its proxy, the mail server.

use std::time::Duration;

use ureq::{
    Agent,
    tls::{RootCerts, TlsConfig},
};

use super::finding::Finding;
use crate::{
    config::{Serving, mail::MailSettings},
    mail::Mailer,
    state::is_loopback_url,
};

const LIMIT: Duration = Duration::from_secs(5);

/// An answer's status, and whether it sets HSTS.
struct Answer {
    status: u16,
    body: String,
    has_hsts: bool,
}

fn get(url: &str) -> Result<Answer, String> {
    let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
    let config = Agent::config_builder().http_status_as_error(false).max_redirects(0).timeout_global(Some(LIMIT));
    let agent: Agent = config.tls_config(tls).proxy(None).build().into();
    let mut response = agent.get(url).call().map_err(|error| error.to_string())?;
    let has_hsts = response.headers().contains_key("strict-transport-security");
    let body = response.body_mut().with_config().limit(64 * 1024).read_to_string().unwrap_or_default();
    Ok(Answer { status: response.status().as_u16(), body, has_hsts })
}

async fn ask(url: String) -> Result<Answer, String> {
    tokio::task::spawn_blocking(move || get(&url)).await.map_err(|error| error.to_string())?
}

/// `https_only`: whether the profile refuses keys that were sent without TLS.
pub(super) async fn check(serving: &Serving, https_only: bool) -> Vec<Finding> {
    let listen = serving.listen.replace("0.0.0.0:", "127.0.0.1:").replace("[::]:", "[::1]:");
    let mut all = vec![server(ask(format!("http://{listen}/readyz")).await)];
    let Some(public_url) = &serving.public_url else {
        let detail = "`public_url` is not set, so browsers on this machine only are meant";
        all.push(Finding::good("public_url", detail));
        return all;
    };
    all.push(portal(public_url, ask(format!("{public_url}/sign-in")).await));
    if https_only {
        all.push(tls_header(ask(format!("{public_url}/v1/auth")).await));
    }
    all
}

fn server(answer: Result<Answer, String>) -> Finding {
    match answer {
        Ok(Answer { status: 200, .. }) => Finding::good("server", "it is ready"),
        Ok(answer) => Finding::bad(
            "server",
            format!("/readyz answered {}: {}", answer.status, answer.body.trim()),
            "docs/operating.md#sallyportnotready says what each check means.",
        ),
        Err(error) => Finding::bad("server", error, "Start it (systemctl start sallyport), or correct `listen`."),
    }
}

fn portal(url: &str, answer: Result<Answer, String>) -> Finding {
    let name = "public_url";
    if !url.starts_with("https://") && !is_loopback_url(url) {
        let detail = format!("{url} is not encrypted: passwords and keys can be read on the way");
        return Finding::bad(name, detail, "Let a proxy terminate TLS, and set `public_url` to its https:// address.");
    }
    match answer {
        Ok(answer) if answer.status == 200 && (answer.has_hsts || !url.starts_with("https://")) => {
            Finding::good(name, format!("{url} shows the portal"))
        }
        Ok(answer) if answer.status == 200 => Finding::bad(
            name,
            format!("{url} does not send Strict-Transport-Security"),
            "Let the proxy pass that header on; restart the server if `public_url` was changed.",
        ),
        Ok(answer) => Finding::bad(
            name,
            format!("{url}/sign-in answered {}", answer.status),
            "Let the proxy forward every path to `listen`: docs/operating.md#behind-a-reverse-proxy.",
        ),
        Err(error) => Finding::bad(name, format!("{url}: {error}"), "Is the proxy up, and its certificate valid?"),
    }
}

/// A request without a key: 401 if it counts as encrypted, else 403.
fn tls_header(answer: Result<Answer, String>) -> Finding {
    let name = "tls_header";
    match answer {
        Ok(answer) if answer.status == 401 => Finding::good(name, "the proxy says that clients use https"),
        Ok(answer) => Finding::bad(
            name,
            format!(
                "/v1/auth answered {}: the profile wants https, and the proxy does not say that it was used",
                answer.status
            ),
            "Let the proxy set X-Forwarded-Proto, and name it in `trusted_proxies`.",
        ),
        Err(error) => Finding::bad(name, error, "Is the proxy up?"),
    }
}

pub(super) async fn mail(settings: Option<MailSettings>) -> Finding {
    let Some(settings) = settings else { return Finding::good("mail", "it is off") };
    let server = format!("{}:{}", settings.server, settings.port);
    let mailer = match Mailer::new(settings) {
        Ok(mailer) => mailer,
        Err(error) => return Finding::bad("mail", error, "Correct [mail] in the settings file."),
    };
    match mailer.reach().await {
        Ok(()) => Finding::good("mail", format!("{server} can be used")),
        Err(failure) => Finding::bad("mail", failure.to_string(), failure.fix()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, has_hsts: bool) -> Result<Answer, String> {
        Ok(Answer { status, body: String::new(), has_hsts })
    }

    #[test]
    fn a_server_that_is_not_ready_is_found() {
        assert!(server(answer(200, false)).ok);
        assert!(!server(answer(503, false)).ok && !server(Err("refused".to_owned())).ok);
    }

    #[test]
    fn a_portal_that_browsers_do_not_reach_safely_is_found() {
        let url = "https://keys.example.com";
        assert!(portal(url, answer(200, true)).ok && portal("http://127.0.0.1:3000", answer(200, false)).ok);
        for (url, answer) in [
            (url, answer(200, false)),
            (url, answer(502, false)),
            (url, Err("no such host".to_owned())),
            ("http://keys.example.com", answer(200, true)),
        ] {
            let found = portal(url, answer);
            assert!(!found.ok && found.fix.is_some(), "{found}");
        }
    }

    #[test]
    fn a_proxy_that_does_not_say_https_is_found() {
        assert!(tls_header(answer(401, false)).ok);
        assert!(!tls_header(answer(403, false)).ok && !tls_header(Err("refused".to_owned())).ok);
    }
}
