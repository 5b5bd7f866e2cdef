//! Whether a history is what was promised.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    history::{Entry, Found, Record, What},
    sharing,
};

pub struct Rules {
    /// How long a node may take until it accepts keys again. Two seconds are promised; a busy machine gets more.
    pub recovery: Duration,
    /// For how long a node that is killed may have kept uses in memory.
    pub kept: Duration,
}

impl Default for Rules {
    fn default() -> Self {
        let recovery = std::env::var("SALLYPORT_RECOVERY_MS").map_or(10_000, |ms| ms.parse().expect("a number"));
        Self { recovery: Duration::from_millis(recovery), kept: Duration::from_secs(5) }
    }
}

/// What is wrong, in words; nothing if all is as promised.
pub fn violations(record: &Record, rules: &Rules) -> Vec<String> {
    let mut subjects: HashMap<&Arc<str>, Vec<&Entry>> = HashMap::new();
    for entry in &record.entries {
        subjects.entry(&entry.subject).or_default().push(entry);
    }
    let mut found = Vec::new();
    for (subject, entries) in subjects {
        let subject = Subject { name: subject, entries: &entries };
        found.extend(subject.accepted_after_it_was_taken_away());
        found.extend(subject.refused_though_nobody_took_it_away());
        found.extend(subject.lost());
        found.extend(subject.miscounted(&record.kills, rules.kept));
    }
    found.extend(sharing::violations(record));
    let late = record.recoveries.iter().filter(|recovery| recovery.after > rules.recovery);
    found.extend(late.map(|late| format!("node {} was back {:?} after: {}", late.node, late.after, late.from)));
    found.sort();
    found
}

struct Subject<'a> {
    name: &'a str,
    entries: &'a [&'a Entry],
}

impl Subject<'_> {
    fn all(&self, what: impl Fn(What) -> bool) -> impl Iterator<Item = &Entry> {
        self.entries.iter().copied().filter(move |entry| what(entry.what))
    }

    /// When it was first answered that this happened.
    fn answered(&self, what: What) -> Option<Instant> {
        self.all(|it| it == what).map(|entry| entry.ended).min()
    }

    /// When somebody first tried to take it away.
    fn touched(&self) -> Option<Instant> {
        let taking = |what| matches!(what, What::TakenAway | What::MayBeTakenAway);
        self.all(taking).map(|entry| entry.began).min()
    }

    /// No request that began after a taking-away was answered passes, on any node.
    fn accepted_after_it_was_taken_away(&self) -> Vec<String> {
        let Some(answered) = self.answered(What::TakenAway) else { return Vec::new() };
        let passed = self.all(|what| matches!(what, What::Accepted | What::Limited));
        let late = passed.filter(|entry| entry.began > answered);
        let say = |late: &Entry| {
            format!("node {} accepted {} {:?} after it was taken away", late.node, self.name, late.began - answered)
        };
        late.map(say).collect()
    }

    /// A secret that was issued is not refused before somebody begins to take it away.
    fn refused_though_nobody_took_it_away(&self) -> Vec<String> {
        let Some(issued) = self.answered(What::Issued) else { return Vec::new() };
        let touched = self.touched();
        let wrong = self
            .all(|what| what == What::Refused)
            .filter(|entry| entry.began > issued && touched.is_none_or(|touched| entry.ended < touched));
        let say = |wrong: &Entry| {
            format!(
                "node {} refused {}, which nobody took away, {:?} later",
                wrong.node,
                self.name,
                wrong.began - issued
            )
        };
        wrong.map(say).collect()
    }

    /// What was answered is in the database at the end, and nothing that nobody asked for.
    fn lost(&self) -> Vec<String> {
        let (issued, taken) = (self.answered(What::Issued), self.answered(What::TakenAway));
        let is_touched = self.touched().is_some();
        let say = |entry: &Entry| {
            let What::Found(found) = entry.what else { return None };
            match found {
                Found::Missing if issued.is_some() => Some(format!("{} was issued and is lost", self.name)),
                Found::InForce if taken.is_some() => Some(format!("the end of {} is lost", self.name)),
                Found::TakenAway if !is_touched => Some(format!("{} ended, and nobody took it away", self.name)),
                _ => None,
            }
        };
        self.all(|what| matches!(what, What::Found(_))).filter_map(say).collect()
    }

    /// Each accepted request is counted once, but for those that a killed node still kept in memory; one without an answer may
    /// be counted.
    fn miscounted(&self, kills: &[(usize, Instant)], kept: Duration) -> Vec<String> {
        let is_lost = |entry: &Entry| {
            let mut of_node = kills.iter().filter(|(node, _)| *node == entry.node);
            of_node.any(|(_, killed)| entry.began <= *killed && entry.ended + kept >= *killed)
        };
        let accepted: Vec<_> = self.all(|what| what == What::Accepted).collect();
        let most = accepted.len() + self.all(|what| what == What::Nothing).count();
        let least = accepted.iter().filter(|entry| !is_lost(entry)).count();
        let say = |entry: &Entry| {
            let What::Counted(counted) = entry.what else { return None };
            let is_right = (least as u64..=most as u64).contains(&counted);
            (!is_right)
                .then(|| format!("{} was accepted {least} to {most} times, and counted {counted} times", self.name))
        };
        self.all(|what| matches!(what, What::Counted(_))).filter_map(say).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{super::history::Recovery, *};

    /// A history in milliseconds: on which node, from when to when, and what.
    fn found(entries: &[(usize, u64, u64, What)]) -> Vec<String> {
        violations(&record(entries, Instant::now()), &rules())
    }

    fn rules() -> Rules {
        Rules { recovery: Duration::from_secs(2), kept: Duration::from_secs(2) }
    }

    fn record(entries: &[(usize, u64, u64, What)], first: Instant) -> Record {
        let at = |ms| first + Duration::from_millis(ms);
        let entry = |(node, began, ended, what): &(usize, u64, u64, What)| Entry {
            subject: "key_a".into(),
            node: *node,
            began: at(*began),
            ended: at(*ended),
            what: *what,
        };
        Record { entries: entries.iter().map(entry).collect(), ..Record::default() }
    }

    const NONE: [String; 0] = [];

    #[test]
    fn what_is_accepted_after_the_answer_is_found() {
        let before = [(0, 0, 1, What::Issued), (0, 10, 20, What::TakenAway), (1, 19, 90, What::Accepted)];
        assert_eq!(found(&before), NONE, "it began before the answer");
        for passed in [What::Accepted, What::Limited] {
            let found = found(&[before[0], before[1], (1, 21, 22, passed)]);
            assert_eq!(found, ["node 1 accepted key_a 1ms after it was taken away"]);
        }
        // Repeated: the first answer counts.
        let twice = [before[0], before[1], (2, 30, 40, What::TakenAway), (1, 35, 36, What::Accepted)];
        assert_eq!(found(&twice).len(), 1);
        let unknown = [before[0], (0, 10, 20, What::MayBeTakenAway), (1, 21, 22, What::Accepted)];
        assert_eq!(found(&unknown), NONE, "nothing was promised");
    }

    #[test]
    fn what_is_refused_though_nobody_took_it_away_is_found() {
        let issued = (0, 0, 10, What::Issued);
        let early = [issued, (1, 9, 12, What::Refused)];
        assert_eq!(found(&early), NONE, "it began before it was answered");
        for other in [What::Closed, What::Nothing] {
            assert_eq!(found(&[issued, (1, 11, 12, other)]), NONE);
        }
        let refused = (1, 11, 12, What::Refused);
        let wrong = "node 1 refused key_a, which nobody took away, 1ms later";
        assert_eq!(found(&[issued, refused]), [wrong]);
        for taken in [What::TakenAway, What::MayBeTakenAway] {
            assert_eq!(found(&[issued, refused, (0, 13, 20, taken)]), [wrong], "afterwards");
            assert_eq!(found(&[issued, refused, (0, 11, 20, taken)]), NONE, "meanwhile");
        }
    }

    #[test]
    fn what_is_lost_is_found() {
        let (issued, taken) = ((0, 0, 1, What::Issued), (0, 2, 3, What::TakenAway));
        let unknown = (0, 2, 3, What::MayBeTakenAway);
        let end = |found| (0, 90, 91, What::Found(found));
        assert_eq!(found(&[issued, end(Found::Missing)]), ["key_a was issued and is lost"]);
        assert_eq!(found(&[issued, taken, end(Found::InForce)]), ["the end of key_a is lost"]);
        assert_eq!(found(&[issued, end(Found::TakenAway)]), ["key_a ended, and nobody took it away"]);
        assert_eq!(found(&[issued, end(Found::InForce)]), NONE);
        assert_eq!(found(&[issued, taken, end(Found::TakenAway)]), NONE);
        assert_eq!(found(&[issued, unknown, end(Found::TakenAway)]), NONE);
        assert_eq!(found(&[issued, unknown, end(Found::InForce)]), NONE);
    }

    #[test]
    fn what_is_counted_too_often_or_too_rarely_is_found() {
        let history = |counted| {
            [
                (1, 0, 1, What::Accepted),
                (2, 3_000, 3_001, What::Accepted),
                (2, 3_000, 3_001, What::Nothing),
                (2, 3_000, 3_001, What::Closed),
                (0, 9_000, 9_001, What::Counted(counted)),
            ]
        };
        let wrong = |counted| format!("key_a was accepted 2 to 3 times, and counted {counted} times");
        assert_eq!(found(&history(1)), [wrong(1)]);
        assert_eq!(found(&history(2)), NONE);
        assert_eq!(found(&history(3)), NONE);
        assert_eq!(found(&history(4)), [wrong(4)]);
        // Node 2 was killed one second later: the request on it may be lost. Too long ago, or on another node, it may not.
        let first = Instant::now();
        for (node, at, is_right) in [(2, 4_000, true), (1, 4_000, false), (2, 6_000, false)] {
            let mut record = record(&history(1), first);
            record.kills.push((node, first + Duration::from_millis(at)));
            assert_eq!(violations(&record, &rules()).is_empty(), is_right, "{node} at {at}");
        }
    }

    #[test]
    fn a_late_recovery_is_found() {
        let recovery = |ms| Recovery { from: "cut off", node: 1, after: Duration::from_millis(ms) };
        let record = |ms| Record { recoveries: vec![recovery(ms)], ..Record::default() };
        assert_eq!(violations(&record(2_000), &rules()), NONE);
        assert_eq!(violations(&record(2_001), &rules()), ["node 1 was back 2.001s after: cut off"]);
    }
}
