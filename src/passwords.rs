//! Passwords: argon2id in a bounded pool, so that a flood of sign-ins can't take the machine.

use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, Version, password_hash::PasswordHasher};
use base64::{Engine, prelude::BASE64_STANDARD_NO_PAD};
use password_hash::{PasswordVerifier, phc::PasswordHash};
use tokio::{
    runtime::{Builder, Runtime},
    sync::Semaphore,
};

use crate::{Entropy, Error, Result, user::Password};

/// OWASP's password storage cheat sheet: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// How many hashes run at once, and how many wait before more are turned away.
const AT_ONCE: usize = 2;
const WAITING: usize = 32;

#[derive(Clone)]
pub struct Passwords(Arc<Pool>);

struct Pool {
    threads: Threads,
    running: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    entropy: Arc<dyn Entropy>,
    /// A hash that no password has: an unknown e-mail address costs as much as a wrong password.
    nobody: String,
}

/// Threads for hashing alone. The allocator keeps what each thread freed, 19 MiB after a hash: on the many threads of the
/// server's own pool that would add up.
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
        // Waiting for them is not allowed where the last owner is a task.
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

/// A PHC string like those of [`hash`], of a random output that no password is known for. Nothing is computed: the
/// allocator would keep the 19 MiB for as long as the process runs.
fn nobody(entropy: &dyn Entropy) -> String {
    let salt = BASE64_STANDARD_NO_PAD.encode(entropy.array::<16>());
    let output = BASE64_STANDARD_NO_PAD.encode(entropy.array::<32>());
    format!("$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}${salt}${output}")
}

impl Passwords {
    pub fn new(entropy: Arc<dyn Entropy>) -> Self {
        let nobody = nobody(&*entropy);
        Self(Arc::new(Pool {
            threads: Threads::start(),
            running: Arc::new(Semaphore::new(AT_ONCE)),
            waiting: Arc::new(Semaphore::new(AT_ONCE + WAITING)),
            entropy,
            nobody,
        }))
    }

    /// The hash to keep: a PHC string.
    pub async fn hash(&self, password: &Password) -> Result<String> {
        let (password, salt) = (password.clone(), self.0.entropy.array());
        self.run(move || hash(password.expose(), salt)).await
    }

    /// Whether it is the password of that hash; without a hash the answer is no, after the same time.
    pub async fn matches(&self, password: &Password, kept: Option<&str>) -> Result<bool> {
        let (password, known) = (password.clone(), kept.is_some());
        let kept = kept.unwrap_or(&self.0.nobody).to_owned();
        self.run(move || {
            let same =
                PasswordHash::new(&kept).is_ok_and(|kept| argon2().verify_password(password.expose(), &kept).is_ok());
            same && known
        })
        .await
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let busy = || Error::Busy("Many people are signing in right now; try again in a few seconds.");
        let waiting = Arc::clone(&self.0.waiting).try_acquire_owned().map_err(|_| busy())?;
        let running = Arc::clone(&self.0.running).acquire_owned().await.map_err(|_| busy())?;
        // The permits go with the work: whoever hangs up leaves the hash running, and it still counts.
        let work = move || {
            let _permits = (waiting, running);
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
            let asked = tokio::spawn(async move { pool.run(move || drop(held.lock().map(|held| held.recv()))).await });
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
    fn the_hash_of_nobody_costs_what_a_real_one_does() {
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
    async fn the_right_password_matches_and_nobody_has_none() {
        let passwords = Passwords::new(Arc::new(SeededEntropy::new(1)));
        let (right, wrong) = (Password::new("right".to_owned()), Password::new("wrong".to_owned()));
        let hash = passwords.hash(&right).await.expect("hashed");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(passwords.matches(&right, Some(&hash)).await.expect("asked"));
        assert!(!passwords.matches(&wrong, Some(&hash)).await.expect("asked"));
        assert!(!passwords.matches(&right, None).await.expect("asked"));
    }
}
