//! Signed requests and webhooks: the vectors of all languages.

use base64::{Engine, prelude::BASE64_STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue};
use sallyport_client::{RequestSignature, SignatureError, WebhookForm, WebhookVerifier, sign_request, verify_request};
use serde_json::{Value, json};

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

#[test]
fn signed_requests() {
    let file: Value = serde_json::from_str(include_str!("../../vectors/signatures.json")).expect("JSON");
    let (vectors, now) = (file["vectors"].as_array().expect("a list"), file["now"].as_i64());
    assert!(vectors.len() > 25);
    for vector in vectors {
        let body = BASE64_STANDARD.decode(text(&vector["body_base64"])).expect("base64");
        let (secret, expected, name) = (text(&vector["secret"]), text(&vector["expected"]), &vector["name"]);
        let signature = RequestSignature {
            timestamp: text(&vector["timestamp"]),
            signature: text(&vector["signature"]),
            body: &body,
        };
        if matches!(expected, "good" | "out_of_time") {
            let signed = sign_request(secret, &body, signature.timestamp.parse().ok());
            assert_eq!(signed, (signature.timestamp.to_owned(), signature.signature.to_owned()), "{name}");
        }
        let verified = verify_request(&[secret], &signature, now);
        assert_eq!(verified.err().map_or("good", SignatureError::code), expected, "{name}");
        if expected == "good" {
            assert_eq!(verify_request(&["sgn_other", secret], &signature, now), Ok(()), "{name}");
            assert_eq!(verify_request(&["sgn_other"], &signature, now), Err(SignatureError::Wrong), "{name}");
            assert_eq!(verify_request(&[], &signature, now), Err(SignatureError::Wrong), "{name}");
        }
    }
    let (timestamp, signature) = sign_request("sgn_1", b"{}", None);
    let signature = RequestSignature { timestamp: &timestamp, signature: &signature, body: b"{}" };
    assert_eq!(verify_request(&["sgn_1"], &signature, None), Ok(()));
    let (timestamp, empty) = sign_request("", b"", None);
    let empty = RequestSignature { timestamp: &timestamp, signature: &empty, body: b"" };
    assert_eq!(verify_request(&[""], &empty, None), Err(SignatureError::Wrong), "no secret signs nothing");
}

#[test]
fn webhooks() {
    let file: Value = serde_json::from_str(include_str!("../../vectors/webhooks.json")).expect("JSON");
    let vectors = file["vectors"].as_array().expect("a list");
    assert!(vectors.len() > 45);
    for vector in vectors {
        let name = text(&vector["name"]);
        let secrets: Vec<_> = vector["secrets"].as_array().into_iter().flatten().map(text).collect();
        let verifier = WebhookVerifier::new(&secrets).expect("secrets");
        let tolerance = vector["tolerance"].as_u64().or(file["tolerance"].as_u64()).expect("a number");
        let verifier = verifier.tolerance(tolerance);
        let verifier = if vector["form"] == "helios" { verifier.form(WebhookForm::HELIOS) } else { verifier };
        let mut headers = HeaderMap::new();
        for (name, value) in vector["headers"].as_object().expect("an object") {
            let name: HeaderName = name.parse().expect("a name");
            headers.insert(name, HeaderValue::from_bytes(text(value).as_bytes()).expect("a value"));
        }
        let now = vector["now"].as_i64().or(file["now"].as_i64());
        let verified = verifier.verify(text(&vector["body"]).as_bytes(), &headers, now);
        if let Some(code) = vector["code"].as_str() {
            assert_eq!(verified.expect_err(name).code(), code, "{name}");
            continue;
        }
        let event = verified.unwrap_or_else(|error| panic!("{name}: {error}"));
        let told =
            json!({"id": event.id, "type": event.kind, "timestamp": event.timestamp, "sequence": event.sequence});
        assert_eq!(told, vector["event"], "{name}");
        assert!(!format!("{verifier:?}").contains(&secrets[0][6..]));
    }
    for secret in file["bad_secrets"].as_array().expect("a list") {
        assert!(WebhookVerifier::new(&[text(secret)]).is_none(), "{secret}");
    }
    assert!(WebhookVerifier::new(&[]).is_none());
}
