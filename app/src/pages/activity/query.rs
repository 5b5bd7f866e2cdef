//! The query of a view of events, and its errors.

use std::{net::IpAddr, time::Duration};

use chrono::NaiveDate;
use sallyport::{Invalid, Timestamp, store::EventFilter};
use serde::Deserialize;

/// The view in the URL, so that it can be shared.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ActivityQuery {
    pub(crate) actor: String,
    pub(crate) action: String,
    pub(crate) outcome: String,
    pub(crate) target: String,
    pub(crate) address: String,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) before: Option<i64>,
    pub(crate) after: Option<i64>,
}

impl ActivityQuery {
    /// The filter for the store, or the errors: an invalid query must not select everything.
    pub fn filter(&self) -> Result<EventFilter, Invalid> {
        let mut invalid = Invalid::default();
        let filter = EventFilter {
            actor: invalid.take(actor(&self.actor)),
            action: invalid.take(action(&self.action)),
            outcome: invalid.take(outcome(&self.outcome)),
            target: invalid.take(target(&self.target)),
            address: invalid.take(address(&self.address)),
            from: invalid.take(day("from", &self.from)),
            // That day is included.
            to: invalid.take(day("to", &self.to)).map(|day| day + Duration::from_secs(86_400)),
            before: self.before,
            after: self.after,
            ..EventFilter::default()
        };
        invalid.or(filter)
    }

    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let pairs = [
            ("actor", self.actor.as_str()),
            ("action", &self.action),
            ("outcome", &self.outcome),
            ("target", &self.target),
            ("address", &self.address),
            ("from", &self.from),
            ("to", &self.to),
        ];
        pairs.into_iter().filter(|(_, value)| !value.is_empty())
    }

    /// Whether it shows the newest events.
    pub(super) fn is_newest(&self) -> bool {
        self.before.is_none() && self.after.is_none()
    }

    pub(crate) fn is_narrowed(&self) -> bool {
        self.pairs().next().is_some()
    }

    /// The same view for the last `days` days, and whether it is the current one.
    pub(super) fn since(&self, path: &str, days: u64, now: Timestamp) -> (String, bool) {
        let from = (now - Duration::from_secs(days * 86_400)).to_chrono().format("%Y-%m-%d").to_string();
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.pairs().filter(|(name, _)| !matches!(*name, "from" | "to"))).append_pair("from", &from);
        (format!("{path}?{}", query.finish()), self.from == from && self.to.is_empty())
    }

    pub(crate) fn href(&self, path: &str, edge: &str, at: impl ToString) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.pairs()).append_pair(edge, &at.to_string());
        format!("{path}?{}", query.finish())
    }
}

/// PostgreSQL stores no NUL, and no name contains control characters.
fn actor(text: &str) -> Result<String, Invalid> {
    if text.contains(char::is_control) || text.chars().count() > 100 {
        return Err(Invalid::field("actor", "Choose an actor from the list, or give an ID."));
    }
    Ok(text.to_owned())
}

/// An action of a newer or older version matches nothing; that is not an error.
fn action(text: &str) -> Result<String, Invalid> {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || matches!(byte, b'.' | b'_');
    if text.len() > 64 || !text.bytes().all(is_word) {
        return Err(Invalid::field("action", "Choose an action from the list."));
    }
    Ok(text.to_owned())
}

/// Only ids: names change, and several targets may have one.
fn target(text: &str) -> Result<String, Invalid> {
    let is_id = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let id = text.trim();
    if id.len() > 100 || !id.bytes().all(is_id) {
        return Err(Invalid::field("target", "Give the ID of a key, an app or a person, such as key_8dQ2mXw4tLzB."));
    }
    Ok(id.to_owned())
}

fn address(text: &str) -> Result<String, Invalid> {
    let address = text.trim();
    if address.is_empty() {
        return Ok(String::new());
    }
    let parsed: Result<IpAddr, _> = address.parse();
    let parsed = parsed.map_err(|_| Invalid::field("address", "Give an address such as 203.0.113.7."))?;
    Ok(parsed.to_string())
}

fn outcome(text: &str) -> Result<String, Invalid> {
    if !matches!(text, "" | "done" | "refused") {
        return Err(Invalid::field("outcome", "The outcome is done or refused."));
    }
    Ok(text.to_owned())
}

/// Midnight of that day, UTC.
fn day(field: &'static str, text: &str) -> Result<Option<Timestamp>, Invalid> {
    if text.is_empty() {
        return Ok(None);
    }
    let midnight = || Some(text.parse::<NaiveDate>().ok()?.and_hms_opt(0, 0, 0)?.and_utc().timestamp_micros());
    let midnight = midnight().ok_or_else(|| Invalid::field(field, "Write the day like 2026-11-20."))?;
    Ok(Some(Timestamp::from_micros(midnight)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::Format;

    #[test]
    fn a_day_is_whole() {
        let query = ActivityQuery { from: "2026-11-22".to_owned(), to: "2026-11-22".to_owned(), ..Default::default() };
        let filter = query.filter().expect("read");
        let (from, to) = (filter.from.expect("a day"), filter.to.expect("a day"));
        assert_eq!(to.since(from), Duration::from_secs(86_400));
    }

    #[test]
    fn a_preset_takes_the_place_of_the_days() {
        let query = ActivityQuery { to: "2026-11-22".to_owned(), outcome: "refused".to_owned(), ..Default::default() };
        // 2026-11-22T06:00:00Z
        let (href, shown) = query.since("/x", 7, Timestamp::from_seconds(1_795_327_200));
        assert_eq!((href.as_str(), shown), ("/x?outcome=refused&from=2026-11-15", false));
    }

    #[test]
    fn links_keep_the_filters() {
        let query = ActivityQuery { actor: "Ada & co".to_owned(), ..Default::default() };
        assert_eq!(query.href("/orgs/x/activity", "before", 7), "/orgs/x/activity?actor=Ada+%26+co&before=7");
        assert_eq!(Format::Csv.href("/orgs/x/activity", query.pairs()), "/orgs/x/activity.csv?actor=Ada+%26+co");
        let all = ActivityQuery::default();
        assert_eq!(Format::Jsonl.href("/orgs/x/activity", all.pairs()), "/orgs/x/activity.jsonl");
    }

    #[test]
    fn an_address_is_written_in_one_way() {
        let query = ActivityQuery { address: " 2001:DB8:0::1 ".to_owned(), ..Default::default() };
        assert_eq!(query.filter().expect("read").address, "2001:db8::1");
    }

    #[test]
    fn what_cannot_be_read_asks_for_nothing() {
        let query = ActivityQuery {
            actor: "\0".to_owned(),
            action: "Key revoked".to_owned(),
            outcome: "maybe".to_owned(),
            target: "Checkout backend".to_owned(),
            address: "203.0.113.0/24".to_owned(),
            from: "yesterday".to_owned(),
            to: "2026-02-30".to_owned(),
            ..Default::default()
        };
        let Invalid(errors) = query.filter().expect_err("refused");
        let fields: Vec<_> = errors.iter().map(|error| error.field).collect();
        assert_eq!(fields, ["actor", "action", "outcome", "target", "address", "from", "to"]);
    }
}
