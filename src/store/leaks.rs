//! Reports of leaks: which secrets they are about, and what is done by the rules of the organization.

mod keys;
mod people;
mod service_tokens;
mod tokens;

use super::Store;
use crate::{
    Result,
    audit::Act,
    key::Digest,
    leak::reported::{self, LeakedKind},
    scan::Finder,
};

/// Why a key was revoked or paused, in its events and on its page.
const REASON: &str = "It was reported as leaked";

/// A reported secret, as digests alone, and where it was found.
#[derive(Clone, Debug)]
pub struct ReportedLeak {
    kind: LeakedKind,
    digests: Vec<Digest>,
    place: String,
}

impl Store {
    /// What is reported with these texts and places; `None` for a text that is no secret of this deployment.
    pub fn reported<'a>(&self, reports: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<Option<ReportedLeak>> {
        let finder = Finder::new(self.profile());
        let report = |(token, place): (&str, &str)| {
            let (kind, secret) = reported::parse(self.profile(), token)?;
            Some(ReportedLeak { kind, digests: self.digests(secret).collect(), place: reported::place(&finder, place) })
        };
        reports.into_iter().map(report).collect()
    }

    /// Does what the rules say about each of these that is a secret of somebody: when this returns, verifiers of this process
    /// refuse what was revoked or paused. Says of each whether it is, or was, one. A report that is repeated changes nothing.
    /// `act` is the server's own, with the address of who reports.
    pub async fn report_leaks(
        &self,
        act: &Act,
        reports: &[Option<ReportedLeak>],
        by_partner: bool,
    ) -> Result<Vec<bool>> {
        let mut known = vec![false; reports.len()];
        // What can't be done for some is done for the others.
        let keys = self.report_leaked_keys(act, reports, by_partner, &mut known).await;
        let root = self.report_root_tokens(act, reports, by_partner, &mut known).await;
        let personal = self.report_personal_tokens(act, reports, by_partner, &mut known).await;
        let service = self.report_service_tokens(act, reports, by_partner, &mut known).await;
        keys.and(root).and(personal).and(service).map(|()| known)
    }
}

/// The reported secrets of a kind, with their place among the reports.
fn of_kind(reports: &[Option<ReportedLeak>], kind: LeakedKind) -> impl Iterator<Item = (usize, &ReportedLeak)> {
    let reports = reports.iter().enumerate().filter_map(|(at, report)| Some((at, report.as_ref()?)));
    reports.filter(move |(_, report)| report.kind == kind)
}

/// Who reported, in events.
const fn reporter(by_partner: bool) -> &'static str {
    if by_partner { "partner" } else { "anyone" }
}
