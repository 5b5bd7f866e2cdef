//! Sends the deliveries of webhooks: the name of a host is looked up once for each attempt, and what was found is judged and
//! connected to. Redirects are not followed. A forward proxy, where an operator set one, looks names up itself.

mod connection;
mod request;

use std::{
    net::IpAddr,
    pin::Pin,
    sync::{Arc, OnceLock},
    time::Duration,
};

use rustls::ClientConfig;
use sallyport::{
    store::Store,
    webhook::{AllowedTargets, Attempt, LeasedDelivery, Target, signing::Message},
};
use tokio::time::{Instant, timeout};

use crate::{
    collector::Stream,
    config::webhooks::{ForwardProxy, WebhookSettings},
    trust::client_config,
};

/// For everything: looking up, connecting, encrypting, sending, and the beginning of the response.
const ATTEMPT: Duration = Duration::from_secs(20);

/// The longest stored error, in characters.
const ERROR: usize = 300;

type Found = Pin<Box<dyn Future<Output = Result<Vec<IpAddr>, String>> + Send>>;

/// Looks a name up.
pub type Resolver = Box<dyn Fn(String) -> Found + Send + Sync>;

/// What sending needs.
pub struct Sender {
    allowed: AllowedTargets,
    authorities: Option<Vec<u8>>,
    proxy: Option<ForwardProxy>,
    resolve: Resolver,
    limit: Duration,
    /// Made when they are needed first: a machine without certificates serves all the same.
    outside: OnceLock<Result<Arc<ClientConfig>, String>>,
    inside: OnceLock<Result<Arc<ClientConfig>, String>>,
}

/// What a receiver answered.
struct Answer {
    code: u16,
    /// The beginning of its body, unless it is inside.
    body: Option<String>,
}

impl Sender {
    pub fn new(settings: WebhookSettings) -> Self {
        Self::with(settings, Box::new(|host| Box::pin(connection::look_up(host))), ATTEMPT)
    }

    /// The same with another resolver and time limit.
    pub fn with(settings: WebhookSettings, resolve: Resolver, limit: Duration) -> Self {
        let WebhookSettings { allowed, authorities, proxy } = settings;
        Self { allowed, authorities, proxy, resolve, limit, outside: OnceLock::new(), inside: OnceLock::new() }
    }

    /// Sends a delivery once.
    pub async fn attempt(&self, store: &Store, leased: &LeasedDelivery) -> Attempt {
        let began = Instant::now();
        let outcome = match timeout(self.limit, self.send(store, leased)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(format!("There was no answer within {} s.", self.limit.as_secs())),
        };
        let duration = began.elapsed();
        match outcome {
            Ok(Answer { code, body }) => {
                let error = match code {
                    200..300 => None,
                    300..400 => Some(format!("It answered {code}: redirects are not followed.")),
                    _ => Some(format!("It answered {code}.")),
                };
                Attempt { duration, code: Some(code), response: body, error }
            }
            Err(why) => {
                let plain = |letter: char| if letter.is_control() { ' ' } else { letter };
                let error = why.chars().map(plain).take(ERROR).collect();
                Attempt { duration, error: Some(error), ..Attempt::default() }
            }
        }
    }

    async fn send(&self, store: &Store, leased: &LeasedDelivery) -> Result<Answer, String> {
        let target = Target::parse(&leased.url, &self.allowed)?;
        let (stream, is_inside) = match &self.proxy {
            // It may lead inside, so that nothing of the response is kept.
            Some(proxy) if !target.is_listed() => (self.through(proxy, &target).await?, true),
            _ => self.connect(&target).await?,
        };
        let message = Message { id: &leased.id, seq: leased.seq, at: store.now(), body: &leased.body };
        let headers = message.headers(&leased.secrets, &store.profile().webhooks);
        request::post(stream, &target, headers, leased.body.clone(), !is_inside).await
    }

    /// To what the target is found to be now, and nowhere else. Returns whether that is inside, too.
    async fn connect(&self, target: &Target) -> Result<(Box<dyn Stream>, bool), String> {
        let found = match target.literal() {
            Some(address) => vec![address],
            None => (self.resolve)(target.host.to_string()).await?,
        };
        let pinned = target.judge(&found, &self.allowed)?;
        let tls = target.is_https.then(|| self.tls(pinned.is_inside)).transpose()?;
        Ok((connection::connect(target, &pinned, tls).await?, pinned.is_inside))
    }

    /// The proxy decides where the connection goes.
    async fn through(&self, proxy: &ForwardProxy, target: &Target) -> Result<Box<dyn Stream>, String> {
        if !target.is_https {
            return Err("The address begins with http://: use https://.".to_owned());
        }
        // Organizations are told the same whatever failed: they can't find out what the proxy reaches.
        connection::through(proxy, target, self.tls(false)?).await.map_err(|why| {
            tracing::warn!(host = %target.host, "a webhook was not sent through the forward proxy: {why}");
            "The forward proxy can't connect to it.".to_owned()
        })
    }

    fn tls(&self, is_inside: bool) -> Result<Arc<ClientConfig>, String> {
        let (config, authorities) =
            if is_inside { (&self.inside, self.authorities.as_deref()) } else { (&self.outside, None) };
        config.get_or_init(|| client_config(authorities, "receivers of webhooks")).clone()
    }
}
