//! What was asked and answered, with times, and whether it is what was promised.

use std::{
    collections::HashMap,
    io::{Read, Write},
    net::TcpStream,
    sync::Mutex,
    time::{Duration, Instant},
};

use super::cluster::Key;

/// A verification, or a revocation.
struct Entry {
    key: String,
    node: usize,
    began: Instant,
    ended: Instant,
    what: What,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Accepted,
    Refused,
    /// No answer, or none about the key.
    Nothing,
    Revoked,
}

#[derive(Default)]
pub struct History(Mutex<Vec<Entry>>);

#[derive(Debug)]
pub struct Checked {
    pub accepted: usize,
    pub refused: usize,
    /// Neither: the node was closed, or did not answer.
    pub nothing: usize,
}

impl History {
    /// Asks a node about a key; returns the status, or 0 without an answer.
    pub fn ask(&self, node: usize, address: &str, key: &Key) -> u16 {
        let began = Instant::now();
        let status = status(address, &key.secret).unwrap_or(0);
        let what = match status {
            200 => What::Accepted,
            401 => What::Refused,
            _ => What::Nothing,
        };
        self.note(key, node, began, what);
        status
    }

    /// A revocation was answered.
    pub fn revoked(&self, key: &Key, node: usize, began: Instant) {
        self.note(key, node, began, What::Revoked);
    }

    fn note(&self, key: &Key, node: usize, began: Instant, what: What) {
        let entry = Entry { key: key.id.clone(), node, began, ended: Instant::now(), what };
        self.0.lock().expect("not poisoned").push(entry);
    }

    /// The shortest, the median and the longest revocation.
    pub fn revocations(&self) -> [Duration; 3] {
        let entries = self.0.lock().expect("not poisoned");
        let revocations = entries.iter().filter(|entry| entry.what == What::Revoked);
        let mut took: Vec<_> = revocations.map(|entry| entry.ended - entry.began).collect();
        took.sort();
        [took[0], took[took.len() / 2], took[took.len() - 1]]
    }

    /// No verification that began after a revocation was answered is accepted, on any node.
    pub fn check(&self) -> Checked {
        let entries = self.0.lock().expect("not poisoned");
        let mut revoked: HashMap<&str, Instant> = HashMap::new();
        for entry in entries.iter().filter(|entry| entry.what == What::Revoked) {
            let answered = revoked.entry(&entry.key).or_insert(entry.ended);
            *answered = entry.ended.min(*answered);
        }
        for entry in entries.iter().filter(|entry| entry.what == What::Accepted) {
            if let Some(answered) = revoked.get(entry.key.as_str()).filter(|answered| entry.began > **answered) {
                panic!("node {} accepted {} {:?} after its revocation", entry.node, entry.key, entry.began - *answered);
            }
        }
        let count = |what| entries.iter().filter(|entry| entry.what == what).count();
        Checked { accepted: count(What::Accepted), refused: count(What::Refused), nothing: count(What::Nothing) }
    }
}

fn status(address: &str, secret: &str) -> Option<u16> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    let head = format!("GET /v1/auth HTTP/1.1\r\nhost: {address}\r\nx-api-key: {secret}\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answer.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(what: What, began: Instant, ended: Instant) -> Entry {
        Entry { key: "key_a".to_owned(), node: 1, began, ended, what }
    }

    #[test]
    #[should_panic(expected = "node 1 accepted key_a")]
    fn it_finds_what_was_accepted_after_the_answer() {
        let (now, later) = (Instant::now(), |ms| Instant::now() + Duration::from_millis(ms));
        let history = History::default();
        history.0.lock().expect("not poisoned").extend([
            entry(What::Revoked, now, later(5)),
            entry(What::Accepted, later(4), later(20)),
            entry(What::Accepted, later(10), later(20)),
        ]);
        history.check();
    }
}
