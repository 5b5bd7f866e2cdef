//! The mail about all requests that wait for the approval of a person.

use sallyport::mail::WaitingRequest;

use super::{Content, Sender, quoted};
use crate::words;

pub(super) fn wait(
    requests: &[WaitingRequest],
    count: usize,
    hello: String,
    Sender { brand, url, .. }: &Sender,
) -> Content {
    let verb = if count == 1 { "waits" } else { "wait" };
    let named = requests.iter().map(|request| ("Request", format!("{}, {}", quoted(&request.label), request.org_name)));
    let mail = Content::new(format!("{} {verb} for your approval", words::count(count, "request")))
        .text(hello)
        .text(format!("At {brand}, keys or changes of keys wait for the approval of another person: you may give it."))
        .facts(named.collect());
    let left = count.saturating_sub(requests.len());
    let mail = if left > 0 { mail.text(format!("And {} more.", words::count(left, "request"))) } else { mail };
    let path = match requests {
        [first, rest @ ..] if rest.iter().all(|other| other.org == first.org) => {
            format!("/orgs/{}/approvals", first.org)
        }
        _ => "/".to_owned(),
    };
    mail.button("Look at the requests", format!("{url}{path}"))
}
