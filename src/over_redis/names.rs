//! The names of keys in Redis: keyed hashes, so that Redis holds neither ids nor addresses nor signatures.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

use crate::vault::Vault;

/// In a cluster, what one script touches has to be on one server: names are spread over so many parts.
const PARTS: u8 = 64;

pub(super) struct Names {
    prefix: String,
    vault: Vault,
    parts: u8,
}

/// A part of a cluster; elsewhere there is one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Part(u8);

impl Names {
    pub fn new(prefix: String, vault: Vault, is_cluster: bool) -> Self {
        Self { prefix, vault, parts: if is_cluster { PARTS } else { 1 } }
    }

    /// The part of something, from its name.
    pub fn part(&self, of: &[&[u8]]) -> Part {
        Part(self.hash("part", of)[0] % self.parts)
    }

    pub fn parts(&self) -> impl Iterator<Item = Part> + use<> {
        (0..self.parts).map(Part)
    }

    pub fn key(&self, part: Part, kind: &str, of: &[&[u8]]) -> String {
        let hash = BASE64_URL_SAFE_NO_PAD.encode(&self.hash(kind, of)[..18]);
        format!("{}{{p{}}}{kind}:{hash}", self.prefix, part.0)
    }

    /// Of one call of a process: what it answered.
    pub fn once(&self, part: Part, process: &str, number: u64) -> String {
        format!("{}{{p{}}}once:{process}:{number}", self.prefix, part.0)
    }

    /// Other portals have another one.
    pub fn epoch(&self, part: Part) -> String {
        self.key(part, "epoch", &[])
    }

    fn hash(&self, kind: &str, of: &[&[u8]]) -> [u8; 32] {
        let mut parts = vec![b"redis".as_slice(), kind.as_bytes()];
        parts.extend(of);
        self.vault.name(&parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::MasterKey;

    #[test]
    fn a_name_says_nothing_and_stays_in_its_part() {
        let vault = |seed| Vault::new(&MasterKey::mint(&crate::testing::SeededEntropy::new(seed)));
        let names = Names::new("keys:".to_owned(), vault(1), true);
        let part = names.part(&[b"key_1"]);
        let name = names.key(part, "limit", &[b"key_1"]);
        assert!(name.starts_with(&format!("keys:{{p{}}}limit:", part.0)) && !name.contains("key_1"), "{name}");
        assert_eq!(names.key(part, "limit", &[b"key_1"]), name);
        assert_ne!(names.key(part, "limit", &[b"key_2"]), name);
        assert_ne!(Names::new("keys:".to_owned(), vault(2), true).key(part, "limit", &[b"key_1"]), name);
        assert_eq!(names.parts().count(), 64);
        assert_eq!(Names::new(String::new(), vault(1), false).part(&[b"any"]), Part(0));
    }
}
