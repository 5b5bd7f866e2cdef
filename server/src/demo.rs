//! `--demo`: an example company with several weeks of history, created through the same code as real data.

mod clock;
mod company;
mod keys;
mod usage;

use std::{path::Path, sync::Arc, time::Duration};

use sallyport::{
    Clock, Error, Timestamp,
    audit::{Act, Actor, Credential},
    entropy::OsEntropy,
    passwords::Passwords,
    store::Store,
    user::{NewUser, Password, User},
};
use sallyport_app::context::DemoSignIn;

use crate::data_dir::{DataDir, write_whole};
use clock::StoryClock;
use keys::{Keys, early, late};

pub const SIGN_IN: DemoSignIn = DemoSignIn { email: "ada@focus.example", password: "sallyport demo" };

/// Where the demo stores its secrets to print them at each start; a real portal stores none in plain text.
const TOLD: &str = "demo.txt";

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const MINUTE: Duration = Duration::from_secs(60);

/// The sign-in and key to try, printed at the start.
pub struct DemoSecrets {
    root_token: String,
    key: String,
}

impl DemoSecrets {
    fn parse(text: &str) -> Option<Self> {
        let (root_token, key) = text.trim().split_once('\n')?;
        Some(Self { root_token: root_token.to_owned(), key: key.to_owned() })
    }

    /// A sign-in, and a call that works as printed.
    pub fn say(&self, url: &str) -> String {
        let (DemoSignIn { email, password }, Self { root_token, key }) = (&SIGN_IN, self);
        format!(
            "The demo's sign-in: {email} with the password: {password}\n\
             Its root token: {root_token}\n\
             Verify one of its keys:\n\n  \
             curl -s {url}/v1/keys/verify \\\n    \
             -H 'Authorization: Bearer {root_token}' \\\n    \
             -H 'Content-Type: application/json' \\\n    \
             -d '{{\"key\": \"{key}\", \"scopes\": [\"write\"]}}'\n"
        )
    }
}

/// Whether a folder belongs to the demo, with or without its flag.
pub fn is_in(folder: &Path) -> bool {
    folder.join(TOLD).exists()
}

/// Fills a fresh database and returns what to try. A filled one is not changed.
pub async fn prepare(data: &DataDir, folder: &Path, clock: Arc<dyn Clock>) -> Result<DemoSecrets, String> {
    let now = clock.now();
    let story = Arc::new(StoryClock::at(now));
    let store = data.open_and_migrate(story.clone(), Arc::new(OsEntropy)).await?;
    let told = tell(&store, &story, now, &folder.join(TOLD)).await;
    store.close().await;
    told
}

async fn tell(store: &Store, story: &StoryClock, now: Timestamp, file: &Path) -> Result<DemoSecrets, String> {
    let said = |error: Error| error.to_string();
    if store.is_empty().await.map_err(said)? {
        // Secrets of an earlier database are no longer valid.
        let _ = std::fs::remove_file(file);
        let told = fill(store, story, now).await.map_err(said)?;
        let kept = write_whole(file, &format!("{}\n{}", told.root_token, told.key));
        kept.map_err(|error| format!("{} can't be written: {error}", file.display()))?;
        return Ok(told);
    }
    let text = std::fs::read_to_string(file).unwrap_or_default();
    DemoSecrets::parse(&text)
        .ok_or_else(|| "This data is not the demo's; choose another folder with --data.".to_owned())
}

async fn fill(store: &Store, story: &StoryClock, now: Timestamp) -> Result<DemoSecrets, Error> {
    story.set(now - 45 * DAY);
    let hash = Passwords::new(Arc::new(OsEntropy)).hash(&Password::new(SIGN_IN.password.to_owned())).await?;
    let ada = NewUser::check("Ada Byron", SIGN_IN.email, SIGN_IN.password)?;
    let ada = store.create_first_user(&from("203.0.113.9", Actor::Anonymous), ada, hash.clone()).await?;
    let company = company::found(store, story, now, &ada, &hash).await?;
    let mut keys = Keys::new(store, story, now, &company);
    keys.tell(early(&company)).await?;
    story.set(now - 20 * DAY);
    let act = Act::by(Actor::CommandLine);
    let (_, token) = store.create_token(&act, "Gateway of the demo", false, None).await?;
    let intake = company::grow(store, story, now, &ada, &company).await?;
    keys.tell(late(&company, &intake)).await?;
    usage::send(store, now, &keys.used_regularly(&intake)?).await?;
    Ok(DemoSecrets { root_token: token.expose().to_owned(), key: keys.told()? })
}

fn actor(user: &User) -> Actor {
    Actor::User { id: user.id.clone(), name: user.name.clone(), credential: Credential::None }
}

fn from(address: &str, actor: Actor) -> Act {
    let browser = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    Act { address: Some(address.to_owned()), user_agent: Some(browser.to_owned()), ..Act::by(actor) }
}
