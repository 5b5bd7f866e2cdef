//! Keys that break the rules of their organization: they were made before those, and stay as they are.

use super::conditions::{Conditions, Value};
use crate::{
    Timestamp,
    key_policy::{KeyPolicy, LongestLifetime},
    profile::{HolderKind, Profile},
    store::key_deadlines::DAY,
};

impl KeyPolicy {
    /// Narrows a list to the keys that are neither revoked nor expired and that the rules would refuse now.
    pub(super) fn narrow(&self, conditions: &mut Conditions, profile: &Profile, now: Timestamp) {
        let now = conditions.number(Value::Int(now.micros()));
        let lasts = |alias: &str| format!("({alias}.expires_at IS NULL OR {alias}.expires_at > {now})");
        conditions.and(&lasts("k"));
        let mut broken: Vec<_> = self.longest_lifetime.iter().map(|rule| outlives(conditions, rule, profile)).collect();
        if self.addresses_in_production {
            broken.push("(k.mode = 'live' AND (k.addresses = '' OR k.addresses_enforced = 0))".to_owned());
        }
        if let Some(most) = self.most_keys_per_app {
            let most = conditions.number(Value::Int(most.into()));
            let (whose, org) = (holder(profile.keys.owner), conditions.org);
            broken.push(format!(
                "k.{whose} IN (SELECT o.{whose} FROM keys o WHERE o.org_id = {org} AND o.owner = '{}' \
             AND o.revoked_at IS NULL AND {} GROUP BY o.{whose} HAVING COUNT(*) > {most})",
                profile.keys.owner.as_str(),
                lasts("o")
            ));
        }
        conditions.and(&match broken.as_slice() {
            [] => "1 = 0".to_owned(),
            broken => format!("({})", broken.join(" OR ")),
        });
    }
}

const fn holder(owner: HolderKind) -> &'static str {
    match owner {
        HolderKind::App => "app_id",
        HolderKind::Member => "owner_id",
        HolderKind::Organization => "org_id",
    }
}

fn outlives(conditions: &mut Conditions, rule: &LongestLifetime, profile: &Profile) -> String {
    let mut parts = Vec::new();
    if let Some(environment) = &rule.environment {
        let n = conditions.number(Value::Text(environment.clone()));
        parts.push(format!("k.environment = {n}"));
    }
    if let Some(scope) = &rule.scope {
        // A scope that the profile does not have any more is granted by nothing.
        match profile.scope(scope) {
            Some(_) => {
                for names in profile.granting(scope) {
                    let held = conditions.holds_one(&names);
                    parts.push(held);
                }
            }
            None => parts.push("1 = 0".to_owned()),
        }
    }
    let days = conditions.number(Value::Int(rule.days.into()));
    parts.push(format!("(k.expires_at IS NULL OR k.expires_at / {DAY} - k.created_at / {DAY} > {days})"));
    format!("({})", parts.join(" AND "))
}
