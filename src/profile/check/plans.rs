//! Limits of the plans.

use toml::Spanned;

use super::{
    super::{
        PathLimit, PlanLimits,
        file::{File, PlanEntry},
        path::PathPattern,
    },
    Findings,
};
use crate::scope::Scope;

const MOST_PER_MINUTE: u32 = 1_000_000;
const MOST_PER_DAY: u32 = 1_000_000_000;
const MOST_PATHS: usize = 64;

pub(super) fn plans(file: &File, scopes: &[Scope], findings: &mut Findings) -> [PlanLimits; 3] {
    let mut plans = <[PlanLimits; 3]>::default();
    for limits in &mut plans {
        limits.classes = vec![None; scopes.len()];
    }
    for (plan, entry) in &file.plans {
        plans[*plan as usize] = limits(entry, scopes, findings);
    }
    plans
}

fn limits(entry: &PlanEntry, scopes: &[Scope], findings: &mut Findings) -> PlanLimits {
    let per_day = entry.per_day.as_ref().map(|said| limit(said, MOST_PER_DAY, findings));
    let mut per_minute = |said: &Spanned<u32>| {
        let limit = limit(said, MOST_PER_MINUTE, findings);
        if let Some(day) = per_day.filter(|day| *day < limit) {
            let message = format!("More in a minute than the {day} of a day; lower this, or raise per_day.");
            findings.refuse(said, message);
        }
        limit
    };
    let every = entry.per_minute.as_ref().map(&mut per_minute);
    let mut classes = vec![None; scopes.len()];
    let mut unknown = Vec::new();
    for (name, said) in &entry.classes {
        let limit = per_minute(said);
        match scopes.iter().position(|scope| scope.name == *name) {
            Some(place) => classes[place] = Some(limit),
            None => unknown.push((name, said)),
        }
    }
    let mut paths: Vec<PathLimit> = Vec::new();
    let mut wrong = Vec::new();
    for path in &entry.paths {
        let per_minute = per_minute(&path.per_minute);
        match PathPattern::parse(path.pattern.get_ref()) {
            Ok(pattern) if paths.iter().any(|other| other.pattern == pattern) => {
                wrong.push((&path.pattern, "This plan has a limit for these paths already; leave one out."));
            }
            Ok(_) if paths.len() == MOST_PATHS => {
                wrong.push((&path.pattern, "A plan has limits for 64 patterns at most; leave some out."));
            }
            Ok(pattern) => paths.push(PathLimit { pattern, per_minute }),
            Err(message) => wrong.push((&path.pattern, message)),
        }
    }
    for (name, said) in unknown {
        findings.refuse(
            said,
            format!("A limit for {name}, which is no scope; define it under [[scopes]], or leave it out."),
        );
    }
    for (pattern, message) in wrong {
        findings.refuse(pattern, message);
    }
    PlanLimits { per_minute: every, per_day, classes, paths }
}

fn limit(said: &Spanned<u32>, most: u32, findings: &mut Findings) -> u32 {
    let limit = *said.get_ref();
    if limit == 0 {
        findings.refuse(said, "A limit of 0 lets nothing pass; leave it out for no limit, or pause the keys.");
    } else if limit > most {
        findings.refuse(said, format!("A limit is {most} at most; leave it out for no limit."));
    }
    limit
}
