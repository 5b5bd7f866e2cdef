use proptest::prelude::*;
use sha2::{Digest, Sha256};

use super::*;
use crate::audit::hex;
use rule::RuleInput;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

fn read_all(text: &str) -> Result<ImportFile, Invalid> {
    read(text.as_bytes(), &RuleInput::default(), &Profile::standard(), NOW)
}

fn one(text: &str) -> Result<ForeignKey, String> {
    let mut file = read_all(text).expect("a file");
    assert_eq!(file.lines.len(), 1);
    file.lines.remove(0).key.map_err(|invalid| invalid.to_string())
}

const PLAIN: &str = "legacy_0123456789abcdef";

#[test]
fn plaintext_is_digested_and_its_hash_is_read_in_each_form() {
    use base64::Engine;
    use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
    let digest: [u8; 32] = Sha256::digest(PLAIN).into();
    let rest = r#""label":"CI","environment":"production","scopes":["read"]"#;
    let plain = one(&format!(r#"{{"key":"{PLAIN}",{rest}}}"#)).expect("good");
    assert_eq!(plain.sha256, digest);
    assert!(!format!("{plain:?}").contains(PLAIN));
    let (standard, url) = (BASE64_STANDARD.encode(digest), BASE64_URL_SAFE_NO_PAD.encode(digest));
    for hash in [hex(&digest), hex(&digest).to_uppercase(), standard.clone(), url, format!("sha256:{}", hex(&digest))] {
        assert_eq!(one(&format!(r#"{{"sha256":"{hash}",{rest}}}"#)).expect("good").sha256, digest);
    }
    let unkey = format!(r#"{{"hash":{{"value":"{standard}","variant":"sha256_base64"}},"start":"uk_3ab",{rest}}}"#);
    let unkey = one(&unkey).expect("good");
    assert_eq!((unkey.sha256, &*unkey.shown), (digest, "uk_3ab…"));
}

#[test]
fn slow_hashes_are_refused_with_the_reason() {
    let rest = r#""label":"CI","environment":"production","scopes":"read""#;
    for (hash, name) in [
        ("$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW", "bcrypt"),
        ("$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b27Gw", "argon2"),
        ("$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4", "scrypt"),
        ("pbkdf2_sha256$600000$salt$hash", "PBKDF2"),
        ("5f4dcc3b5aa765d61d8327deb882cf99", "MD5"),
        ("too short", "64 hexadecimal"),
    ] {
        let refused = one(&format!(r#"{{"sha256":"{hash}",{rest}}}"#)).expect_err("slow");
        assert!(refused.contains(name) && !refused.contains(hash), "{refused}");
    }
}

#[test]
fn both_formats_say_the_same() {
    let csv =
        format!("key,label,environment,scopes,expires_at\n{PLAIN},CI,production,read write,2030-01-01T00:00:00Z\n");
    let json = format!(
        r#"{{"key":"{PLAIN}","name":"CI","mode":"live","permissions":["read","write"],"expires":1893456000000}}"#
    );
    assert_eq!(one(&csv), one(&json));
    let file = read_all(&json).expect("good");
    assert_eq!((file.rule.min_length, file.rule.max_length), (PLAIN.len(), PLAIN.len()), "as long as its keys");
}

#[test]
fn wrong_lines_name_their_fields_and_hide_their_values() {
    for (line, field) in [
        (r#"{"key":"short","label":"a","environment":"production","scopes":["read"]}"#, "key"),
        (r#"{"label":"a","environment":"production","scopes":["read"]}"#, "key"),
        (r#"{"key":"legacy_0123456789abcdef","environment":"moon","scopes":["read"]}"#, "environment"),
        (r#"{"key":"legacy_0123456789abcdef","environment":"production"}"#, "scopes"),
        (
            r#"{"key":"legacy_0123456789abcdef","environment":"production","scopes":["read"],"enabled":false}"#,
            "not known",
        ),
        (r#"{"key":"legacy_0123456789abcdef", oops"#, "not a JSON object"),
        (r#"{"key":"legacy_0123456789abcdef","sha256":"x","environment":"production","scopes":["read"]}"#, "not both"),
        (
            r#"{"key":"legacy_0123456789abcdef","environment":"production","scopes":["read"],"expires_at":"soon"}"#,
            "expires_at",
        ),
        (
            r#"{"key":"legacy_0123456789abcdef","environment":"production","scopes":["read"],"limit_per_day":"-1"}"#,
            "limit_per_day",
        ),
    ] {
        let refused = one(line).expect_err(line);
        assert!(refused.contains(field) && !refused.contains("legacy_"), "{line}: {refused}");
    }
}

#[test]
fn files_are_bounded() {
    let field = |text: &str| read_all(text).expect_err("refused").0[0].field;
    assert_eq!(field(""), "file");
    assert_eq!(field("label,environment\na,b\n"), "file");
    assert_eq!(field(&"{}\n".repeat(MOST_LINES + 1)), "file");
    assert_eq!(field(&" ".repeat(MOST_BYTES + 1)), "file");
    assert!(read(&[0xff, b'{'], &RuleInput::default(), &Profile::standard(), NOW).is_err());
    let long = format!(r#"{{"key":"{}"}}"#, "x".repeat(MOST_LINE));
    assert!(one(&long).expect_err("long").contains("KiB"));
}

#[test]
fn a_rule_bounds_what_is_looked_up() {
    let rule = |prefix: &str, min, max| {
        RuleInput { prefix: Some(prefix.to_owned()), min_length: min, max_length: max }.check()
    };
    let legacy = rule("legacy_", Some(20), Some(30)).expect("good");
    assert!(legacy.admits(PLAIN));
    for other in ["legacy_0123", "other__0123456789abcdef", "legacy_0123456789 bcdef", "legacy_0123456789abcdéf", ""] {
        assert!(!legacy.admits(other), "{other}");
    }
    assert!(
        rule("a b", None, None).is_err() && rule("", Some(1), None).is_err() && rule("", Some(40), Some(30)).is_err()
    );
}

proptest! {
    #[test]
    fn any_file_is_read_without_a_panic(text in "(?s).{0,300}|[{}\":,a-z0-9\\n]{0,200}|key,label\\n(?s:.{0,200})") {
        let _ = read_all(&text);
        let _ = read_all(&format!("{{{text}"));
        let _ = read_all(&format!("key,label\n{text}"));
    }

    #[test]
    fn any_hash_is_read_without_a_panic(text in ".{0,150}") {
        let _ = hash::sha256(&text);
    }

    #[test]
    fn a_written_file_is_read_back(keys in prop::collection::vec("[!-~]{12,60}", 1..20)) {
        let json: String = keys.iter()
            .map(|key| serde_json::json!({ "key": key, "environment": "production", "scopes": ["read"] }).to_string() + "\n")
            .collect();
        let csv: String = keys.iter()
            .map(|key| format!("\"{}\",production,read\n", key.replace('"', "\"\"")))
            .collect();
        let wanted: Vec<[u8; 32]> = keys.iter().map(|key| Sha256::digest(key).into()).collect();
        for text in [json, format!("key,environment,scopes\n{csv}")] {
            let file = read_all(&text).expect("a file");
            let read: Vec<_> = file.lines.iter().map(|line| line.key.as_ref().expect("good").sha256).collect();
            prop_assert_eq!(&read, &wanted);
            prop_assert!(keys.iter().all(|key| file.rule.admits(key)));
        }
    }

    #[test]
    fn every_digest_is_read_in_hex(digest: [u8; 32]) {
        prop_assert_eq!(hash::sha256(&hex(&digest)), Ok(digest));
    }
}
