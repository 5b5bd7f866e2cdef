//! Lists, which the API answers in parts.

use std::collections::HashSet;

use clap::Args;
use serde_json::Value;

use super::session::Session;

/// The longest part that the API gives.
const PART: usize = 100;

#[derive(Args)]
pub struct ListArgs {
    /// Entries at most
    #[arg(long, value_name = "COUNT", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// Every entry, however many there are
    #[arg(long, conflicts_with = "limit")]
    all: bool,
}

impl ListArgs {
    pub const ALL: Self = Self { limit: 1, all: true };
}

/// The entries of a list, and whether there are more.
pub struct List {
    pub entries: Vec<Value>,
    pub has_more: bool,
}

/// Filters of a list, without those that were not given.
pub type Query = Vec<(&'static str, String)>;

/// Asks for one part after the other.
pub fn list(session: &Session<'_>, path: &str, query: &Query, args: &ListArgs) -> Result<List, String> {
    let most = if args.all { usize::MAX } else { usize::try_from(args.limit).unwrap_or(usize::MAX) };
    let (mut entries, mut cursor, mut asked) = (Vec::new(), None::<String>, HashSet::new());
    loop {
        let limit = PART.min(most - entries.len());
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("limit", &limit.to_string()).extend_pairs(query);
        form.extend_pairs(cursor.iter().map(|cursor| ("cursor", cursor)));
        let mut answer = session.get(&format!("{path}?{}", form.finish()))?;
        let part = answer["data"].as_array_mut().map(std::mem::take);
        let part = part.ok_or_else(|| format!("{} answered without a list.", session.url))?;
        let is_empty = part.is_empty();
        entries.extend(part);
        let next = answer["next_cursor"].as_str().map(str::to_owned);
        let has_more = next.is_some();
        // A list that does not go on would be asked for without end.
        let again = next.clone().is_some_and(|cursor| !asked.insert(cursor));
        if !has_more || is_empty || again || entries.len() >= most {
            entries.truncate(most);
            return Ok(List { entries, has_more });
        }
        cursor = next;
    }
}

#[cfg(test)]
mod tests {
    use sallyport::testing::TurnedClock;
    use serde_json::json;

    use super::*;
    use crate::cli::client::{
        portal_url::PortalUrl,
        session::ClientContext,
        testing::{Script, answer},
    };

    /// Lists with these parts (first and last entry, cursor); the number of entries, whether there are more, and the
    /// queries.
    fn listed(limit: u32, all: bool, parts: &[(u32, u32, Option<&str>)]) -> (usize, bool, Vec<String>) {
        let parts = parts.iter().map(|(first, last, cursor)| {
            answer(200, json!({ "data": (*first..=*last).collect::<Vec<_>>(), "next_cursor": cursor }))
        });
        let (script, clock) = (Script::new(parts.collect()), TurnedClock::default());
        let token = Some("t".to_owned());
        let context = ClientContext { transport: &script, clock: &clock, file: Err(String::new()), token };
        let url = PortalUrl::parse("https://keys.example.com").expect("an address");
        let session = context.session(Some(&url)).expect("a token");
        let query = vec![("label", "a&b".to_owned())];
        let list = list(&session, "/v1/keys", &query, &ListArgs { limit, all }).expect("a list");
        let sent = script.sent().iter().map(|line| line["GET /v1/keys?".len()..].to_owned()).collect();
        (list.entries.len(), list.has_more, sent)
    }

    #[test]
    fn parts_follow_each_other_up_to_the_limit() {
        assert_eq!(listed(100, false, &[(1, 3, None)]), (3, false, vec!["limit=100&label=a%26b t".into()]));
        let parts = [(1, 100, Some("c1")), (101, 120, Some("c2"))];
        let queries = vec!["limit=100&label=a%26b t".into(), "limit=20&label=a%26b&cursor=c1 t".into()];
        assert_eq!(listed(120, false, &parts), (120, true, queries));
        let (many, has_more, queries) =
            listed(1, true, &[(1, 100, Some("c1")), (101, 200, Some("c2")), (201, 210, None)]);
        assert_eq!((many, has_more, queries.len()), (210, false, 3));
    }

    #[test]
    fn a_list_that_does_not_go_on_ends() {
        assert_eq!(listed(9, true, &[(1, 2, Some("c1")), (3, 4, Some("c1"))]).0, 4);
        assert_eq!(listed(9, true, &[(1, 2, Some("c1")), (3, 4, Some("c2")), (5, 6, Some("c1"))]).0, 6, "in circles");
        assert_eq!(listed(9, true, &[(1, 0, Some("c1"))]).0, 0);
    }
}
