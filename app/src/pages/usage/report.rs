//! What was counted in a period, as the page shows it.

use std::collections::BTreeMap;

use sallyport::{
    Timestamp,
    id::{OrgId, TenantId},
    key::Verdict,
    store::{PlaceUsage, Store, UsageCount},
    usage::Code,
};

use super::period::Period;

/// Kinds of results that a chart tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Accepted,
    Limited,
    Refused,
}

impl Kind {
    pub const ALL: [Self; 3] = [Self::Accepted, Self::Limited, Self::Refused];

    const fn of(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Valid => Self::Accepted,
            Verdict::RateLimited => Self::Limited,
            _ => Self::Refused,
        }
    }

    pub const fn title(self) -> &'static str {
        match self {
            Self::Accepted => "Accepted",
            Self::Limited => "Limited",
            Self::Refused => "Refused",
        }
    }

    pub const fn class(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Limited => "limited",
            Self::Refused => "refused",
        }
    }
}

/// The requests of a part of the period, by kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bar {
    pub at: Timestamp,
    pub requests: [u64; 3],
}

impl Bar {
    pub fn total(&self) -> u64 {
        self.requests.iter().sum()
    }

    pub const fn of_kind(&self, kind: Kind) -> u64 {
        self.requests[kind as usize]
    }

    const fn of_kind_mut(&mut self, kind: Kind) -> &mut u64 {
        &mut self.requests[kind as usize]
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    pub period: Period,
    pub from: Timestamp,
    pub to: Timestamp,
    pub bars: Vec<Bar>,
    /// Why requests were refused or limited, most frequent first.
    pub refusals: Vec<(Verdict, u64)>,
    /// The narrowest scopes that suffice for the accepted requests, most used first.
    pub scopes: Vec<(String, u64)>,
    pub not_counted: u64,
}

impl Report {
    /// Of the resource with this id, in that organization.
    pub async fn read(store: &Store, id: &str, org: &OrgId, period: Period, now: Timestamp) -> sallyport::Result<Self> {
        let (starts, to) = period.starts(now);
        let from = starts.first().copied().unwrap_or(to);
        let usage = store.usage_within(id, org, period.span(), from, to).await?;
        Ok(Self::of(period, starts, to, usage))
    }

    /// Of the projects of a tenant, together.
    pub async fn of_tenant(
        store: &Store,
        tenant: &TenantId,
        period: Period,
        now: Timestamp,
    ) -> sallyport::Result<Self> {
        let (starts, to) = period.starts(now);
        let from = starts.first().copied().unwrap_or(to);
        let counts = store.usage_of_tenant(tenant, period.span(), from, to).await?;
        Ok(Self::of(period, starts, to, PlaceUsage::of(counts)))
    }

    /// Of the whole portal. Which scopes were needed is up to each organization.
    pub async fn of_portal(store: &Store, period: Period, now: Timestamp) -> sallyport::Result<Self> {
        let (starts, to) = period.starts(now);
        let from = starts.first().copied().unwrap_or(to);
        let counts = store.usage_of_portal(period.span(), from, to).await?;
        Ok(Self { scopes: Vec::new(), ..Self::of(period, starts, to, PlaceUsage::of(counts)) })
    }

    /// Of the last 24 hours, from accepted and refused requests by the hour.
    pub fn of_hours(hours: &BTreeMap<Timestamp, [u64; 2]>, now: Timestamp) -> Self {
        let period = Period::Day;
        let (starts, to) = period.starts(now);
        let counts = |at: &Timestamp| hours.get(at).copied().unwrap_or_default();
        let bar = |at: &Timestamp| {
            let [accepted, refused] = counts(at);
            Bar { at: *at, requests: [accepted, 0, refused] }
        };
        let bars = starts.iter().map(bar).collect();
        Self { bars, ..Self::of(period, starts, to, PlaceUsage::default()) }
    }

    fn of(period: Period, starts: Vec<Timestamp>, to: Timestamp, usage: PlaceUsage) -> Self {
        let from = starts.first().copied().unwrap_or(to);
        let mut bars: Vec<_> = starts.into_iter().map(|at| Bar { at, requests: [0; 3] }).collect();
        let (mut refusals, mut scopes) = (Vec::new(), BTreeMap::new());
        let PlaceUsage { counts, not_counted } = usage;
        for UsageCount { at, code, scope, requests } in counts {
            let Code::Verdict(verdict) = code else { continue };
            // Sorted by time, like the bars.
            let bar = bars.partition_point(|bar| bar.at <= at).saturating_sub(1);
            if let Some(bar) = bars.get_mut(bar) {
                *bar.of_kind_mut(Kind::of(verdict)) += requests;
            }
            if verdict.is_valid() {
                *scopes.entry(scope).or_insert(0) += requests;
            } else {
                match refusals.iter_mut().find(|(one, _)| *one == verdict) {
                    Some((_, n)) => *n += requests,
                    None => refusals.push((verdict, requests)),
                }
            }
        }
        let mut scopes: Vec<_> = scopes.into_iter().collect();
        refusals.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        scopes.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        Self { period, from, to, bars, refusals, scopes, not_counted }
    }

    pub fn total(&self) -> u64 {
        self.bars.iter().map(Bar::total).sum()
    }

    /// Requests that were refused, for whatever reason.
    pub fn refused(&self) -> u64 {
        self.of_kind(Kind::Refused)
    }

    pub fn of_kind(&self, kind: Kind) -> u64 {
        self.bars.iter().map(|bar| bar.of_kind(kind)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_request_is_in_one_bar() {
        let now = Timestamp::parse_rfc3339("2026-11-22T06:17:57Z").expect("a time");
        let (starts, to) = Period::Week.starts(now);
        let count = |at: &str, code: &str, scope: &str, requests| UsageCount {
            at: Timestamp::parse_rfc3339(at).expect("a time"),
            code: Code::parse(code).expect("a code"),
            scope: scope.to_owned(),
            requests,
        };
        let counts = vec![
            count("2026-11-15T07:00:00Z", "valid", "read", 1),
            count("2026-11-15T09:00:00Z", "revoked", "", 2),
            count("2026-11-15T10:00:00Z", "rate_limited", "", 3),
            count("2026-11-22T06:00:00Z", "valid", "write", 40),
            count("2026-11-22T06:00:00Z", "not_counted", "", 5),
        ];
        let report = Report::of(Period::Week, starts, to, PlaceUsage { counts, not_counted: 11 });
        assert_eq!(report.bars[0].requests, [1, 0, 2]);
        assert_eq!(report.bars[1].requests, [0, 3, 0]);
        assert_eq!(report.bars[55].requests, [40, 0, 0]);
        assert_eq!((report.total(), report.not_counted), (46, 11));
        assert_eq!(Kind::ALL.map(|kind| report.of_kind(kind)), [41, 3, 2]);
        assert_eq!(report.refusals, [(Verdict::RateLimited, 3), (Verdict::Revoked, 2)]);
        assert_eq!(report.scopes, [("write".to_owned(), 40), ("read".to_owned(), 1)]);
    }
}
