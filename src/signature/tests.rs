use super::*;
use crate::testing::{SeededEntropy, sign};
use proptest::prelude::*;

const NOW: Timestamp = Timestamp::from_seconds(1_795_327_200);

fn secret(seed: u64) -> SigningSecret {
    SigningSecret::mint(&SeededEntropy::new(seed))
}

fn check(secret: &SigningSecret, timestamp: &str, signature: &str, body: &[u8]) -> Checked {
    Signed { timestamp, signature, body }.check([secret], NOW)
}

/// Signed that many seconds after our clock, or before if negative.
fn at(ahead: i64) -> Checked {
    let timestamp = (NOW.seconds() + ahead).to_string();
    check(&secret(1), &timestamp, &sign(&secret(1), &timestamp, b"{}"), b"{}")
}

fn is_good(checked: Checked) -> bool {
    matches!(checked, Checked::Good(_))
}

/// RFC 4231, test cases 1 to 4, 6 and 7, with the text split at every position.
#[test]
fn hmac_is_the_standards() {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let counted: Vec<u8> = (1..=25).collect();
    let cases: [(&[u8], &str, &str); 4] = [
        (&[0x0b; 20], "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        (b"Jefe", "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        (
            &[0xaa; 131],
            "Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        ),
        (
            &[0xaa; 131],
            "This is a test using a larger than block-size key and a larger than block-size data. The key needs to be \
             hashed before being used by the HMAC algorithm.",
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
        ),
    ];
    for (key, text, expected) in cases {
        for cut in [0, 1, 5, text.len()] {
            let (before, after) = text.split_at(cut);
            assert_eq!(hex(&hmac(key, before, after.as_bytes()).finalize().into_bytes()), expected);
        }
    }
    for (key, byte, expected) in [
        (&[0xaa; 20][..], 0xdd, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
        (&counted, 0xcd, "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
    ] {
        assert_eq!(hex(&hmac(key, "", &[byte; 50]).finalize().into_bytes()), expected);
    }
}

#[test]
fn a_signature_holds_for_five_minutes_either_way() {
    for ahead in [-300, -1, 0, 1, 300] {
        assert!(is_good(at(ahead)), "{ahead}");
    }
    for ahead in [-301, 301, -86_400, 86_400] {
        assert_eq!(at(ahead), Checked::OutOfTime { ahead });
    }
    let timestamp = (NOW.seconds() - 300).to_string();
    let signature = sign(&secret(1), &timestamp, b"{}");
    let signed = Signed { timestamp: &timestamp, signature: &signature, body: b"{}" };
    let late = signed.check([&secret(1)], NOW + Duration::from_micros(1));
    assert_eq!(late, Checked::OutOfTime { ahead: -301 }, "a blink too late is too late");
}

#[test]
fn after_a_rotation_both_secrets_sign_and_no_third() {
    let timestamp = NOW.seconds().to_string();
    let both = [secret(2), secret(1)];
    for (seed, good) in [(1, true), (2, true), (3, false)] {
        let signature = sign(&secret(seed), &timestamp, b"body");
        let signed = Signed { timestamp: &timestamp, signature: &signature, body: b"body" };
        assert_eq!(is_good(signed.check(&both, NOW)), good, "{seed}");
    }
    let signature = sign(&secret(1), &timestamp, b"body");
    let signed = Signed { timestamp: &timestamp, signature: &signature, body: b"body" };
    assert_eq!(signed.check([], NOW), Checked::Wrong { ahead: 0 }, "without a secret nothing is signed");
}

#[test]
fn there_is_one_way_to_write_each() {
    let (now, secret) = (NOW.seconds().to_string(), secret(1));
    let signature = sign(&secret, &now, b"");
    assert!(is_good(check(&secret, &now, &signature, b"")));
    for timestamp in [
        String::new(),
        format!(" {now}"),
        format!("{now} "),
        format!("+{now}"),
        format!("-{now}"),
        format!("0{now}"),
        format!("{now}.0"),
        format!("{now}000"),
        "0x6b02b720".to_owned(),
        "١٧٩٥٣٢٧٢٠٠".to_owned(),
        "2026-11-22T06:00:00Z".to_owned(),
        "9".repeat(40),
        "0".to_owned(),
    ] {
        let signature = sign(&secret, &timestamp, b"");
        assert!(matches!(check(&secret, &timestamp, &signature, b""), Checked::Malformed(_)), "{timestamp:?}");
    }
    for wrong in [
        String::new(),
        signature.to_uppercase(),
        format!("sha256={signature}"),
        format!(" {signature}"),
        format!("{signature}\n"),
        signature[..62].to_owned(),
        format!("{signature}00"),
        signature.replacen(|first: char| first.is_ascii_hexdigit(), "g", 1),
        "é".repeat(32),
    ] {
        assert!(matches!(check(&secret, &now, &wrong, b""), Checked::Malformed(_)), "{wrong:?}");
    }
}

#[test]
fn neither_body_nor_signature_shows_itself() {
    let signed = Signed { timestamp: "1795327200", signature: "5bdcc146", body: b"private" };
    assert_eq!(format!("{signed:?}"), "Signed(\"1795327200\", 7 bytes)");
}

proptest! {
    #[test]
    fn whatever_is_signed_holds(seed: u64, ahead in -300..=300_i64, body: Vec<u8>) {
        let (timestamp, secret) = ((NOW.seconds() + ahead).to_string(), secret(seed));
        let checked = check(&secret, &timestamp, &sign(&secret, &timestamp, &body), &body);
        prop_assert!(is_good(checked), "{checked:?}");
    }

    #[test]
    fn one_other_bit_of_the_body_is_found(mut body in prop::collection::vec(any::<u8>(), 1..200), at: usize, bit in 0..8_u8) {
        let (timestamp, secret) = (NOW.seconds().to_string(), secret(1));
        let signature = sign(&secret, &timestamp, &body);
        let at = at % body.len();
        body[at] ^= 1 << bit;
        prop_assert_eq!(check(&secret, &timestamp, &signature, &body), Checked::Wrong { ahead: 0 });
    }

    #[test]
    fn one_other_digit_of_the_signature_is_found(at in 0..64_usize, with in "[0-9a-f]") {
        let (timestamp, secret) = (NOW.seconds().to_string(), secret(1));
        let signature = sign(&secret, &timestamp, b"body");
        let changed = format!("{}{with}{}", &signature[..at], &signature[at + 1..]);
        prop_assert_eq!(is_good(check(&secret, &timestamp, &changed, b"body")), changed == signature);
    }

    /// Splitting the same text elsewhere does not give another request with the same signature.
    #[test]
    fn no_digit_wanders_between_timestamp_and_body(ahead in -300..=300_i64, body in "[0-9]{0,12}", cut in 1..22_usize) {
        let (timestamp, secret) = ((NOW.seconds() + ahead).to_string(), secret(1));
        let signature = sign(&secret, &timestamp, body.as_bytes());
        let text = format!("{timestamp}{body}");
        let cut = cut.min(text.len());
        let (before, after) = text.split_at(cut);
        let checked = check(&secret, before, &signature, after.as_bytes());
        prop_assert_eq!(is_good(checked), cut == timestamp.len());
    }

    #[test]
    fn junk_is_refused_and_never_panics(timestamp in ".*|[0-9]{1,30}", signature in ".*|[0-9a-f]{64}", body: Vec<u8>, now: i64) {
        let signed = Signed { timestamp: &timestamp, signature: &signature, body: &body };
        prop_assert!(!is_good(signed.check([&secret(1)], Timestamp::from_micros(now))));
    }
}
