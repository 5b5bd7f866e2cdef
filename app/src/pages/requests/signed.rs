//! The signed text with the hash of the body in its place, and the difference of the clocks.

use leptos::prelude::*;
use sallyport::{decision::SignedText, signature::Checked};

use crate::{
    components::{Card, CodeBlock, Fact, Facts},
    words::digits,
};

#[component]
pub fn SignedFacts(signed: SignedText) -> impl IntoView {
    let clock = clock(&signed);
    let hash: String = signed.body_sha256.iter().map(|byte| format!("{byte:02x}")).collect();
    let size = digits(signed.body_bytes);
    let string = format!("{} + body (SHA-256 {hash})", signed.timestamp);
    view! {
        <Card title="What was signed">
            <Facts>
                <Fact label="Signer’s clock">{clock}</Fact>
                <Fact label="Timestamp"><code>{signed.timestamp.to_string()}</code></Fact>
                <Fact label="Body">{format!("{size} bytes; not kept")}</Fact>
            </Facts>
            <p class="muted">
                "The signed string is the timestamp, then the body as it was sent, with nothing between. Compare this with
                what you signed: "<code>"sha256sum"</code>" of the body has to be the same."
            </p>
            <CodeBlock text=string name="Copy the signed string"/>
        </Card>
    }
}

/// "12 s behind ours".
pub fn clock(signed: &SignedText) -> String {
    match (signed.checked, signed.ahead()) {
        (Checked::Malformed(_), _) | (_, None) => "Unknown".to_owned(),
        (_, Some(0)) => "The same as ours".to_owned(),
        (_, Some(ahead)) if ahead > 0 => format!("{} s ahead of ours", digits(ahead)),
        (_, Some(behind)) => format!("{} s behind ours", digits(behind.saturating_neg())),
    }
}
