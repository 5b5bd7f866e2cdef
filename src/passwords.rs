//! Password hashing: argon2id in a bounded pool, so that a flood of sign-ins can't exhaust the machine.

use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, Version, password_hash::PasswordHasher};
use base64::{Engine, prelude::BASE64_STANDARD_NO_PAD};
use password_hash::{PasswordVerifier, phc::PasswordHash};
use tokio::{
    runtime::{Builder, Runtime},
    sync::Semaphore,
};

use crate::{Entropy, Error, Result, breached_file::BreachedFile, metrics::Counter, throttle::Lane, user::Password};

/// From OWASP's password storage cheat sheet: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// How many hashes run at once, and how many of those for unknown clients.
const AT_ONCE: usize = 2;
const STRANGERS_AT_ONCE: usize = 1;
/// How many of each kind may wait; more are refused.
const WAITING: usize = 32;

/// Whether a password matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    No,
    Yes,
    /// It matches, but the hash was made with weaker parameters than today's.
    Weak,
}

/// The state of the queue for hashing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashingQueue {
    pub running: usize,
    pub waiting: usize,
    /// Since the start.
    pub refused: u64,
}

#[derive(Clone)]
pub struct Passwords(Arc<Pool>);

struct Pool {
    threads: Threads,
    running: Arc<Semaphore>,
    /// Unknown clients need one of these first, so that some capacity is always left for known ones.
    strangers: Arc<Semaphore>,
    waiting: [Arc<Semaphore>; 2],
    /// How many were refused because too many waited.
    refused: Counter,
    entropy: Arc<dyn Entropy>,
    /// A hash that no password matches, so that an unknown e-mail address takes as long as a wrong password.
    nobody: String,
    /// Of the operator.
    breached: Option<Arc<BreachedFile>>,
}

/// Separate threads for hashing. The allocator keeps the memory that each thread freed, 19 MiB after a hash, which
/// would add up over the many threads of the server's own pool.
struct Threads(Option<Runtime>);

impl Threads {
    fn start() -> Self {
        let threads = Builder::new_current_thread().max_blocking_threads(AT_ONCE).thread_name("passwords").build();
        Self(Some(threads.expect("a machine that serves can start two threads")))
    }

    fn runtime(&self) -> &Runtime {
        self.0.as_ref().expect("taken by drop alone")
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        // If the last owner is an async task, blocking on the threads is not allowed.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("the parameters are in range");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn hash(password: &[u8], salt: [u8; 16]) -> String {
    let hash: PasswordHash = argon2().hash_password_with_salt(password, &salt).expect("salt and password fit");
    hash.to_string()
}

/// A PHC string like those of [`hash`], with a random output that no password is known for. Nothing is computed: the
/// allocator would keep the 19 MiB for as long as the process runs.
fn nobody(entropy: &dyn Entropy) -> String {
    let salt = BASE64_STANDARD_NO_PAD.encode(entropy.array::<16>());
    let output = BASE64_STANDARD_NO_PAD.encode(entropy.array::<32>());
    format!("$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${salt}${output}")
}

/// Whether a hash is weaker than today's parameters.
fn is_weak(hash: &PasswordHash) -> bool {
    let Ok(params) = Params::try_from(hash) else { return true };
    hash.algorithm.as_str() != "argon2id" || params.m_cost() < MEMORY_KIB || params.t_cost() < PASSES
}

impl Passwords {
    pub fn new(entropy: Arc<dyn Entropy>) -> Self {
        Self::with_breached(entropy, None)
    }

    /// The same, with a file of breached passwords that nobody may choose.
    pub fn with_breached(entropy: Arc<dyn Entropy>, breached: Option<BreachedFile>) -> Self {
        let nobody = nobody(&*entropy);
        Self(Arc::new(Pool {
            threads: Threads::start(),
            running: Arc::new(Semaphore::new(AT_ONCE)),
            strangers: Arc::new(Semaphore::new(STRANGERS_AT_ONCE)),
            waiting: [(); 2].map(|()| Arc::new(Semaphore::new(WAITING))),
            refused: Counter::default(),
            entropy,
            nobody,
            breached: breached.map(Arc::new),
        }))
    }

    /// Hashes a password that somebody chose, unless it is in the operator's file of breached ones: an error of that field.
    pub async fn hash_new(&self, password: &Password, field: &'static str) -> Result<String> {
        if let Some(breached) = self.0.breached.clone() {
            let chosen = password.clone();
            let found =
                self.run(Lane::Known, move || breached.contains(&String::from_utf8_lossy(chosen.expose()))).await?;
            match found {
                Ok(false) => {}
                Ok(true) => return Err(Error::field(field, "This password is known from a breach. Choose another.")),
                // Nobody is locked out because of it; the list inside the program was looked at.
                Err(error) => tracing::error!(%error, "the file of breached passwords can't be read"),
            }
        }
        self.hash(password).await
    }

    /// Hashes a password to a PHC string.
    pub async fn hash(&self, password: &Password) -> Result<String> {
        let (password, salt) = (password.clone(), self.0.entropy.array());
        self.run(Lane::Known, move || hash(password.expose(), salt)).await
    }

    /// Whether the password matches the hash; `false` without a hash, after the same time.
    pub async fn matches(&self, lane: Lane, password: &Password, kept: Option<&str>) -> Result<Match> {
        let (password, known) = (password.clone(), kept.is_some());
        let kept = kept.unwrap_or(&self.0.nobody).to_owned();
        self.run(lane, move || {
            let kept = PasswordHash::new(&kept).ok();
            let same = kept.as_ref().is_some_and(|kept| argon2().verify_password(password.expose(), kept).is_ok());
            match kept.filter(|_| same && known) {
                None => Match::No,
                Some(kept) if is_weak(&kept) => Match::Weak,
                Some(_) => Match::Yes,
            }
        })
        .await
    }

    /// Whether this is a passphrase that was told to somebody: of a client that is not known.
    pub async fn is_passphrase(&self, typed: &Password, kept: &str) -> Result<bool> {
        Ok(self.matches(Lane::Stranger, typed, Some(kept)).await? != Match::No)
    }

    /// How many passwords are hashed, and wait for that.
    pub fn queue(&self) -> HashingQueue {
        let Pool { running, waiting, refused, .. } = &*self.0;
        let of = |lane: Lane| WAITING - waiting[lane as usize].available_permits();
        let running = AT_ONCE - running.available_permits();
        let waiting = (of(Lane::Known) + of(Lane::Stranger)).saturating_sub(running);
        HashingQueue { running, waiting, refused: refused.get() }
    }

    async fn run<T: Send + 'static>(&self, lane: Lane, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let busy = || Error::Busy("Many people are signing in right now; try again in a few seconds.");
        let waiting = Arc::clone(&self.0.waiting[lane as usize]).try_acquire_owned().map_err(|_| {
            self.0.refused.increment();
            busy()
        })?;
        let of_strangers = match lane {
            Lane::Stranger => Some(Arc::clone(&self.0.strangers).acquire_owned().await.map_err(|_| busy())?),
            Lane::Known => None,
        };
        let running = Arc::clone(&self.0.running).acquire_owned().await.map_err(|_| busy())?;
        // The permits move with the work: if the client disconnects, the hash still runs and still counts.
        let work = move || {
            let _permits = (waiting, of_strangers, running);
            work()
        };
        self.0.threads.runtime().spawn_blocking(work).await.map_err(|error| Error::Unavailable(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::SeededEntropy;

    #[tokio::test]
    async fn hanging_up_gives_no_permit_back() {
        let passwords = Passwords::new(Arc::new(SeededEntropy::new(1)));
        let (release, held) = std::sync::mpsc::channel::<()>();
        let held = Arc::new(std::sync::Mutex::new(held));
        for left in (0..AT_ONCE).rev() {
            let (pool, held) = (passwords.clone(), Arc::clone(&held));
            let asked =
                tokio::spawn(
                    async move { pool.run(Lane::Known, move || drop(held.lock().map(|held| held.recv()))).await },
                );
            while passwords.0.running.available_permits() > left {
                tokio::task::yield_now().await;
            }
            asked.abort();
            let _ = asked.await;
        }
        assert_eq!(passwords.0.running.available_permits(), 0, "the work goes on, and counts");
        drop(release);
        let _all = passwords.0.running.acquire_many(AT_ONCE as u32).await.expect("given back at its end");
    }

    #[test]
    fn the_dummy_hash_takes_as_long_as_a_real_one() {
        let entropy = SeededEntropy::new(1);
        let (nobody, real) = (nobody(&entropy), hash(b"real", [7; 16]));
        let [nobody, real] = [&nobody, &real].map(|text| PasswordHash::new(text).expect("a PHC string"));
        assert_eq!(nobody.algorithm, real.algorithm);
        assert_eq!(nobody.version, real.version);
        assert_eq!(nobody.params, real.params);
        assert_eq!(nobody.salt.as_ref().map(|salt| salt.len()), real.salt.as_ref().map(|salt| salt.len()));
        assert_eq!(nobody.hash.as_ref().map(|output| output.len()), real.hash.as_ref().map(|output| output.len()));
    }

    #[tokio::test]
    async fn the_right_password_matches_and_the_dummy_hash_never() {
        let passwords = Passwords::new(Arc::new(SeededEntropy::new(1)));
        let (right, wrong) = (Password::new("right".to_owned()), Password::new("wrong".to_owned()));
        let hash = passwords.hash(&right).await.expect("hashed");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        for (password, kept, expected) in
            [(&right, Some(&*hash), Match::Yes), (&wrong, Some(&*hash), Match::No), (&right, None, Match::No)]
        {
            assert_eq!(passwords.matches(Lane::Stranger, password, kept).await.expect("asked"), expected);
        }
    }

    #[tokio::test]
    async fn a_hash_of_weaker_parameters_matches_and_is_called_weak() {
        let passwords = Passwords::new(Arc::new(SeededEntropy::new(1)));
        let right = Password::new("right".to_owned());
        for (memory, passes, expected) in [(8_192, PASSES, Match::Weak), (MEMORY_KIB, 1, Match::Weak)] {
            let params = Params::new(memory, passes, LANES, None).expect("in range");
            let weaker = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
            let hash: PasswordHash = weaker.hash_password_with_salt(right.expose(), &[7; 16]).expect("hashed");
            let matched = passwords.matches(Lane::Known, &right, Some(&hash.to_string())).await.expect("asked");
            assert_eq!(matched, expected, "m={memory}, t={passes}");
            let wrong = Password::new("wrong".to_owned());
            let matched = passwords.matches(Lane::Known, &wrong, Some(&hash.to_string())).await.expect("asked");
            assert_eq!(matched, Match::No);
        }
    }

    #[tokio::test]
    async fn a_flood_of_unknown_clients_leaves_capacity_for_known_ones() {
        let passwords = Passwords::new(Arc::new(SeededEntropy::new(1)));
        let (release, held) = std::sync::mpsc::channel::<()>();
        let held = Arc::new(std::sync::Mutex::new(held));
        let strangers: Vec<_> = (0..WAITING)
            .map(|_| {
                let (pool, held) = (passwords.clone(), Arc::clone(&held));
                tokio::spawn(async move {
                    pool.run(Lane::Stranger, move || drop(held.lock().map(|held| held.recv()))).await
                })
            })
            .collect();
        while passwords.0.waiting[Lane::Stranger as usize].available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let refused = passwords.run(Lane::Stranger, || ()).await;
        assert!(matches!(refused, Err(Error::Busy(_))), "{refused:?}");
        assert_eq!(passwords.queue(), HashingQueue { running: 1, waiting: WAITING - 1, refused: 1 });
        // None of them is done, and a known client comes.
        passwords.run(Lane::Known, || ()).await.expect("let in at once");
        drop(release);
        for stranger in strangers {
            stranger.await.expect("no panic").expect("in the end");
        }
    }
}
