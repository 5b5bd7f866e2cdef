use proptest::prelude::*;

use super::{super::read, *};
use crate::{
    testing::SeededEntropy,
    vault::{MasterKey, Vault},
};

fn vault(seed: u64) -> Vault {
    Vault::new(&MasterKey::mint(&SeededEntropy::new(seed)))
}

fn key(seed: u64) -> JournalKey {
    JournalKey::new(vault(seed))
}

fn line(revision: i64) -> Line {
    Line::new(revision, revision * 10, &[Entry::RootTokenRevoked { id: format!("token_{revision}") }])
}

fn written(path: &Path, revisions: std::ops::RangeInclusive<i64>) -> JournalFile {
    let mut file = JournalFile::new(path.to_owned(), key(1));
    file.push(Line::new(revisions.start() - 1, 0, &[Entry::Begin]));
    revisions.for_each(|revision| file.push(line(revision)));
    file.flush().expect("written");
    file
}

fn found(path: &Path) -> Contents {
    read(path, &key(1)).expect("readable").expect("there")
}

#[test]
fn what_is_written_is_read_again_and_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(super::super::FILE);
    assert!(read(&path, &key(1)).expect("no error").is_none());
    written(&path, 1..=3);
    let mut again = JournalFile::after(&found(&path), key(1));
    assert_eq!(again.last_revision(), 3);
    again.push(line(4));
    again.flush().expect("written");
    let all = found(&path);
    assert_eq!(all.lines[1..], [line(1), line(2), line(3), line(4)]);
    assert_eq!(all.damage, None);
    assert!(read(&path, &key(2)).expect("readable").expect("there").damage.is_some(), "another master key");
    let other = vault(1);
    other.set_lasting(other.derive_lasting(b"another installation"));
    let other = JournalKey::new(other);
    assert!(read(&path, &other).expect("readable").expect("there").damage.is_some(), "another installation");
}

#[test]
fn nothing_is_cut_off_another_file_that_was_put_under_its_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, other) = (folder.path().join("one"), folder.path().join("other"));
    let mut file = written(&path, 1..=3);
    let mut longer = JournalFile::new(other.clone(), key(1));
    longer.owes((0..=40).map(line));
    longer.flush().expect("written");
    drop(longer);
    fs::rename(&other, &path).expect("renamed");
    let bytes = fs::read(&path).expect("there");
    file.push(line(4));
    assert!(file.flush().expect_err("refused").to_string().contains("restart the server"));
    // The same file, with more lines of somebody else.
    let mut same = JournalFile::after(&found(&path), key(1));
    fs::write(&path, [&bytes[..], b"more\n"].concat()).expect("written");
    same.push(line(41));
    assert!(same.flush().expect_err("refused").to_string().contains("somebody else"));
    assert_eq!(fs::read(&path).expect("there"), [&bytes[..], b"more\n"].concat());
    // A link to something that has to stay whole.
    fs::rename(&path, &other).expect("renamed");
    std::os::unix::fs::symlink(&other, &path).expect("linked");
    let mut linked = JournalFile::new(path.clone(), key(1));
    linked.push(line(5));
    assert!(linked.flush().is_err() && file.flush().is_err() && read(&path, &key(1)).is_err());
    assert_eq!(fs::read(&other).expect("there").len(), bytes.len() + 5);
}

#[test]
fn only_one_writes_to_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(super::super::FILE);
    let mut first = written(&path, 1..=3);
    let mut second = JournalFile::after(&found(&path), key(1));
    let refused = second.claim().expect_err("it is locked");
    assert!(refused.to_string().contains("a folder of its own"), "{refused}");
    second.push(line(5));
    assert!(second.flush().is_err());
    first.push(line(4));
    first.flush().expect("written");
    drop(first);
    assert!(second.flush().is_err(), "it was written to meanwhile");
    assert_eq!(found(&path).lines.len(), 5);
}

#[test]
fn what_a_file_lacked_at_the_start_is_written_however_much_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(super::super::FILE);
    let mut file = JournalFile::new(path.clone(), key(1));
    file.owes((0..=110_000).map(|revision| Line::new(revision, revision, &[])));
    file.push(Line::new(110_001, 110_001, &[]));
    file.flush().expect("written");
    assert!(!file.has_lost());
    let all = found(&path);
    assert!(all.damage.is_none());
    assert_eq!(all.lines.len(), 110_003, "with the line that says that it begins");
    (0..=MOST_WAITING as i64).for_each(|revision| file.push(Line::new(revision, 1, &[])));
    assert!(file.has_lost() && file.waiting().len() == MOST_WAITING);
}

#[test]
fn a_file_that_vanished_is_made_anew_and_says_that_it_begins() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(super::super::FILE);
    let mut file = written(&path, 1..=3);
    fs::remove_file(&path).expect("removed");
    file.push(line(4));
    file.flush().expect("written");
    assert_eq!(found(&path).lines, [Line::new(3, 0, &[Entry::Begin]), line(4)]);
}

#[test]
fn what_could_not_be_written_is_written_later() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("elsewhere").join(super::super::FILE);
    let mut file = JournalFile::new(path.clone(), key(1));
    file.push(line(7));
    assert!(file.flush().is_err());
    assert_eq!(file.waiting(), &[line(7)]);
    fs::create_dir(path.parent().expect("a folder")).expect("made");
    file.push(line(8));
    file.flush().expect("written");
    assert_eq!(found(&path).lines[1..], [line(7), line(8)]);
}

proptest! {
    /// A kill leaves a beginning of the file; anything else is found.
    #[test]
    fn a_cut_is_no_damage_and_a_flipped_bit_is(cut in 0_usize..700, at in 0_usize..700, bit in 0_u8..8) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(super::super::FILE);
        written(&path, 1..=6);
        let whole = found(&path).lines;
        let bytes = fs::read(&path).expect("there");
        fs::write(&path, &bytes[..cut.min(bytes.len())]).expect("written");
        let kept = found(&path);
        prop_assert!(kept.damage.is_none() && whole.starts_with(&kept.lines));
        let mut file = JournalFile::after(&kept, key(1));
        file.push(line(9));
        file.flush().expect("written");
        let after = found(&path);
        prop_assert!(after.damage.is_none() && after.lines.last() == Some(&line(9)));

        let mut flipped = bytes.clone();
        flipped[at % bytes.len()] ^= 1 << bit;
        fs::write(&path, &flipped).expect("written");
        let kept = found(&path);
        prop_assert!(whole.starts_with(&kept.lines) && kept.lines.len() < whole.len());
    }
}
