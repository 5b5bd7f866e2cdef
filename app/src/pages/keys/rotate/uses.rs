//! Who uses a secret of a key, as the page of a rotation shows it.

use std::collections::BTreeMap;

use sallyport::{
    Timestamp,
    store::{SecretUseName, SecretUses},
};

/// Requests from one network with one program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub network: String,
    pub agent: String,
    pub requests: u64,
    pub last_at: Timestamp,
}

/// What a rotation's page shows of the uses of a secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uses {
    /// By hour: accepted and refused requests.
    pub hours: BTreeMap<Timestamp, [u64; 2]>,
    /// Most requests first.
    pub places: Vec<Place>,
    pub last_at: Option<Timestamp>,
    /// The first accepted request: when, and from where.
    pub first: Option<Place>,
}

impl Uses {
    pub fn of(counted: Vec<(SecretUseName, SecretUses)>) -> Self {
        let mut uses = Self::default();
        let mut places: BTreeMap<(String, String), Place> = BTreeMap::new();
        for (SecretUseName { hour, accepted, network, agent, .. }, told) in counted {
            let SecretUses { requests, first_at, last_at } = told;
            uses.hours.entry(hour).or_default()[usize::from(!accepted)] += requests;
            uses.last_at = uses.last_at.max(Some(last_at));
            if accepted && uses.first.as_ref().is_none_or(|first| first_at < first.last_at) {
                let (network, agent) = (network.clone(), agent.clone());
                uses.first = Some(Place { network, agent, requests, last_at: first_at });
            }
            let place = places.entry((network.clone(), agent.clone()));
            let place = place.or_insert(Place { network, agent, requests: 0, last_at });
            place.requests += requests;
            place.last_at = place.last_at.max(last_at);
        }
        uses.places = places.into_values().collect();
        uses.places.sort_by(|one, other| other.requests.cmp(&one.requests).then(other.last_at.cmp(&one.last_at)));
        uses
    }

    pub fn total(&self) -> u64 {
        self.places.iter().map(|place| place.requests).sum()
    }
}

/// A counted value in words.
pub fn named(value: &str) -> String {
    match value {
        "unspecified" => "Unspecified".to_owned(),
        "other" => "Others".to_owned(),
        value => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sallyport::{id::KeyId, testing::SeededEntropy};

    fn used(hour: i64, accepted: bool, agent: &str, requests: u64) -> (SecretUseName, SecretUses) {
        let name = SecretUseName {
            key: KeyId::mint(&SeededEntropy::new(1)),
            secret_n: 1,
            hour: Timestamp::from_seconds(hour * 3_600),
            accepted,
            network: "203.0.113.0/24".to_owned(),
            agent: agent.to_owned(),
        };
        let at = |after| Timestamp::from_seconds(hour * 3_600 + after);
        (name, SecretUses { requests, first_at: at(1), last_at: at(9) })
    }

    #[test]
    fn places_and_hours_are_added_up() {
        let uses = Uses::of(vec![used(1, false, "curl", 5), used(2, true, "curl", 1), used(3, true, "Go", 7)]);
        let places: Vec<_> = uses.places.iter().map(|place| (place.agent.as_str(), place.requests)).collect();
        assert_eq!(places, [("Go", 7), ("curl", 6)]);
        assert_eq!(uses.hours.values().copied().collect::<Vec<_>>(), [[0, 5], [1, 0], [7, 0]]);
        assert_eq!(uses.last_at, Some(Timestamp::from_seconds(3 * 3_600 + 9)));
        let first = uses.first.as_ref().map(|first| (first.agent.as_str(), first.last_at));
        assert_eq!(first, Some(("curl", Timestamp::from_seconds(2 * 3_600 + 1))), "what was refused does not work");
        assert_eq!(uses.total(), 13);
    }
}
