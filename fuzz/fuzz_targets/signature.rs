//! Signature headers: nobody can sign without the secret, and a timestamp has one notation.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use sallyport::{
    Entropy, Timestamp,
    key::SigningSecret,
    signature::{Checked, Signed},
};

struct Zeros;

impl Entropy for Zeros {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

static SECRET: LazyLock<SigningSecret> = LazyLock::new(|| SigningSecret::mint(&Zeros));

fuzz_target!(|input: (&str, &str, &[u8], u32)| {
    let (timestamp, signature, body, now) = input;
    let signed = Signed { timestamp, signature, body };
    let checked = signed.check([&*SECRET], Timestamp::from_seconds(now.into()));
    assert!(!matches!(checked, Checked::Good(_)), "{signed:?}");
});
