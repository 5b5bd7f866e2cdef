//! Reports of many tokens, and of a time when the database fails.

use std::sync::atomic::{AtomicU32, Ordering};

use sallyport::{
    audit::{Act, Actor},
    key::{Issued, Status},
    leak_inbox::{LeakInbox, SentLeak},
    personal_token::{NewPersonalToken, TokenScopes},
    store::EventFilter,
    testing::TestStore,
};
use tokio::sync::Semaphore;

use super::{current, mails, report, told, world};

sallyport::on_both_databases!(many_tokens_are_one_mail, a_report_is_kept_while_the_database_fails);

async fn many_tokens_are_one_mail(store: &TestStore) {
    let world = world(store).await;
    let shell = Act::by(Actor::CommandLine);
    let mut secrets = Vec::new();
    for n in 0..3 {
        let name = format!("Gateway {n}");
        let (_, secret) = store.create_token(&shell, &name, false, Some(world.org.id.clone())).await.expect("made");
        secrets.push(secret);
        let new = NewPersonalToken {
            name: format!("Laptop {n}"),
            scopes: TokenScopes::ALL,
            expires_at: None,
            form_token: vec![n; 16],
        };
        secrets.push(store.issue_personal_token(&world.act, new).await.expect("made").1);
    }
    let before = mails(store).await;
    let reports: Vec<_> = secrets.iter().map(|secret| (secret.expose(), "")).collect();
    assert_eq!(report(store, &reports).await, [true; 6]);
    // One about the root tokens, and one about those of the person.
    assert_eq!(mails(store).await, before + 2);
    assert_eq!(told(store, &world.org).await, ["token.leaked"; 3]);
    let events = store.system_events(&EventFilter::default()).await.expect("read").events;
    assert_eq!(events.iter().filter(|event| event.action == "personal_token.leaked").count(), 3);
    assert_eq!(events.iter().filter(|event| event.details.contains("\"others\":2")).count(), 1);
}

/// How often the inbox waited, and how often it may go on.
static WAITED: AtomicU32 = AtomicU32::new(0);
static GOES_ON: Semaphore = Semaphore::const_new(0);

/// A report is not given up because the database is busy for longer than a few attempts.
async fn a_report_is_kept_while_the_database_fails(store: &TestStore) {
    let world = world(store).await;
    let Issued { key, secret, .. } = store.key(&world.act, &world.app, "CI").await;
    store.break_writes("events", "INSERT").await;
    let inbox = LeakInbox::sleeping(store.store.clone(), |_| {
        WAITED.fetch_add(1, Ordering::SeqCst);
        Box::pin(async { GOES_ON.acquire().await.expect("open").forget() })
    });
    let sent = SentLeak { token: secret.expose().to_owned(), place: String::new() };
    assert!(inbox.take(Act::by(Actor::Sallyport), move || vec![sent]));
    let waited = WAITED.load(Ordering::SeqCst);
    for n in 1..=20 {
        while WAITED.load(Ordering::SeqCst) < waited + n {
            tokio::task::yield_now().await;
        }
        if n == 20 {
            store.repair_writes("events").await;
        }
        assert_eq!(current(store, &key).await.status(store.now()), Status::Active);
        GOES_ON.add_permits(1);
    }
    inbox.settled().await;
    assert_eq!(current(store, &key).await.status(store.now()), Status::Revoked);
}
