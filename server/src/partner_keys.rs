//! The public keys with which a partner that scans for leaked secrets signs its reports: in the form that GitHub publishes
//! them, from a file or an address. They are read again once a day, and when a report names one that is not known.

use std::{
    collections::HashMap,
    fs,
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use rustls::pki_types::{SubjectPublicKeyInfoDer, pem::PemObject};
use sallyport::clock::Elapsed;
use serde::Deserialize;
use tokio::sync::Mutex;
use ureq::{
    Agent,
    tls::{RootCerts, TlsConfig},
};

/// They are read again after this time.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// The least time between two readings, so that reports with invented names ask for nothing more.
const PAUSE: Duration = Duration::from_secs(60);

/// The time limit of a reading, the most that is read, and the most keys.
const LIMIT: Duration = Duration::from_secs(10);
const SIZE: u64 = 256 * 1024;
const MOST: usize = 100;

/// A public key for ECDSA on P-256 as RFC 5480 encodes it: this, then the point, which is not compressed.
const P256: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
const POINT: usize = 65;

/// Where the keys are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    File(PathBuf),
    Url(String),
}

/// As GitHub publishes them.
#[derive(Deserialize)]
struct Published {
    public_keys: Vec<PublishedKey>,
}

#[derive(Deserialize)]
struct PublishedKey {
    key_identifier: String,
    /// PEM.
    key: String,
}

/// By identifier, the points.
type Points = HashMap<String, Vec<u8>>;

#[derive(Default)]
struct Kept {
    points: Arc<Points>,
    /// When they were read, when that was tried last, and whether it failed then.
    read: Option<Duration>,
    tried: Option<Duration>,
    failed: bool,
}

pub struct PartnerKeys {
    source: KeySource,
    elapsed: Elapsed,
    kept: RwLock<Kept>,
    reading: Mutex<()>,
}

impl PartnerKeys {
    pub fn new(source: KeySource, elapsed: Elapsed) -> Self {
        Self { source, elapsed, kept: RwLock::default(), reading: Mutex::default() }
    }

    /// Whether the key with this identifier signed these bytes. The error says why that can't be known now.
    pub async fn signed(&self, identifier: &str, signature: &str, body: &[u8]) -> Result<bool, String> {
        let Ok(signature) = BASE64_STANDARD.decode(signature.trim()) else { return Ok(false) };
        let Some(points) = self.with(identifier).await? else { return Ok(false) };
        let Some(point) = points.get(identifier) else { return Ok(false) };
        Ok(UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(body, &signature).is_ok())
    }

    /// The keys with this one among them; `None` if there is no such key.
    async fn with(&self, identifier: &str) -> Result<Option<Arc<Points>>, String> {
        let known = |points: &Arc<Points>| points.contains_key(identifier).then(|| Arc::clone(points));
        let (points, is_due) = self.kept();
        if let (Some(points), false) = (known(&points), is_due) {
            return Ok(Some(points));
        }
        let read = self.read().await;
        let (points, _) = self.kept();
        match (known(&points), read) {
            // Those from before are as good as they were.
            (Some(points), _) => Ok(Some(points)),
            (None, Ok(())) => Ok(None),
            (None, Err(why)) => Err(why),
        }
    }

    fn kept(&self) -> (Arc<Points>, bool) {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        let age = kept.read.map(|read| (self.elapsed)().saturating_sub(read));
        (Arc::clone(&kept.points), age.is_none_or(|age| age >= KEPT))
    }

    /// Reads the keys, unless that was tried just now: by one at a time.
    pub async fn read(&self) -> Result<(), String> {
        let _reading = self.reading.lock().await;
        let now = (self.elapsed)();
        let (failed, tried) = {
            let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
            (kept.failed, kept.tried)
        };
        if tried.is_some_and(|tried| now.saturating_sub(tried) < PAUSE) {
            // A key that is not among those from before may be a new one.
            return if failed { Err("they could not be read just now".to_owned()) } else { Ok(()) };
        }
        {
            let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
            // Until they are read: a request that is dropped here has not read them.
            (kept.tried, kept.failed) = (Some(now), true);
        }
        let source = self.source.clone();
        let text = tokio::task::spawn_blocking(move || text_of(&source)).await;
        let text = text.map_err(|error| error.to_string()).and_then(|text| text);
        let points = text.and_then(|text| parse(&text));
        let points = points.inspect_err(|why| tracing::warn!(why, "the partner's public keys can't be read"))?;
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        (kept.points, kept.read, kept.failed) = (Arc::new(points), Some(now), false);
        Ok(())
    }
}

fn text_of(source: &KeySource) -> Result<String, String> {
    match source {
        KeySource::File(path) => {
            let too_large = || Err(format!("{} is larger than {SIZE} bytes", path.display()));
            match fs::metadata(path) {
                Ok(file) if file.len() > SIZE => too_large(),
                _ => fs::read_to_string(path).map_err(|error| format!("{} can't be read: {error}", path.display())),
            }
        }
        KeySource::Url(url) => {
            let config = Agent::config_builder()
                .timeout_global(Some(LIMIT))
                .max_redirects(0)
                .user_agent(concat!("Sallyport/", env!("CARGO_PKG_VERSION")))
                .tls_config(TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build());
            let agent: Agent = config.build().into();
            let mut response = agent.get(url).call().map_err(|error| format!("{url}: {error}"))?;
            response.body_mut().with_config().limit(SIZE).read_to_string().map_err(|error| format!("{url}: {error}"))
        }
    }
}

fn parse(text: &str) -> Result<Points, String> {
    let published: Published =
        serde_json::from_str(text).map_err(|error| format!("they are not as GitHub publishes them: {error}"))?;
    let mut points = Points::new();
    for PublishedKey { key_identifier, key } in published.public_keys.into_iter().take(MOST) {
        let encoded = SubjectPublicKeyInfoDer::from_pem_slice(key.as_bytes());
        let encoded = encoded.map_err(|_| format!("the key {key_identifier} is not in PEM"))?;
        match encoded.as_ref().strip_prefix(&P256) {
            Some(point) if point.len() == POINT => drop(points.insert(key_identifier, point.to_vec())),
            _ => return Err(format!("the key {key_identifier} is not one for ECDSA on P-256")),
        }
    }
    Ok(points)
}

#[cfg(test)]
mod tests;
