//! The parts of a verification, each by itself: for timing (`micro`) and for counting (`instructions`).

use std::{hint::black_box, num::NonZeroU32, time::Duration};

use sallyport::{
    Timestamp,
    key::{
        Ask, PlainSecret,
        secret::{Checked, Pepper},
        verdict::verdict,
    },
    limit::{self, Limit, Limits, Now, State},
    profile::Profile,
    scope::Request,
    testing::{SeededEntropy, key_record},
    vault::{MasterKey, Vault},
};

/// The names of all.
pub const NAMES: [&str; 5] = ["parse", "digest", "verdict", "limiter", "seal"];

const PREFIX: &str = "sk_live_";

/// The work of that name, ready to be done again and again.
pub fn subject(name: &str) -> Box<dyn Fn()> {
    let entropy = SeededEntropy::new(1);
    let secret = PlainSecret::mint(PREFIX, &entropy);
    match name {
        "parse" => Box::new(move || {
            black_box(Checked::parse(PREFIX, black_box(secret.expose())));
        }),
        "digest" => {
            let pepper = Pepper::new([7; 32]);
            Box::new(move || {
                black_box(pepper.digest(black_box(secret.expose())));
            })
        }
        "verdict" => {
            let (key, profile) = (key_record(), Profile::standard());
            Box::new(move || {
                let ask = Ask {
                    scopes: vec!["read"],
                    request: Request::new(Some("GET"), Some("/v1/things/7")),
                    cost: 1,
                    ..Ask::default()
                };
                black_box(verdict(black_box(&ask), &key, &profile, Timestamp::from_seconds(1_000)));
            })
        }
        "limiter" => {
            let limit = Limit::per_minute(NonZeroU32::new(6_000).expect("some"));
            let limits = Limits { minute: Some(limit), ..Limits::default() };
            let now = Now { elapsed: Duration::from_secs(100), at: Timestamp::from_seconds(1_000) };
            Box::new(move || {
                black_box(limit::judge(black_box(State::default()), &limits, NonZeroU32::MIN, now));
            })
        }
        "seal" => {
            let vault = Vault::new(&MasterKey::mint(&entropy));
            Box::new(move || {
                black_box(vault.seal("bench", black_box(secret.expose().as_bytes()), &entropy));
            })
        }
        other => panic!("{other} is none of {NAMES:?}"),
    }
}
