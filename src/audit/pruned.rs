//! What stands for the events at the beginning of a chain that are no longer kept: in an export it is the first line.

use serde_json::{Value, json};

use super::{Action, Event, PersonalField, Salt, Salts, export_line::from_hex, personal::hex, tree::Frontier};

/// The events of a chain up to a number, of which only the hashes are left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pruned {
    pub chain: String,
    /// The number of the last of them.
    pub until: i64,
    /// The hash of that event, with which the one after it is chained.
    pub hash: Vec<u8>,
    /// The tree over their hashes.
    pub tree: Frontier,
}

impl Pruned {
    /// As a line of an export.
    pub fn json_line(&self) -> String {
        let tree: Vec<_> = self.tree.roots().iter().map(|root| hex(root)).collect();
        let line = json!({ "chain": self.chain, "pruned_until": self.until, "hash": hex(&self.hash), "tree": tree });
        format!("{line}\n")
    }

    /// `None` if the line is an event. The error says what is wrong with it.
    pub fn parse(line: &str) -> Option<Result<Self, String>> {
        let line: Value = serde_json::from_str(line).ok()?;
        let until = line.get("pruned_until")?;
        let pruned = || {
            let until = until.as_i64().filter(|until| *until > 0)?;
            let roots = line["tree"].as_array()?;
            let roots: Option<Vec<_>> = roots.iter().map(|root| from_hex(root.as_str()?)).collect();
            Some(Self {
                chain: line["chain"].as_str()?.to_owned(),
                until,
                hash: from_hex(line["hash"].as_str()?)?.to_vec(),
                tree: Frontier::from_bytes(u64::try_from(until).ok()?, &roots?.concat())?,
            })
        };
        Some(pruned().ok_or_else(|| "it does not say what was pruned".to_owned()))
    }
}

impl Event {
    /// Up to which event it says that those before were pruned; 0 if it says nothing of it. Details that were erased could
    /// have been replaced by anything.
    pub fn pruned_until(&self) -> i64 {
        let is_proven = match &self.salts {
            Salts::Seed(_) => true,
            Salts::Each(salts) => matches!(salts[PersonalField::Details as usize], Salt::Kept(_)),
            Salts::First | Salts::ErasedFirst => false,
        };
        if self.action != Action::EventsPruned.as_str() || !is_proven {
            return 0;
        }
        let details: Value = serde_json::from_str(&self.details).unwrap_or_default();
        details["pruned_until"].as_i64().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::tree::leaf_hash;

    #[test]
    fn a_line_is_read_again() {
        let mut tree = Frontier::default();
        (0..7_u8).for_each(|n| tree.push(leaf_hash(&[n])));
        let pruned = Pruned { chain: "org_x".to_owned(), until: 7, hash: vec![6; 32], tree };
        let line = pruned.json_line();
        assert_eq!(Pruned::parse(&line), Some(Ok(pruned)));
        for (from, to) in [("\":7", "\":6"), ("\":7", "\":\"7\""), ("\":7", "\":-1"), ("0606", "06")] {
            let wrong = line.replacen(from, to, 1);
            assert!(Pruned::parse(&wrong).expect("no event").is_err(), "{wrong}");
        }
        assert_eq!(Pruned::parse("{\"chain\":\"org_x\",\"seq\":1}"), None);
        assert_eq!(Pruned::parse("{"), None);
    }
}
