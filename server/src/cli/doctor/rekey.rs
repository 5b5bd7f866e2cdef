//! The master keys: whether a change of them is complete.

use sallyport::store::{KnownMasterKey, MasterKeyState, Store};

use super::finding::Finding;

const NAME: &str = "rekey";

pub(super) async fn check(store: &Store) -> Finding {
    match store.master_keys().await {
        Ok(known) => judge(&known),
        Err(error) => Finding::bad(NAME, error.to_string(), "Does the database answer?"),
    }
}

fn judge(known: &[KnownMasterKey]) -> Finding {
    let of = |state| known.iter().find(|key| key.state == state).map(|key| key.fingerprint);
    if let Some(key) = of(MasterKeyState::Retiring) {
        let detail = format!("something may still be sealed with the master key of before ({key})");
        return Finding::bad(NAME, detail, "Complete it: sallyport rekey");
    }
    if let Some(key) = of(MasterKeyState::Coming) {
        let detail = format!("the master key {key} was announced, and does not seal yet");
        return Finding::bad(NAME, detail, "Complete it: sallyport rekey");
    }
    let Some(current) = of(MasterKeyState::Current) else {
        return Finding::bad(NAME, "the database names no master key", "Restore the table master_keys from a backup.");
    };
    match of(MasterKeyState::Retired) {
        Some(old) => {
            let detail = format!(
                "everything is sealed with the master key {current}; {old} still opens links and cookies \
                 (sallyport rekey --remove-old)"
            );
            Finding::good(NAME, detail)
        }
        None => Finding::good(NAME, format!("everything is sealed with the master key {current}")),
    }
}

#[cfg(test)]
mod tests {
    use sallyport::{Timestamp, testing::SeededEntropy, vault::MasterKey};

    use super::*;

    #[test]
    fn a_change_that_was_interrupted_is_found() {
        let key = |seed, state| KnownMasterKey {
            fingerprint: MasterKey::mint(&SeededEntropy::new(seed)).fingerprint(),
            state,
            since: Timestamp::from_seconds(1),
        };
        let current = key(1, MasterKeyState::Current);
        assert!(judge(&[current]).ok && !judge(&[]).ok);
        for (state, ok) in [
            (MasterKeyState::Coming, false),
            (MasterKeyState::Retiring, false),
            (MasterKeyState::Retired, true),
            (MasterKeyState::Removed, true),
        ] {
            assert_eq!(judge(&[key(2, state), current]).ok, ok, "{state:?}");
        }
    }
}
