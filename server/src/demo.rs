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
    key::{Issued, NewKey, new::KeyInput},
    org::NewOrg,
    passwords::Passwords,
    plan::Plan,
    profile::Profile,
    project::NewProject,
    store::{Store, Used},
    tenant::NewTenant,
    user::{NewUser, Password, User},
};

use crate::data_dir::DataDir;

const EMAIL: &str = "ada@focus.example";
const PASSWORD: &str = "sallyport demo";

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

    let mut issued = Vec::new();
    for (ago, app, label, environment, scopes, expires) in [
        (6 * DAY, &focus, "iOS app, App Store build", "production", &["read", "write"][..], "never"),
        (6 * DAY - HOUR, &focus, "Contractor import", "production", &["admin"], "never"),
        (5 * DAY, &focus, "CI smoke tests", "testing", &["read", "write", "delete"], "never"),
        (4 * DAY, &focus, "Staging backend", "staging", &["read", "write"], "90"),
        (3 * DAY, &focus, "Nightly export", "production", &["read"], "1"),
        (2 * DAY, &ingest, "Ingest worker eu-west", "production", &["write"], "never"),
        (DAY, &focus, "Sam’s laptop", "development", &["read"], "30"),
    ] {
        story.set(now - ago);
        issued.push(issue(store, &act, app, label, environment, scopes, expires).await?);
    }
    used(store, story, &issued, now).await?;

    story.set(now - 3 * HOUR);
    let contractor = issued.iter().find(|issued| issued.key.label == "Contractor import").ok_or(Error::NotFound)?;
    store.revoke_key(&act, &contractor.key, "The contract ended".to_owned()).await
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

/// Most keys were used, some of them a moment ago.
async fn used(store: &Store, story: &StoryClock, issued: &[Issued], now: Timestamp) -> Result<(), Error> {
    for (label, ago) in [
        ("Contractor import", 30 * HOUR),
        ("Nightly export", 50 * HOUR),
        ("Staging backend", 72 * HOUR),
        ("CI smoke tests", HOUR / 2),
        ("iOS app, App Store build", Duration::from_secs(125)),
        ("Ingest worker eu-west", Duration::from_secs(8)),
    ] {
        let Some(issued) = issued.iter().find(|issued| issued.key.label == label) else { continue };
        let digest = sallyport::key::secret::Checked::parse(
            Profile::standard().prefix_of(issued.secret.expose()).unwrap_or_default(),
            issued.secret.expose(),
        )
        .and_then(|checked| store.digests(checked).next());
        let Some(digest) = digest else { continue };
        let Some(record) = store.key_by_digest(&digest).await? else { continue };
        let at = now - ago;
        story.set(at);
        let used = Used {
            key: Arc::new(record),
            at,
            address: Some("198.51.100.23".to_owned()),
            user_agent: Some("Demo".to_owned()),
        };
        store.record_usage(vec![used], Vec::new()).await?;
    }
    Ok(())
}
