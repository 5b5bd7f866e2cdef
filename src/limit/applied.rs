//! Which limits apply to a request: from the profile, the organization's plan, and the settings of the key or its
//! app.

use std::num::NonZeroU32;

use super::{Limit, Limits};
use crate::{
    key::KeyRecord,
    profile::{PlanLimits, Profile},
    scope::Request,
};

impl Limits {
    /// In order of precedence: the key's own limit, its app's, the plan's for the highest scope of the key, the
    /// plan's default.
    pub fn of(profile: &Profile, key: &KeyRecord, request: &Request<'_>) -> Self {
        let plan = profile.plan(key.owner.plan);
        let own = key.restrictions().map(|restrictions| restrictions.limits).unwrap_or_default();
        let app = key.app().map(|app| app.limits).unwrap_or_default();
        let class = || key.scopes.highest().and_then(|place| plan.classes.get(place).copied().flatten());
        let minute = own.per_minute.or(app.per_minute).or_else(class).or(plan.per_minute);
        Self {
            minute: minute.map(per_minute),
            path: path(plan, request).map(|(place, requests)| (place, per_minute(requests))),
            day: own.per_day.or(app.per_day).or(plan.per_day).map(u64::from),
        }
    }
}

/// The first pattern that matches. An ambiguous path gets the lowest of all limits, so that an unusual spelling can't
/// bypass one.
fn path(plan: &PlanLimits, request: &Request<'_>) -> Option<(u16, u32)> {
    let mut limits = plan.paths.iter().enumerate();
    let (place, limit) = match request.path.as_ref()? {
        Some(path) => limits.find(|(_, limit)| limit.pattern.matches(path)),
        None => limits.min_by_key(|(_, limit)| limit.per_minute),
    }?;
    Some((u16::try_from(place).unwrap_or(u16::MAX), limit.per_minute))
}

/// Zero is rejected as input. If there is one anyway, it must not mean *unlimited*.
fn per_minute(requests: u32) -> Limit {
    Limit::per_minute(NonZeroU32::new(requests).unwrap_or(NonZeroU32::MIN))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        key::{LimitOverride, Restrictions, record::Extras},
        plan::Plan,
        testing::key_record,
    };

    const PLANS: &str = r#"
        [plans.starter]
        per_minute = 600
        per_day = 10000
        classes = { read = 120, write = 60 }
        paths = [{ pattern = "/reports/*", per_minute = 10 }, { pattern = "/reports/**", per_minute = 5 }]
    "#;

    fn profile() -> Profile {
        let text = include_str!("../../examples/profiles/default.toml");
        let (head, tail) = text.split_once("[plans.starter]").expect("plans");
        let (_, tail) = tail.split_once("[limits]").expect("what comes after them");
        Profile::parse(&format!("{head}{PLANS}[limits]{tail}")).expect("a profile")
    }

    fn key(profile: &Profile, scopes: &[&str]) -> KeyRecord {
        let record = key_record();
        let mut owner = (*record.owner).clone();
        owner.plan = Plan::Starter;
        KeyRecord { owner: Arc::new(owner), scopes: profile.set(scopes.iter().copied()), ..record }
    }

    fn minute(profile: &Profile, key: &KeyRecord) -> Option<u32> {
        Limits::of(profile, key, &Request::default()).minute.map(|limit| limit.requests())
    }

    #[test]
    fn the_highest_scope_is_the_class() {
        let profile = profile();
        for (scopes, requests) in
            [(&["read"][..], 120), (&["write"], 60), (&["write", "read"], 60), (&["read", "admin"], 600), (&[], 600)]
        {
            assert_eq!(minute(&profile, &key(&profile, scopes)), Some(requests), "{scopes:?}");
        }
    }

    #[test]
    fn what_was_set_comes_before_the_plan() {
        let profile = profile();
        let mut key = key(&profile, &["read"]);
        let set = |per_minute, per_day| LimitOverride { per_minute, per_day };
        let told = |key: &KeyRecord| {
            let limits = Limits::of(&profile, key, &Request::default());
            (limits.minute.map(|limit| limit.requests()), limits.day)
        };
        assert_eq!(told(&key), (Some(120), Some(10_000)));
        let mut owner = (*key.owner).clone();
        owner.app.as_mut().expect("an app's").limits = set(Some(7), None);
        key.owner = Arc::new(owner);
        assert_eq!(told(&key), (Some(7), Some(10_000)));
        let extras = |limits| {
            let restrictions = Restrictions { limits, ..Restrictions::default() };
            Extras { restrictions, ..Extras::default() }.boxed()
        };
        key.extras = extras(set(Some(8), Some(9)));
        assert_eq!(told(&key), (Some(8), Some(9)));
        key.extras = extras(set(None, Some(9)));
        assert_eq!(told(&key), (Some(7), Some(9)));
    }

    #[test]
    fn a_path_has_a_limit_however_it_is_written() {
        let profile = profile();
        let key = key(&profile, &["read"]);
        let path = |path: &str| {
            let limits = Limits::of(&profile, &key, &Request::new(None, Some(path)));
            limits.path.map(|(place, limit)| (place, limit.requests()))
        };
        assert_eq!(path("/reports/7"), Some((0, 10)));
        assert_eq!(path("/reports/7/pages?since=1"), Some((1, 5)));
        assert_eq!(path("/leads"), None);
        for strange in ["//reports/7", "/x/../reports/7", "/reports%2F7", "reports/7"] {
            assert_eq!(path(strange), Some((1, 5)), "{strange}");
        }
        assert_eq!(Limits::of(&profile, &key, &Request::default()).path, None);
    }

    #[test]
    fn a_limit_of_nothing_is_not_unlimited() {
        assert_eq!(per_minute(0).requests(), 1);
    }
}
