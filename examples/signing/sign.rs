//! Signs a request as docs/signatures.md says, with the crates `hmac` and `sha2`.
//!
//!     SIGNING_SECRET=sgn_… cargo run --example sign < body

use std::{
    env,
    io::{self, Read},
    time::{SystemTime, UNIX_EPOCH},
};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The timestamp as it is sent, then the body as it is sent, with nothing between.
pub fn signature(secret: &str, timestamp: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(timestamp.as_bytes());
    mac.update(body);
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What goes with the request, beside the key. Sign each request anew, a retry too.
#[allow(clippy::disallowed_methods, reason = "a client has no clock but the machine's")]
pub fn headers(secret: &str, body: &[u8]) -> [(&'static str, String); 2] {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970");
    let timestamp = now.as_secs().to_string();
    let signature = signature(secret, &timestamp, body);
    [("X-Sallyport-Timestamp", timestamp), ("X-Sallyport-Signature", signature)]
}

fn main() -> io::Result<()> {
    let secret = env::var("SIGNING_SECRET").expect("SIGNING_SECRET holds the signing secret");
    let mut body = Vec::new();
    io::stdin().read_to_end(&mut body)?;
    for (name, value) in headers(&secret, &body) {
        println!("{name}: {value}");
    }
    Ok(())
}
