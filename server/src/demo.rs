//! `--demo`: an example company with a week behind it, made through the same verbs as the real thing.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use sallyport::{
    Clock, Error, Timestamp,
    app::{App, NewApp, Os},
    audit::{Act, Actor},
    entropy::OsEntropy,
    key::{Issued, NewKey, new::KeyInput, secret::Checked},
    org::NewOrg,
    passwords::Passwords,
    plan::Plan,
    profile::Profile,
    project::NewProject,
    store::{Store, Used},
    tenant::NewTenant,
    user::{NewUser, Password, User},
};
use sallyport_app::context::DemoSignIn;

use crate::data_dir::DataDir;

const EMAIL: &str = "ada@focus.example";
const PASSWORD: &str = "sallyport demo";
pub const SIGN_IN: DemoSignIn = DemoSignIn { email: EMAIL, password: PASSWORD };

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// Stands where the demo's story stands.
struct StoryClock(AtomicI64);

impl StoryClock {
    fn set(&self, at: Timestamp) {
        self.0.store(at.micros(), Ordering::SeqCst);
    }
}

impl Clock for StoryClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// Fills a fresh database and says how to sign in. A filled one is left as it is.
pub async fn prepare(data: &DataDir, clock: Arc<dyn Clock>) -> Result<String, String> {
    let now = clock.now();
    let story = Arc::new(StoryClock(AtomicI64::new((now - 7 * DAY).micros())));
    let store = data.open(story.clone(), Arc::new(OsEntropy)).await?;
    let ready = fill(&store, &story, now).await.map_err(|error| error.to_string());
    store.close().await;
    ready?;
    Ok(format!("The demo's sign-in: {EMAIL} with the password: {PASSWORD}"))
}

async fn fill(store: &Store, story: &StoryClock, now: Timestamp) -> Result<(), Error> {
    if !store.is_empty().await? {
        return match store.user_to_sign_in(EMAIL).await? {
            Some(_) => Ok(()),
            None => Err(Error::Forbidden("This data is not the demo's; choose another folder with --data.")),
        };
    }
    let passwords = Passwords::new(Arc::new(OsEntropy));
    let hash = passwords.hash(&Password::new(PASSWORD.to_owned())).await?;
    let ada = NewUser::check("Ada Byron", EMAIL, PASSWORD)?;
    let ada = store.create_first_user(&from("203.0.113.9", Actor::Anonymous), ada, hash).await?;
    let act = from("203.0.113.9", actor(&ada));

    let org = NewOrg {
        name: "Focus Labs".to_owned(),
        description: "Measures attention, kindly.".to_owned(),
        plan: Plan::Pro,
        first_tenant: Some(NewTenant { name: "Development".to_owned() }),
    };
    let org = store.create_org(&act, org).await?;
    let tenants = store.tenants(&org.id).await?;
    let tenant = tenants.first().ok_or(Error::NotFound)?;
    store.create_tenant(&act, &org.id, NewTenant { name: "Clinics".to_owned() }).await?;
    story.set(now - 6 * DAY - 20 * HOUR);
    let biosignals = store.create_project(&act, tenant, NewProject { name: "Biosignals".to_owned() }).await?;
    let website = store.create_project(&act, tenant, NewProject { name: "Website".to_owned() }).await?;
    let app = |name: &str, os, bundle: Option<&str>, description: &str| NewApp {
        name: name.to_owned(),
        os,
        bundle_id: bundle.map(str::to_owned),
        description: description.to_owned(),
    };
    let focus = app("Focus and calm", Os::Ios, Some("com.example.focus"), "The app on the phone.");
    let focus = store.create_app(&act, &biosignals, focus).await?;
    let ingest = app("Ingest", Os::Backend, None, "Takes what the phones measured.");
    let ingest = store.create_app(&act, &biosignals, ingest).await?;
    store.create_app(&act, &website, app("Landing page", Os::Web, None, "")).await?;

    let mut story_line = steps(&focus, &ingest);
    // Told in order, so that the activity view reads from the newest down.
    story_line.sort_by_key(|(ago, _)| std::cmp::Reverse(*ago));
    let mut issued = Vec::new();
    for (ago, step) in story_line {
        story.set(now - ago);
        match step {
            Step::Generate(app, label, environment, scopes, expires) => {
                issued.push(issue(store, &act, app, label, environment, scopes, expires).await?);
            }
            Step::Use(label) => used(store, find(&issued, label)?, now - ago).await?,
            Step::Revoke(label, reason) => {
                store.revoke_key(&act, &find(&issued, label)?.key, reason.to_owned()).await?;
            }
        }
    }
    Ok(())
}

/// Something that happened to a key of the example company.
enum Step<'a> {
    Generate(&'a App, &'a str, &'a str, &'a [&'a str], &'a str),
    Use(&'a str),
    Revoke(&'a str, &'a str),
}

fn steps<'a>(focus: &'a App, ingest: &'a App) -> Vec<(Duration, Step<'a>)> {
    vec![
        (6 * DAY, Step::Generate(focus, "iOS app, App Store build", "production", &["read", "write"], "never")),
        (6 * DAY - HOUR, Step::Generate(focus, "Contractor import", "production", &["admin"], "never")),
        (5 * DAY, Step::Generate(focus, "CI smoke tests", "testing", &["read", "write", "delete"], "never")),
        (4 * DAY, Step::Generate(focus, "Staging backend", "staging", &["read", "write"], "90")),
        (3 * DAY, Step::Generate(focus, "Nightly export", "production", &["read"], "1")),
        (2 * DAY, Step::Generate(ingest, "Ingest worker eu-west", "production", &["write"], "never")),
        (DAY, Step::Generate(focus, "Sam’s laptop", "development", &["read"], "30")),
        (72 * HOUR - HOUR, Step::Use("Staging backend")),
        (50 * HOUR, Step::Use("Nightly export")),
        (30 * HOUR, Step::Use("Contractor import")),
        (3 * HOUR, Step::Revoke("Contractor import", "The contract ended")),
        (HOUR / 2, Step::Use("CI smoke tests")),
        (Duration::from_secs(125), Step::Use("iOS app, App Store build")),
        (Duration::from_secs(8), Step::Use("Ingest worker eu-west")),
    ]
}

fn find<'a>(issued: &'a [Issued], label: &str) -> Result<&'a Issued, Error> {
    issued.iter().find(|issued| issued.key.label == label).ok_or(Error::NotFound)
}

fn actor(user: &User) -> Actor {
    Actor::User { id: user.id.clone(), name: user.name.clone(), session: None }
}

fn from(address: &str, actor: Actor) -> Act {
    Act { address: Some(address.to_owned()), user_agent: Some("Demo".to_owned()), ..Act::by(actor) }
}

async fn issue(
    store: &Store,
    act: &Act,
    app: &App,
    label: &str,
    environment: &str,
    scopes: &[&str],
    expires: &str,
) -> Result<Issued, Error> {
    let input = KeyInput { label, environment, scopes: scopes.to_vec(), expires, signing_secret: true };
    let new = NewKey::check(&input, &Profile::standard(), store.now())?;
    store.issue_key(act, app, new, None).await
}

/// Notes a use, as the verifier would have.
async fn used(store: &Store, issued: &Issued, at: Timestamp) -> Result<(), Error> {
    let secret = issued.secret.expose();
    let checked = store.profile().prefix_of(secret).and_then(|prefix| Checked::parse(prefix, secret));
    let digest = checked.and_then(|checked| store.digests(checked).next()).ok_or(Error::NotFound)?;
    let record = store.key_by_digest(&digest).await?.ok_or(Error::NotFound)?;
    let used = Used {
        key: Arc::new(record),
        at,
        address: Some("198.51.100.23".to_owned()),
        user_agent: Some("Demo".to_owned()),
    };
    store.record_usage(vec![used], Vec::new()).await
}
