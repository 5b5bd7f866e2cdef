//! `docs/signatures.json`: its results agree with the verifier and with the examples in three languages.

#[path = "../examples/signing/sign.rs"]
#[allow(dead_code, reason = "the test calls what signs, and not the program around it")]
mod example;

use std::{
    io::Write,
    process::{Command, Stdio},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use sallyport::{
    Timestamp,
    signature::{Checked, Signed, WINDOW},
    testing::signing_secret,
};
use serde::Deserialize;

const JSON: &str = include_str!("../docs/signatures.json");

#[derive(Deserialize)]
struct Document {
    now: i64,
    window_seconds: u64,
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    name: String,
    secret: String,
    timestamp: String,
    body: Option<String>,
    body_base64: String,
    signature: String,
    expected: String,
}

impl Vector {
    fn body(&self) -> Vec<u8> {
        BASE64_STANDARD.decode(&self.body_base64).expect("base64")
    }
}

fn document() -> Document {
    serde_json::from_str(JSON).expect("the vectors are JSON")
}

/// Signs every vector in another language: a line for each.
fn signed_by(program: &str, arguments: &[&str], package: &str) -> Vec<String> {
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program}: {error}. To run this test: sudo apt-get install {package}"));
    child.stdin.take().expect("piped").write_all(JSON.as_bytes()).expect("written");
    let output = child.wait_with_output().expect("ended");
    assert!(output.status.success());
    String::from_utf8(output.stdout).expect("text").lines().map(str::to_owned).collect()
}

/// A signer's result is the vector's signature if that is valid or only out of time; otherwise it differs.
fn compare(signed: Vec<String>) {
    let vectors = document().vectors;
    assert_eq!(signed.len(), vectors.len());
    for (vector, signed) in vectors.iter().zip(signed) {
        match vector.expected.as_str() {
            "good" | "out_of_time" => assert_eq!(signed, vector.signature, "{}", vector.name),
            "wrong" => assert_ne!(signed, vector.signature, "{}", vector.name),
            // The error may be in the timestamp only.
            _ => {}
        }
    }
}

#[test]
fn the_verifier_says_what_is_written() {
    let Document { now, window_seconds, vectors } = document();
    assert_eq!(window_seconds, WINDOW.as_secs());
    assert!(vectors.len() > 30);
    for vector in &vectors {
        let body = vector.body();
        if let Some(text) = &vector.body {
            assert_eq!(text.as_bytes(), body, "{}", vector.name);
        }
        let secret = signing_secret(&vector.secret);
        let signed = Signed { timestamp: &vector.timestamp, signature: &vector.signature, body: &body };
        let checked = match signed.check([&secret], Timestamp::from_seconds(now)) {
            Checked::Good(_) => "good",
            Checked::Wrong { .. } => "wrong",
            Checked::OutOfTime { .. } => "out_of_time",
            Checked::Malformed(_) => "malformed",
        };
        assert_eq!(checked, vector.expected, "{}", vector.name);
    }
}

#[test]
fn rust_signs_as_written() {
    let vectors = document().vectors;
    compare(vectors.iter().map(|one| example::signature(&one.secret, &one.timestamp, &one.body())).collect());
}

#[test]
fn python_signs_as_written() {
    let code = "import base64, json, sys\n\
        sys.path.insert(0, 'examples/signing')\n\
        from sign import signature\n\
        for one in json.load(sys.stdin)['vectors']:\n    \
            print(signature(one['secret'], one['timestamp'], base64.b64decode(one['body_base64'])))";
    compare(signed_by("python3", &["-c", code], "python3"));
}

#[test]
fn node_signs_as_written() {
    let code = "import { readFileSync } from 'node:fs';\n\
        import { signature } from './examples/signing/sign.mjs';\n\
        for (const one of JSON.parse(readFileSync(0, 'utf8')).vectors)\n  \
            console.log(signature(one.secret, one.timestamp, Buffer.from(one.body_base64, 'base64')));";
    compare(signed_by("node", &["--input-type=module", "-e", code], "nodejs"));
}

/// The document shows one of them.
#[test]
fn the_page_shows_a_vector() {
    let page = include_str!("../docs/signatures.md");
    let first = &document().vectors[0];
    for shown in [&first.secret, &first.timestamp, &first.signature, first.body.as_ref().expect("text")] {
        assert!(page.contains(shown.as_str()), "{shown}");
    }
}
