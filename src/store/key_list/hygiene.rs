//! Checks of the keys in use: which may be more, or last longer, than anyone needs.

use super::{
    KeyFilter, UNUSED_DAYS,
    conditions::{Conditions, Value},
};
use crate::{
    Result, Timestamp,
    id::OrgId,
    profile::Profile,
    store::{Sight, Store, key_secrets::imported, key_status},
    suggestion::period_start,
};

/// A production key that was used from more networks in 30 days is worth a look.
pub const FEW_NETWORKS: i64 = 10;

super::words! {
    /// What is checked of the keys in use, each by itself.
    HygieneCheck {
        CanDeleteUnused "can_delete_unused" "Can delete, unused",
        NoExpiry "no_expiry" "No expiry",
        CreatorLeft "creator_left" "Creator left",
        NeverUsed "never_used" "Never used",
        ManyNetworks "many_networks" "Many networks",
        SigningNotRequired "signing_not_required" "Signing not required",
        Imported "imported" "Imported",
    }
}

impl HygieneCheck {
    /// Which keys it finds.
    pub const fn about(self) -> &'static str {
        match self {
            Self::CanDeleteUnused => "Keys that can delete in production and were unused for 30 days.",
            Self::NoExpiry => "Keys that never expire.",
            Self::CreatorLeft => "Keys of people who left: who created them is no member any more, or disabled.",
            Self::NeverUsed => "Keys that were never used for an accepted request.",
            Self::ManyNetworks => "Production keys that were used from more than 10 networks in 30 days.",
            Self::SigningNotRequired => "Keys whose requests need no signature.",
            Self::Imported => {
                "Keys whose secret was made elsewhere: it has no checksum, and others may have kept it. Rotate them."
            }
        }
    }

    /// Those that make sense here: signatures are checked where the profile has signing secrets.
    pub fn of(profile: &Profile) -> impl Iterator<Item = Self> {
        let signing = profile.keys.signing_secret;
        Self::ALL.iter().copied().filter(move |check| signing || *check != Self::SigningNotRequired)
    }

    /// Narrows a list to the keys in use that it finds.
    pub(super) fn narrow(self, conditions: &mut Conditions, profile: &Profile, now: Timestamp) {
        let n = conditions.number(Value::Int(now.micros()));
        conditions.and(&key_status::usable(conditions.org, &n));
        let condition = match self {
            Self::CanDeleteUnused => {
                let can_delete = can_delete(conditions, profile);
                let since = now - std::time::Duration::from_secs(UNUSED_DAYS * 86_400);
                let n = conditions.number(Value::Int(since.micros()));
                format!("k.mode = 'live' AND {can_delete} AND {}", key_status::unused_since(&n))
            }
            Self::NoExpiry => "k.expires_at IS NULL".to_owned(),
            Self::CreatorLeft => {
                let (members, org) = (key_status::members_in_use!(), conditions.org);
                format!("k.created_by IS NOT NULL AND k.created_by NOT IN ({members}org_id = {org})")
            }
            Self::NeverUsed => "NOT EXISTS (SELECT 1 FROM key_uses u WHERE u.key_id = k.id)".to_owned(),
            Self::ManyNetworks => {
                let n = conditions.number(Value::Int(period_start(now).micros()));
                format!(
                    "k.mode = 'live' AND (SELECT COUNT(*) FROM usage_networks w WHERE w.key_id = k.id \
                     AND w.last_at >= {n} AND w.network <> 'unspecified') > {FEW_NETWORKS}"
                )
            }
            Self::SigningNotRequired => "k.require_signed = 0".to_owned(),
            Self::Imported => concat!(imported!(), " = 1").to_owned(),
        };
        conditions.and(&condition);
    }
}

fn can_delete(conditions: &mut Conditions, profile: &Profile) -> String {
    match profile.deleting_scopes() {
        None => "1 = 1".to_owned(),
        Some(names) if names.is_empty() => "1 = 0".to_owned(),
        Some(names) => conditions.holds_one(&names),
    }
}

impl Store {
    /// How many keys each check finds in the part of the organization that the reader sees, counted up to one more than
    /// [`KeyPage::COUNTED`](super::KeyPage::COUNTED), in one query.
    pub async fn hygiene(&self, org: &OrgId, sight: &Sight) -> Result<Vec<(HygieneCheck, i64)>> {
        let checks: Vec<_> = HygieneCheck::of(self.profile()).collect();
        let found_by =
            |check: &HygieneCheck| KeyFilter { check: Some(*check), sight: sight.clone(), ..KeyFilter::default() };
        let filters: Vec<_> = checks.iter().map(found_by).collect();
        let counts = self.count_each(org, &filters).await?;
        Ok(checks.into_iter().zip(counts).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_back() {
        for check in HygieneCheck::ALL {
            assert_eq!(HygieneCheck::parse(check.as_str()), Some(*check));
        }
        assert!(HygieneCheck::ManyNetworks.about().contains(&FEW_NETWORKS.to_string()));
    }
}
