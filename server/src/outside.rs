//! Connections to addresses that somebody else chose: the name of a host is looked up once, and what was found is judged and
//! connected to. A forward proxy, where an operator set one, looks names up itself.

mod connection;
mod request;

use std::{
    net::IpAddr,
    pin::Pin,
    sync::{Arc, OnceLock},
};

pub use self::request::exchange;
use axum::http::{Request, Response};
use rustls::ClientConfig;
use sallyport::webhook::{AllowedTargets, Target};

use crate::{
    collector::Stream,
    config::webhooks::{ForwardProxy, WebhookSettings},
    trust::client_config,
};

type Found = Pin<Box<dyn Future<Output = Result<Vec<IpAddr>, String>> + Send>>;

/// Looks a name up.
pub type Resolver = Box<dyn Fn(String) -> Found + Send + Sync>;

/// What connecting needs.
pub struct Outside {
    allowed: AllowedTargets,
    authorities: Option<Vec<u8>>,
    proxy: Option<ForwardProxy>,
    resolve: Resolver,
    /// Made when they are needed first: a machine without certificates serves all the same.
    outside: OnceLock<Result<Arc<ClientConfig>, String>>,
    inside: OnceLock<Result<Arc<ClientConfig>, String>>,
}

/// A connection.
pub struct Connected {
    pub stream: Box<dyn Stream>,
    pub target: Target,
    /// Whether it may lead to what is not public: then nothing of the response is told.
    pub is_inside: bool,
}

impl Outside {
    pub fn new(settings: WebhookSettings) -> Self {
        Self::with(settings, Box::new(|host| Box::pin(connection::look_up(host))))
    }

    /// The same with another resolver.
    pub fn with(settings: WebhookSettings, resolve: Resolver) -> Self {
        let WebhookSettings { allowed, authorities, proxy } = settings;
        Self { allowed, authorities, proxy, resolve, outside: OnceLock::new(), inside: OnceLock::new() }
    }

    pub async fn connect(&self, url: &str) -> Result<Connected, String> {
        let target = Target::parse(url, &self.allowed)?;
        let (stream, is_inside) = match &self.proxy {
            // It may lead inside.
            Some(proxy) if !target.is_listed() => (self.through(proxy, &target).await?, true),
            _ => self.directly(&target).await?,
        };
        Ok(Connected { stream, target, is_inside })
    }

    /// The body of a document of at most so many bytes. Only the status 200 is a success.
    pub async fn get(&self, url: &str, most: usize) -> Result<Vec<u8>, String> {
        let Connected { stream, target, .. } = self.connect(url).await?;
        request::get(stream, &target, most).await
    }

    /// The response to a request, whatever its status, if its body has at most so many bytes. Redirects are not followed.
    pub async fn send(&self, request: Request<Vec<u8>>, most: usize) -> Result<Response<Vec<u8>>, String> {
        let Connected { stream, target, .. } = self.connect(&request.uri().to_string()).await?;
        request::send(stream, &target, request, most).await
    }

    /// To what the target is found to be now, and nowhere else. Returns whether that is inside, too.
    async fn directly(&self, target: &Target) -> Result<(Box<dyn Stream>, bool), String> {
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
            tracing::warn!(host = %target.host, "the forward proxy was of no use: {why}");
            "The forward proxy can't connect to it.".to_owned()
        })
    }

    fn tls(&self, is_inside: bool) -> Result<Arc<ClientConfig>, String> {
        let (config, authorities) =
            if is_inside { (&self.inside, self.authorities.as_deref()) } else { (&self.outside, None) };
        config.get_or_init(|| client_config(authorities, "receivers of webhooks")).clone()
    }
}
