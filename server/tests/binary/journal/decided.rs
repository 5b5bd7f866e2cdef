//! What an operator decides about a damaged journal is decided once, and noted before a file is moved.

use sallyport::store::EventFilter;

use super::*;
use crate::rekey::open;

/// The last line can't be read any more.
fn damage(portal: &Portal) -> std::path::PathBuf {
    let journal = portal.data().join("revocations.journal");
    let text = fs::read_to_string(&journal).expect("a journal");
    let (before, last) = text.trim_end().rsplit_once('\n').expect("lines");
    let mut words: Vec<_> = last.splitn(4, ' ').collect();
    words[2] = "7";
    fs::write(&journal, format!("{before}\n{}\n", words.join(" "))).expect("written");
    journal
}

/// How many damaged files are kept under another name.
fn aside(portal: &Portal) -> usize {
    let names = fs::read_dir(portal.data()).expect("read").map(|entry| entry.expect("one").file_name());
    names.filter(|name| name.to_string_lossy().starts_with("revocations.journal.aside-")).count()
}

#[test]
fn a_restore_that_goes_on_without_a_damaged_journal_is_the_end_of_it() {
    let (portal, server) = Portal::start(2);
    portal.backup();
    portal.revoke(&server, 0).expect("answered");
    server.kill();
    let journal = damage(&portal);
    let refused = portal.restore(&[]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("--accept REASON"), "{}", stderr(&refused));
    assert!(journal.exists() && aside(&portal) == 0, "nothing was changed");

    let restored = portal.restore(&["--accept", "a disk failed"]);
    assert!(restored.status.success(), "{}{}", stdout(&restored), stderr(&restored));
    assert!(!journal.exists() && aside(&portal) == 1, "{}", stdout(&restored));
    // The database that was replaced had the revocation.
    let server = portal.serve();
    assert_eq!(portal.codes(&server), ["revoked", "valid"]);
    server.kill();
    let checked = portal.run(&["journal", "check"]);
    assert!(checked.status.success(), "{}{}", stdout(&checked), stderr(&checked));
}

#[tokio::test(flavor = "multi_thread")]
async fn that_somebody_has_to_decide_is_noted_before_a_file_is_moved() {
    let (portal, server) = Portal::start(1);
    server.kill();
    let journal = damage(&portal);
    // No server has looked at it yet.
    let accepted = portal.run(&["journal", "accept", "--reason", "a disk failed", "--yes"]);
    assert!(accepted.status.success(), "{}{}", stdout(&accepted), stderr(&accepted));
    assert!(!journal.exists() && aside(&portal) == 1);
    let store = open(&portal).await;
    let events = store.system_events(&EventFilter::default()).await.expect("read").events;
    store.close().await;
    let noted: Vec<_> = events.iter().rev().map(|event| &*event.action).collect();
    let noted: Vec<_> = noted.into_iter().filter(|action| action.starts_with("portal.")).collect();
    assert_eq!(noted, ["portal.quarantined", "portal.restored"]);
    let server = portal.serve();
    assert_eq!(portal.codes(&server), ["valid"]);
    server.kill();
}
