//! The public keys with which checkpoints are verified, read from a file: those that are valid, and those that were revoked.

use serde_json::Value;

use super::checkpoint::{BadNote, Checkpoint, PublicKey};

/// Public keys of a portal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PublicKeys {
    pub valid: Vec<PublicKey>,
    /// Somebody else may have these: what they signed proves nothing.
    pub revoked: Vec<PublicKey>,
}

/// The checkpoints of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opened {
    pub checkpoints: Vec<Checkpoint>,
    /// How many were left out, because their key was revoked.
    pub revoked: usize,
}

impl PublicKeys {
    /// All keys of a file: the published JSON, or keys one a line. `None` if it has none, or one that is malformed.
    pub fn parse(text: &str) -> Option<Self> {
        let mut keys = Self::default();
        match serde_json::from_str::<Value>(text) {
            Ok(published) => {
                for key in published["keys"].as_array()? {
                    let public = PublicKey::parse(key["public_key"].as_str()?)?;
                    let list = if key["revoked"].is_null() { &mut keys.valid } else { &mut keys.revoked };
                    list.push(public);
                }
            }
            Err(_) => {
                let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
                keys.valid = lines.map(PublicKey::parse).collect::<Option<_>>()?;
            }
        }
        (keys != Self::default()).then_some(keys)
    }

    /// The checkpoint in a note that a valid key has signed.
    pub fn open(&self, note: &str) -> Result<Checkpoint, BadNote> {
        match Checkpoint::open(note, &self.valid) {
            Err(BadNote::Unsigned) if Checkpoint::open(note, &self.revoked).is_ok() => Err(BadNote::Revoked),
            opened => opened,
        }
    }

    /// All checkpoints of a file: one note, or a line of JSON with a `note` for each. Those that only a revoked key has
    /// signed are left out, unless there is no other.
    pub fn open_all(&self, text: &str) -> Result<Opened, BadNote> {
        let note = |line: &str| serde_json::from_str::<Value>(line).ok()?["note"].as_str().map(str::to_owned);
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        let notes: Option<Vec<_>> =
            if text.starts_with('{') { lines.map(note).collect() } else { Some(vec![text.to_owned()]) };
        let mut all = Opened::default();
        for note in notes.ok_or(BadNote::Malformed)? {
            match self.open(&note) {
                Err(BadNote::Revoked) => all.revoked += 1,
                opened => all.checkpoints.push(opened?),
            }
        }
        if all.revoked > 0 && all.checkpoints.is_empty() { Err(BadNote::Revoked) } else { Ok(all) }
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine, prelude::BASE64_STANDARD};
    use serde_json::json;

    use super::*;
    use crate::audit::checkpoint::SigningKey;

    const PORTAL: &str = "keys.example.com/audit";

    fn key(n: u8) -> SigningKey {
        SigningKey::of_seed(&[n; 32])
    }

    fn checkpoint() -> Checkpoint {
        Checkpoint { origin: format!("{PORTAL}/org_x"), size: 7, root: [9; 32], first_format: 0 }
    }

    #[test]
    fn a_file_has_one_or_many() {
        let note = checkpoint().signed(&key(1), PORTAL);
        let keys = PublicKeys { valid: vec![key(1).public()], revoked: Vec::new() };
        let line = json!({ "note": note }).to_string();
        let opened = |checkpoints| Ok(Opened { checkpoints, revoked: 0 });
        assert_eq!(keys.open_all(&note), opened(vec![checkpoint()]));
        assert_eq!(keys.open_all(&format!("{line}\n{line}\n")), opened(vec![checkpoint(), checkpoint()]));
        assert_eq!(keys.open_all("{}\n"), Err(BadNote::Malformed));
    }

    #[test]
    fn they_are_read_in_each_form() {
        let public = key(1).public();
        let verifier = public.verifier_key(PORTAL);
        let base64 = BASE64_STANDARD.encode(public.0);
        let published = json!({ "keys": [{ "public_key": base64, "revoked": null }] }).to_string();
        let valid = |public| Some(PublicKeys { valid: vec![public], revoked: Vec::new() });
        for text in [&verifier, &base64, &format!("{verifier}\n\n"), &published] {
            assert_eq!(PublicKeys::parse(text), valid(public), "{text}");
        }
        let renamed = verifier.replace("keys", "other");
        for text in ["", "{}", "{\"keys\":[]}", "AAAA", &renamed] {
            assert_eq!(PublicKeys::parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_a_revoked_key_signed_is_refused() {
        let base64 = |n: u8| BASE64_STANDARD.encode(key(n).public().0);
        let published = json!({ "keys": [
            { "public_key": base64(1), "revoked": "2026-11-22T06:00:00Z" },
            { "public_key": base64(2), "revoked": null },
        ] });
        let keys = PublicKeys::parse(&published.to_string()).expect("keys");
        for (n, expected) in [(1, Err(BadNote::Revoked)), (2, Ok(checkpoint())), (3, Err(BadNote::Unsigned))] {
            assert_eq!(keys.open(&checkpoint().signed(&key(n), PORTAL)), expected, "{n}");
        }
        let line = |n| format!("{}\n", json!({ "note": checkpoint().signed(&key(n), PORTAL) }));
        let opened = keys.open_all(&(line(1) + &line(2)));
        assert_eq!(opened, Ok(Opened { checkpoints: vec![checkpoint()], revoked: 1 }));
        assert_eq!(keys.open_all(&line(1)), Err(BadNote::Revoked), "there is no other");
    }
}
