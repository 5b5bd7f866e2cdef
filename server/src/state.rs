//! The state of a running server.

use std::{
    collections::HashMap,
    ops::Deref,
    sync::{Arc, LazyLock},
};

use ipnet::IpNet;
use sallyport::{
    Result, base62,
    breached_file::BreachedFile,
    clock::Elapsed,
    entropy::{IdEntropy, OsEntropy},
    leak_inbox::LeakInbox,
    over_redis::{Redis, throttles::NodeThrottles},
    passkey::RelyingParty,
    passwords::Passwords,
    profile::Profile,
    store::Store,
    verifier::Verifier,
    webhook::AllowedTargets,
};
use sallyport_app::{
    context::{Context, DemoSignIn, Parts},
    pending_events::PendingEvents,
    sub_path::SubPath,
};

use crate::{
    api::{auth::presented::KeyLocations, rate_headers::RateHeaderNames, requirement::Requirement},
    config::single_sign_on::IssuerSettings,
    issuers::Issuers,
    outside::Outside,
    partner_keys::{KeySource, PartnerKeys},
    single_sign_on, site,
};

/// The maximum number of concurrent searches.
const SEARCHES: usize = 2;

/// Shared by every request, and copied several times: one pointer.
#[derive(Clone)]
pub struct AppState(Arc<AppParts>);

pub struct AppParts {
    pub context: Context,
    pub verifier: Arc<Verifier>,
    pub trusted_proxies: Vec<IpNet>,
    pub requirements: HashMap<String, Requirement>,
    /// Where a gateway's request contains the client's key.
    pub places: KeyLocations,
    /// The rate limit headers.
    pub rates: RateHeaderNames,
    /// With which a partner signs its reports of leaks; `None` if there is none.
    pub partner_keys: Option<Arc<PartnerKeys>>,
    /// The keys of issuers whose ID tokens are exchanged.
    pub issuers: Issuers,
    /// The randomness of request ids.
    pub names: IdEntropy,
    is_local: bool,
}

impl Deref for AppState {
    type Target = AppParts;

    fn deref(&self) -> &AppParts {
        &self.0
    }
}

/// The settings of a deployment.
pub struct Deployment {
    pub public_url: String,
    /// Builds the OpenAPI document of `/v1` for that profile and address.
    pub describe: fn(&Profile, &str) -> serde_json::Value,
    pub trusted_proxies: Vec<IpNet>,
    pub requirements: HashMap<String, Requirement>,
    pub cache_keys: usize,
    /// Where the public keys of a partner are that reports leaks.
    pub partner_keys: Option<KeySource>,
    /// Passwords that nobody may choose, besides those that the program knows.
    pub breached: Option<BreachedFile>,
    pub elapsed: Elapsed,
    /// What this node shares with others; `None` if it counts for itself.
    pub redis: Option<Redis>,
    pub demo: Option<DemoSignIn>,
    /// Whether mail is on.
    pub has_mail: bool,
    /// Where webhooks may go besides the public internet.
    pub webhook_targets: AllowedTargets,
    /// Connects to issuers of ID tokens, which may be where webhooks may go.
    pub outside: Arc<Outside>,
    /// With whom people sign in.
    pub issuers: Vec<IssuerSettings>,
    /// Whether it listens on loopback: other machines can only reach it through a proxy.
    pub listens_on_loopback: bool,
}

impl AppState {
    pub async fn new(store: Store, deployment: Deployment) -> Result<Self> {
        let rates = RateHeaderNames::of(&store.profile().limits);
        let places = KeyLocations::of(&store.profile().credentials);
        let attempts = NodeThrottles::new(store.clone(), deployment.elapsed.clone(), deployment.redis.clone());
        let pending_events = PendingEvents::new(deployment.elapsed.clone());
        let elapsed = deployment.elapsed.clone();
        let partner_keys = deployment.partner_keys.map(|source| Arc::new(PartnerKeys::new(source, elapsed)));
        let issuers = Issuers::new(deployment.outside, deployment.elapsed.clone());
        let single_sign_on = single_sign_on::Issuers::new(deployment.issuers, &store, &deployment.elapsed);
        let verifier = Verifier::start_over(store.clone(), deployment.cache_keys, deployment.elapsed, deployment.redis);
        let verifier = verifier.await?;
        let is_local = deployment.listens_on_loopback && is_loopback_url(&deployment.public_url);
        let names = IdEntropy::new(store.entropy());
        let (profile, public_url) = (store.profile().clone(), deployment.public_url.clone());
        let context = Context::new(Parts {
            api: LazyLock::new(Box::new(move || (deployment.describe)(&profile, &public_url))),
            passwords: Passwords::with_breached(Arc::new(OsEntropy), deployment.breached),
            base: site::base().to_owned(),
            setup_token: base62::random(store.entropy(), 32),
            sub_path: SubPath::of(&deployment.public_url),
            relying_party: RelyingParty::of(&deployment.public_url, &store.profile().brand.name),
            public_url: deployment.public_url,
            attempts,
            pending_events,
            leaks: LeakInbox::new(store.clone()),
            searching: tokio::sync::Semaphore::new(SEARCHES),
            single_sign_on: Arc::new(single_sign_on),
            demo: deployment.demo,
            has_mail: deployment.has_mail,
            webhook_targets: deployment.webhook_targets,
            verifier: Arc::clone(&verifier),
            store,
        });
        Ok(Self(Arc::new(AppParts {
            context,
            verifier,
            trusted_proxies: deployment.trusted_proxies,
            requirements: deployment.requirements,
            places,
            rates,
            partner_keys,
            issuers,
            names,
            is_local,
        })))
    }

    /// Whether the portal is only for this machine.
    pub fn is_local(&self) -> bool {
        self.is_local
    }

    pub fn is_https(&self) -> bool {
        self.context.is_https()
    }
}

/// Whether only this machine can reach a URL.
pub fn is_loopback_url(url: &str) -> bool {
    let url = url::Url::parse(url).ok();
    match url.as_ref().and_then(url::Url::host) {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}
