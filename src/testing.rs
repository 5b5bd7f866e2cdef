//! For tests: seeded randomness, an adjustable clock, builders, and stores on either database.

mod authenticator;
mod database;
mod earlier;
mod faults;
pub mod picture;
mod proxy;
mod redis;

pub use self::redis::RedisServer;
pub use authenticator::Authenticator;
pub use database::TestStore;
pub use earlier::{EARLIER, EARLIER_ROWS, earlier_master_key, make_earlier};
pub use proxy::{Proxy, Way};

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicI64, Ordering},
};
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use rand::{Rng, SeedableRng, rngs::StdRng};
use sha2::Sha256;

use crate::{
    Clock, Entropy, Timestamp,
    id::{AppId, KeyId, OrgId, ProjectId, TenantId},
    key::{
        Key, LimitOverride, Metadata, Restrictions, SigningSecret,
        record::{AppOwner, KeyEnvironment, KeyHolder, KeyRecord},
    },
    plan::Plan,
    profile::{HolderKind, Mode},
};

/// The same bytes for the same seed.
pub struct SeededEntropy(Mutex<StdRng>);

impl SeededEntropy {
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(StdRng::seed_from_u64(seed)))
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.lock().expect("no test panics while drawing").fill_bytes(bytes);
    }
}

/// A clock that only moves when it is set.
pub struct TurnedClock(AtomicI64);

impl Default for TurnedClock {
    fn default() -> Self {
        // 2026-11-22T06:00:00Z
        Self(AtomicI64::new(1_795_327_200_000_000))
    }
}

impl TurnedClock {
    pub fn turn(&self, by: Duration) {
        let micros = i64::try_from(by.as_micros()).expect("a turn of less than 290,000 years");
        self.0.fetch_add(micros, Ordering::SeqCst);
    }
}

impl Clock for TurnedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// A signing secret from its text.
pub fn signing_secret(text: &str) -> SigningSecret {
    SigningSecret::opened(text.as_bytes().to_vec().into()).expect("text")
}

/// The value of the signature header.
pub fn sign(secret: &SigningSecret, timestamp: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()).expect("HMAC takes a key of any length");
    mac.update(timestamp.as_bytes());
    mac.update(body);
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An active live key with the scope `read` and a signing secret.
pub fn key() -> Key {
    let KeyRecord { key_id, owner, environment, .. } = key_record();
    Key {
        id: key_id,
        org_id: owner.org_id.clone(),
        app_id: owner.app.as_ref().map(|app| app.app_id.clone()),
        owner: HolderKind::App,
        owner_id: None,
        owner_name: "Focus and calm".to_owned(),
        label: "CI".to_owned(),
        environment: environment.name.to_string(),
        mode: environment.mode,
        shown: "sk_live_7Hq2…x9Ka".to_owned(),
        is_imported: false,
        secret_since: TurnedClock::default().now(),
        previous_until: None,
        scopes: vec!["read".to_owned()],
        has_signing_secret: true,
        signing_version: 1,
        signing_before_until: None,
        restrictions: Restrictions::default(),
        created_at: TurnedClock::default().now(),
        created_by: None,
        expires_at: None,
        last_used_at: None,
        metadata: Metadata::NONE,
        suspended: false,
        paused: None,
        resumed_at: None,
        revoked: None,
        trust_rule: None,
    }
}

/// The same as verifiers cache it, without a signing secret.
pub fn key_record() -> KeyRecord {
    let entropy = SeededEntropy::new(0);
    let profile = crate::profile::Profile::standard();
    KeyRecord {
        key_id: KeyId::mint(&entropy),
        label: "CI".into(),
        owner: Arc::new(key_owner(&entropy)),
        environment: Arc::new(KeyEnvironment { name: "production".into(), mode: Mode::Live }),
        scopes: profile.set(["read"]),
        expires_at: None,
        revoked: false,
        paused: false,
        secret_n: 1,
        secret_ended: false,
        extras: None,
    }
}

/// An app on the plan *Starter*.
pub fn key_owner(entropy: &dyn Entropy) -> KeyHolder {
    KeyHolder {
        org_id: OrgId::mint("Focus", entropy),
        app: Some(AppOwner {
            tenant_id: TenantId::mint("Development", entropy),
            project_id: ProjectId::mint("Biosignals", entropy),
            app_id: AppId::mint("Focus and calm", entropy),
            ingestion_verified: false,
            limits: LimitOverride::default(),
        }),
        plan: Plan::Starter,
        suspended: false,
    }
}
