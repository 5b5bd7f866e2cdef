//! npm's `oidc-provider` on loopback, and a browser at it.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use sallyport::single_sign_on::{Domains, GroupRole, Issuer};
use sallyport_server::config::single_sign_on::IssuerSettings;

use crate::client::{Answer, Client, ORIGIN};

const HERE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/http/sign_in/with/provider.mjs");
const MODULE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../node_modules/oidc-provider");

pub struct Provider {
    child: Child,
    pub url: String,
}

impl Drop for Provider {
    fn drop(&mut self) {
        // It also ends with its input, which is closed here.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Provider {
    /// A provider that knows Sallyport by the issuer's id in addresses.
    pub async fn start(id: &str) -> Self {
        let redirect = format!("{ORIGIN}/sign-in/with/{id}");
        tokio::task::spawn_blocking(move || Self::started(&redirect)).await.expect("started")
    }

    fn started(redirect: &str) -> Self {
        assert!(Path::new(MODULE).is_dir(), "oidc-provider is missing; scripts/setup installs it");
        let mut node = Command::new("node");
        node.args([HERE, redirect]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = node.spawn().expect("it starts");
        let mut url = String::new();
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe"));
        // Warnings may come before.
        while !url.starts_with("http://") {
            url.clear();
            assert!(lines.read_line(&mut url).expect("it says where it listens") > 0, "it ended");
        }
        Self { child, url: url.trim().to_owned() }
    }

    /// It is an issuer of this portal.
    pub fn settings(&self, id: &str) -> IssuerSettings {
        let domains = Domains::parse(&["example.com".to_owned()]).expect("good");
        IssuerSettings {
            issuer: Issuer {
                id: id.to_owned(),
                name: "Acme".to_owned(),
                url: self.url.clone(),
                domains,
                group_roles: Vec::new(),
            },
            client_id: "sallyport".to_owned(),
            secret: Some("only-for-tests".to_owned().into()),
            scopes: ["email", "profile", "groups"].map(str::to_owned).into(),
            groups_claim: Some("groups".to_owned()),
            require: BTreeMap::new(),
            without_auth_time: false,
            authorities: None,
            proxy: None,
        }
    }

    /// The same, with roles for groups.
    pub fn with_groups(&self, id: &str, groups: &[(&str, &str, &str)]) -> IssuerSettings {
        let mut settings = self.settings(id);
        let rules = groups.iter().map(|(group, role, place)| GroupRole::check(group, role, place).expect("good"));
        settings.issuer.group_roles = rules.collect();
        settings
    }

    /// What it does next: a query of `/control`.
    pub async fn set(&self, query: &str) {
        let url = format!("{}/control?{query}", self.url);
        let set = tokio::task::spawn_blocking(move || ureq::get(&url).call().map(|answer| answer.status().as_u16()));
        assert_eq!(set.await.expect("no panic").expect("answered"), 200);
    }

    /// Follows an address at the provider with a browser that was never there, until it leads back here. Returns the path
    /// and the query.
    pub async fn follow(&self, url: &str) -> String {
        let url = url.to_owned();
        tokio::task::spawn_blocking(move || follow(url)).await.expect("no panic")
    }

    /// The whole sign-in. Returns the address to which the provider sent the browser back.
    pub async fn answer(&self, browser: &Client, id: &str) -> String {
        let begun = begin(browser, id, "/account").await;
        self.follow(&begun).await
    }

    /// The same, and what the portal answers.
    pub async fn sign_in(&self, browser: &Client, id: &str) -> Answer {
        let back = self.answer(browser, id).await;
        browser.get(&back).await
    }
}

/// Presses the button. Returns the address at the provider.
pub async fn begin(browser: &Client, id: &str, next: &str) -> String {
    let answer = browser.post(&format!("/sign-in/with/{id}"), &[("next", next)]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.header("refresh").strip_prefix("0;url=").expect("it leads there").to_owned()
}

fn follow(mut url: String) -> String {
    let config = ureq::Agent::config_builder().max_redirects(0).max_redirects_will_error(false);
    let agent: ureq::Agent = config.http_status_as_error(false).build().into();
    let mut cookies: BTreeMap<String, String> = BTreeMap::new();
    for _ in 0..8 {
        let sent: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut answer = agent.get(&url).header("cookie", sent.join("; ")).call().expect("answered");
        for set in answer.headers().get_all("set-cookie") {
            let pair = set.to_str().expect("text").split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').expect("a pair");
            cookies.insert(name.to_owned(), value.to_owned());
        }
        let location = answer.headers().get("location").map(|to| to.to_str().expect("text").to_owned());
        let Some(location) = location else {
            panic!("{url}: {}", answer.body_mut().read_to_string().unwrap_or_default());
        };
        if let Some(back) = location.strip_prefix(ORIGIN) {
            return back.to_owned();
        }
        let base = url::Url::parse(&url).expect("a URL");
        url = base.join(&location).expect("a URL").into();
    }
    panic!("it leads nowhere: {url}");
}
