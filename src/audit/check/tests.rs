//! A chain of events, and each way to tamper with it.

use serde_json::json;

use super::*;
use crate::{Timestamp, audit::Outcome};

const CHAIN: &str = "org_x";

fn event(seq: i64, salts: Salts) -> Event {
    Event {
        chain: CHAIN.to_owned(),
        seq,
        at: Timestamp::from_micros(seq),
        actor_kind: "user".to_owned(),
        actor_id: "usr_x".to_owned(),
        actor_name: "Ada".to_owned(),
        action: "key.generated".to_owned(),
        target_kind: "key".to_owned(),
        target_id: "key_x".to_owned(),
        target_name: format!("Key {seq}"),
        app_id: None,
        outcome: Outcome::Done,
        address: Some("127.0.0.1".to_owned()),
        user_agent: None,
        request_id: None,
        details: json!({ "reason": "lost" }).to_string(),
        salts,
    }
}

/// Events with their hashes, one after another.
fn chained(events: Vec<Event>) -> Vec<Exported> {
    let mut before = Vec::new();
    let hashed = events.into_iter().map(|event| {
        before = event.hash(&before).to_vec();
        Exported { event, hash: before.clone() }
    });
    hashed.collect()
}

fn chain(length: i64) -> Vec<Exported> {
    chained((1..=length).map(|seq| event(seq, Salts::Seed([7; 16]))).collect())
}

fn checkpoint(of: &[Exported]) -> Checkpoint {
    let mut tree = Frontier::default();
    of.iter().for_each(|exported| tree.push(leaf_hash(&exported.hash)));
    Checkpoint {
        origin: format!("keys.example.com/audit/{CHAIN}"),
        size: tree.size(),
        root: tree.root(),
        first_format: 0,
    }
}

fn check(events: &[Exported], checkpoints: &[Checkpoint], length: Option<i64>) -> Result<Checked, Fault> {
    let mut check = ChainCheck::new(CHAIN, checkpoints, None);
    for exported in events {
        check.next(exported.clone())?;
    }
    check.end(length)
}

fn fault(events: &[Exported], checkpoints: &[Checkpoint], length: Option<i64>) -> (i64, Wrong) {
    let Fault { seq, why } = check(events, checkpoints, length).expect_err("tampered with");
    (seq, why)
}

#[test]
fn a_whole_chain_is_whole() {
    let chain = chain(20);
    let checkpoints = [checkpoint(&chain[..20]), checkpoint(&chain[..7]), checkpoint(&[])];
    let checked = check(&chain, &checkpoints, Some(20)).expect("whole");
    assert_eq!((checked.events, checked.checkpoints, checked.erased), (20, 3, 0));
    assert_eq!(checked.root, checkpoints[0].root);
    assert_eq!(check(&[], &[], Some(0)).expect("empty").events, 0);
}

#[test]
fn an_edited_field_is_named() {
    let mut chain = chain(9);
    chain[4].event.target_name = "Another".to_owned();
    assert_eq!(fault(&chain, &[], None), (5, Wrong::Edited));
    assert_eq!(fault(&chain[..5], &[], None), (5, Wrong::Edited), "also as the last");
}

#[test]
fn a_deleted_event_is_named() {
    let mut gap = chain(9);
    gap.remove(4);
    assert_eq!(fault(&gap, &[], Some(9)), (5, Wrong::Missing { next: 6 }));
    let mut renumbered = gap;
    renumbered[4..].iter_mut().for_each(|exported| exported.event.seq -= 1);
    assert_eq!(fault(&renumbered, &[], None), (5, Wrong::Edited));
}

#[test]
fn an_inserted_event_is_named() {
    let mut more = chain(9);
    let inserted = Exported { event: event(5, Salts::Seed([8; 16])), hash: vec![1; 32] };
    more.insert(4, inserted.clone());
    assert_eq!(fault(&more, &[], None), (5, Wrong::Inserted), "beside the one with its number");
    more[5..].iter_mut().for_each(|exported| exported.event.seq += 1);
    assert_eq!(fault(&more, &[], None), (5, Wrong::Inserted));
    more[4].hash = more[4].event.hash(&more[3].hash).to_vec();
    assert_eq!(fault(&more, &[], None), (6, Wrong::Edited), "with the right hash, the one after it is wrong");
    let chain = chain(9);
    assert_eq!(fault(&chain, &[], Some(8)), (9, Wrong::Inserted), "after the end");
    let twice = [&chain[..5], &chain[4..]].concat();
    assert_eq!(fault(&twice, &[], None), (5, Wrong::Repeated));
}

#[test]
fn swapped_events_are_named() {
    let mut lines = chain(9);
    lines.swap(4, 5);
    assert_eq!(fault(&lines, &[], None), (5, Wrong::Swapped { with: 6 }));
    lines[4].event.seq = 5;
    lines[5].event.seq = 6;
    assert_eq!(fault(&lines, &[], None), (5, Wrong::Swapped { with: 6 }));
}

#[test]
fn a_cut_tail_is_named() {
    let chain = chain(9);
    assert_eq!(fault(&chain[..6], &[checkpoint(&chain)], None), (7, Wrong::Cut { until: 9 }));
    assert_eq!(fault(&chain[..6], &[], Some(9)), (7, Wrong::Cut { until: 9 }));
    assert!(check(&chain[..6], &[], None).is_ok(), "without either, a chain that was cut is a shorter one");
}

#[test]
fn a_rewritten_chain_is_named() {
    let old = chain(9);
    let rewritten = |from: i64| {
        let salts = |seq| Salts::Seed([if seq < from { 7 } else { 8 }; 16]);
        chained((1..=9).map(|seq| event(seq, salts(seq))).collect())
    };
    assert!(check(&rewritten(1), &[], Some(9)).is_ok(), "it fits itself");
    let all = [checkpoint(&old[..4]), checkpoint(&old[..8])];
    assert_eq!(fault(&rewritten(1), &all, None), (1, Wrong::Rewritten { until: 4 }));
    assert_eq!(fault(&rewritten(6), &all, None), (5, Wrong::Rewritten { until: 8 }), "after the last that fits");
    assert_eq!(fault(&rewritten(9), &[checkpoint(&old)], None), (1, Wrong::Rewritten { until: 9 }));
}

#[test]
fn an_event_of_another_chain_is_named() {
    let mut chain = chain(3);
    chain[1].event.chain = "org_y".to_owned();
    assert_eq!(fault(&chain, &[], None), (2, Wrong::OtherChain("org_y".to_owned())));
}

#[test]
fn what_was_erased_is_no_excuse_for_an_edit() {
    let mut chain = chain(9);
    let erased = &mut chain[4].event;
    erased.erase(PersonalField::ActorName, Some(ERASED.to_owned()));
    erased.erase(PersonalField::Address, None);
    erased.erase(PersonalField::Details, Some(json!({ "reason": ERASED }).to_string()));
    assert_eq!(check(&chain, &[], None).expect("whole").erased, 1);
    for (field, value) in [
        (PersonalField::ActorName, "Eve"),
        (PersonalField::TargetName, "Key 6"),
        (PersonalField::Address, "192.0.2.1"),
        (PersonalField::UserAgent, "curl"),
        (PersonalField::Details, "{}"),
    ] {
        let mut chain = chain.clone();
        chain[4].event.erase(field, Some(value.to_owned()));
        assert_eq!(fault(&chain, &[], None), (5, Wrong::NotErased(field)));
    }
    chain[4].event.salts = Salts::ErasedFirst;
    assert_eq!(fault(&chain, &[], None), (5, Wrong::OldFormat));
}

/// Four events in the first format, the second of them erased, and five more.
fn old_chain() -> Vec<Exported> {
    let salts = |seq| if seq <= 4 { Salts::First } else { Salts::Seed([7; 16]) };
    let mut chain = chained((1..=9).map(|seq| event(seq, salts(seq))).collect());
    chain[1].event.erase(PersonalField::ActorName, Some(ERASED.to_owned()));
    chain
}

fn check_until(events: &[Exported], checkpoints: &[Checkpoint], first_format: Option<i64>) -> Result<Checked, Fault> {
    let mut check = ChainCheck::new(CHAIN, checkpoints, first_format);
    for exported in events {
        check.next(exported.clone())?;
    }
    check.end(None)
}

#[test]
fn events_of_which_only_the_hash_is_left_need_a_limit() {
    let chain = old_chain();
    let signed = |first_format| Checkpoint { first_format, ..checkpoint(&chain) };
    let fault = |checkpoints: &[Checkpoint], until| {
        let Fault { seq, why } = check_until(&chain, checkpoints, until).expect_err("refused");
        (seq, why)
    };
    let counted = |checkpoints: &[Checkpoint], until| {
        let checked = check_until(&chain, checkpoints, until).expect("whole");
        (checked.hash_only, checked.erased)
    };
    assert_eq!(fault(&[], None), (2, Wrong::HashOnly));
    assert_eq!(counted(&[], Some(4)), (1, 0));
    assert_eq!(counted(&[signed(4)], None), (1, 0), "a checkpoint says so");
    assert_eq!(counted(&[signed(0)], Some(4)), (1, 0), "one of a version that did not say");
    assert_eq!(fault(&[signed(4), signed(1)], None), (2, Wrong::OldFormat), "the strictest counts");
    assert_eq!(fault(&[], Some(3)), (4, Wrong::OldFormat), "also with its fields");
    assert_eq!(fault(&[signed(0)], None), (1, Wrong::OldFormat));
}

/// Everything from the first event on is replaced, and the hashes stay.
#[test]
fn a_forged_beginning_is_named() {
    let whole = chain(9);
    let mut forged = whole.clone();
    for exported in &mut forged[..5] {
        exported.event.actor_name = "Mallory".to_owned();
        exported.event.salts = Salts::ErasedFirst;
    }
    assert_eq!(check(&forged, &[], None).expect_err("refused").why, Wrong::HashOnly);
    assert_eq!(fault(&forged, &[checkpoint(&whole)], None), (1, Wrong::OldFormat));
    forged[4].event.salts = Salts::Seed([7; 16]);
    assert_eq!(fault(&forged, &[], None), (1, Wrong::HashOnly));
}

#[test]
fn events_in_the_first_format_come_first() {
    let mut chain = old_chain();
    chain[6].event.salts = Salts::ErasedFirst;
    let Fault { seq, why } = check_until(&chain, &[], Some(9)).expect_err("refused");
    assert_eq!((seq, why), (7, Wrong::OldFormat));
}
