//! Shares what many cached keys have in common: their owner and their environment.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError, Weak},
};

use crate::key::{
    KeyRecord,
    record::{KeyEnvironment, KeyHolder},
};

/// Dead entries are removed when there are twice as many entries as remained last time, but not before this many.
const FEW: usize = 64;

#[derive(Default)]
pub struct Shared(Mutex<Held>);

#[derive(Default)]
struct Held {
    /// By the app, or else by the organization. These references do not keep an owner alive.
    owners: HashMap<Box<str>, Weak<KeyHolder>>,
    environments: HashSet<Arc<KeyEnvironment>>,
    sweep_at: usize,
}

impl Shared {
    /// Replaces parts of the record by equal ones that other keys hold already. An owner that changed (archived,
    /// other plan) is not equal: its keys were invalidated by the change, and those loaded since share the new one.
    pub fn share(&self, record: &mut KeyRecord) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        record.owner = held.owner(&record.owner);
        record.environment = held.environment(&record.environment);
    }
}

impl Held {
    fn owner(&mut self, owner: &Arc<KeyHolder>) -> Arc<KeyHolder> {
        let name = owner.app.as_ref().map_or(owner.org_id.as_str(), |app| app.app_id.as_str());
        if let Some(known) = self.owners.get(name).and_then(Weak::upgrade)
            && known == *owner
        {
            return known;
        }
        if self.owners.len() >= self.sweep_at {
            self.owners.retain(|_, owner| owner.strong_count() > 0);
            self.sweep_at = FEW.max(self.owners.len() * 2);
        }
        self.owners.insert(name.into(), Arc::downgrade(owner));
        Arc::clone(owner)
    }

    fn environment(&mut self, environment: &Arc<KeyEnvironment>) -> Arc<KeyEnvironment> {
        if let Some(known) = self.environments.get(environment) {
            return Arc::clone(known);
        }
        self.environments.insert(Arc::clone(environment));
        Arc::clone(environment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        id::OrgId,
        testing::{SeededEntropy, key_owner, key_record},
    };

    fn record() -> KeyRecord {
        let mut record = key_record();
        record.owner = Arc::new(key_owner(&SeededEntropy::new(1)));
        record
    }

    #[test]
    fn keys_of_one_app_share_its_owner_until_it_changes() {
        let shared = Shared::default();
        let mut keys = [record(), record(), record()];
        shared.share(&mut keys[0]);
        shared.share(&mut keys[1]);
        assert!(Arc::ptr_eq(&keys[0].owner, &keys[1].owner));
        assert!(Arc::ptr_eq(&keys[0].environment, &keys[1].environment));
        keys[2].owner = Arc::new(KeyHolder { suspended: true, ..(*keys[2].owner).clone() });
        shared.share(&mut keys[2]);
        assert!(keys[2].owner.suspended && !keys[0].owner.suspended);
        let mut later = record();
        later.owner = Arc::new((*keys[2].owner).clone());
        shared.share(&mut later);
        assert!(Arc::ptr_eq(&later.owner, &keys[2].owner));
    }

    #[test]
    fn owners_that_nobody_holds_any_more_take_no_room() {
        let (shared, entropy) = (Shared::default(), SeededEntropy::new(2));
        for _ in 0..FEW * 10 {
            let mut record = record();
            record.owner =
                Arc::new(KeyHolder { org_id: OrgId::mint("Gone", &entropy), app: None, ..(*record.owner).clone() });
            shared.share(&mut record);
        }
        assert!(shared.0.lock().expect("no panic").owners.len() <= FEW);
    }
}
