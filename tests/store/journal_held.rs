//! What an operator has to decide stays undecided whatever becomes of the journals; and what was taken away in several ways.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_STANDARD};
use sallyport::{
    Error,
    audit::{Act, Action, Actor},
    capability::{Asked, CapabilityVerdict, NewCapability},
    entropy::OsEntropy,
    identity::Proof,
    journal::{Entry, Line},
    key::LimitOverride,
    member::Role,
    second_factor::TotpSecret,
    store::{HowToRestore, Reconciled},
    testing::TestStore,
    user::{NewUser, Password, User},
};

use crate::journal::{damage, events, how, lost, reconcile, restored, state, status};
use crate::world::world;

sallyport::on_both_databases!(
    a_journal_that_vanishes_decides_nothing,
    a_damaged_journal_is_held_until_a_whole_one_reaches_as_far,
    no_number_is_used_twice,
    roles_that_were_taken_for_cause_do_not_come_back,
    a_password_that_was_set_later_stays,
    what_can_not_be_begun_again_is_ended_again,
    what_is_taken_away_is_in_the_journal,
    meanwhile_only_operators_sign_in,
    an_authenticator_that_was_removed_stays_removed,
);

fn is_quarantined(outcome: &Reconciled) -> bool {
    matches!(outcome, Reconciled::Quarantined { .. })
}

fn accepted() -> HowToRestore {
    HowToRestore { accepted: Some("only a label".to_owned()), ..how() }
}

async fn a_journal_that_vanishes_decides_nothing(store: &TestStore) {
    world(store).await;
    let mut lines = lost(store, vec![vec![], vec![], vec![], vec![]]).await;
    let hole = lines.remove(1);
    assert!(is_quarantined(&reconcile(store, &lines, how()).await));
    // Nothing, a beginning without the gap, and what the database itself has.
    assert!(is_quarantined(&reconcile(store, &[], how()).await));
    assert!(is_quarantined(&reconcile(store, &lines[..1], how()).await));
    let own = store.journal_lines(0).await.expect("read");
    assert!(is_quarantined(&reconcile(store, &own, how()).await));
    assert!(!store.is_settled(&[], None).await.expect("asked"));
    // The journal of another node has what was missing.
    let whole: Vec<_> = lines.iter().cloned().chain([hole]).collect();
    assert!(matches!(reconcile(store, &whole, how()).await, Reconciled::Restored(_)));
    assert_eq!(reconcile(store, &[], how()).await, Reconciled::Same);
    assert!(store.is_settled(&whole, None).await.expect("asked"));
}

async fn a_damaged_journal_is_held_until_a_whole_one_reaches_as_far(store: &TestStore) {
    let world = world(store).await;
    for label in ["one", "two"] {
        world.key(store, label).await;
    }
    let own = store.journal_lines(0).await.expect("read");
    let revision = store.revision().await.expect("read");
    let damaged = |up_to| HowToRestore { damage: Some(damage(up_to)), ..how() };
    assert!(is_quarantined(&reconcile(store, &[], damaged(revision)).await));
    assert!(is_quarantined(&reconcile(store, &own[..1], how()).await), "it ends before");
    assert_eq!(reconcile(store, &own, how()).await, Reconciled::Same);
    // Nobody knows how far it reached: an operator decides.
    assert!(is_quarantined(&reconcile(store, &[], damaged(i64::MAX)).await));
    assert!(is_quarantined(&reconcile(store, &own, how()).await));
    assert!(matches!(reconcile(store, &own, accepted()).await, Reconciled::Restored(_)));
    assert_eq!(reconcile(store, &own, how()).await, Reconciled::Same);
    // The database has the last line of what is damaged.
    let mut harmless = damage(revision);
    let last = own.last().expect("a line");
    harmless.ends.push((last.revision, last.at));
    let how = HowToRestore { damage: Some(harmless), ..how() };
    assert_eq!(reconcile(store, &own, how).await, Reconciled::Same);
}

async fn no_number_is_used_twice(store: &TestStore) {
    let world = world(store).await;
    let (key, other) = (world.key(store, "lost").await, world.key(store, "meanwhile").await);
    let before = store.revision().await.expect("read");
    let revoked = |key: &sallyport::key::Key| {
        let now = Some(store.now().micros());
        Entry::Key(sallyport::journal::KeyState { revoked: now, ..state(key) })
    };
    let mut lines = lost(store, vec![vec![revoked(&key)], vec![], vec![], vec![]]).await;
    lines.remove(2);
    assert!(is_quarantined(&reconcile(store, &lines, how()).await));
    store.revoke_key(&world.act, &other, "Meanwhile".to_owned()).await.expect("revoked");
    let own = store.journal_lines(before).await.expect("read");
    assert!(own.iter().all(|line| line.revision > lines[2].revision), "{own:?}");
    let all: Vec<Line> = lines.iter().cloned().chain(own).collect();
    assert!(matches!(reconcile(store, &all, accepted()).await, Reconciled::Restored(_)));
    for key in [&key, &other] {
        assert_eq!(status(store, key).await, sallyport::key::Status::Revoked);
    }
}

async fn roles_that_were_taken_for_cause_do_not_come_back(store: &TestStore) {
    let world = world(store).await;
    let (ada, bob) = (store.person("Ada the second").await, store.person("Bob").await);
    store.add_member(&world.act, &world.org.id, &bob, Role::Viewer).await.expect("added");
    let place = |role: &str| ("organization".to_owned(), world.org.id.to_string(), role.to_owned());
    let roles = |person: &sallyport::user::User, roles| Entry::Roles {
        person: person.id.to_string(),
        org: world.org.id.to_string(),
        roles,
        synced: Vec::new(),
    };
    let mut lines = lost(store, vec![vec![roles(&ada, vec![place("owner")]), roles(&bob, vec![])], vec![]]).await;
    // Changed since: the database was served without its journal.
    store.clock.turn(Duration::from_secs(1));
    world.key(store, "one").await;
    world.key(store, "two").await;
    let known = store.journal_lines(0).await.expect("read");
    let first = lines[0].revision;
    lines.extend(known.into_iter().filter(|line| line.revision < first));
    restored(store, &lines).await;
    let members = store.members(&world.org.id).await.expect("asked");
    let names: Vec<_> = members.iter().map(|member| member.user.name.as_str()).collect();
    assert_eq!(names, ["Ada"], "taken again, and not given again");
}

async fn a_password_that_was_set_later_stays(store: &TestStore) {
    world(store).await;
    let (set, old) = (store.person("Set").await, store.person("Old").await);
    let entry = |person: &sallyport::user::User| Entry::PasswordChanged { person: person.id.to_string() };
    store.clock.turn(Duration::from_secs(1));
    let mut lines = lost(store, vec![vec![entry(&set), entry(&old)], vec![], vec![]]).await;
    lines.remove(1);
    store.clock.turn(Duration::from_secs(1));
    let shell = Act::by(Actor::CommandLine);
    store.set_password_to_change(&shell, &set, "a hash".to_owned()).await.expect("set");
    assert!(is_quarantined(&reconcile(store, &lines, how()).await));
    let dump = store.dump().await;
    let row = |id: &str| dump["users"].iter().find(|row| row.contains(id)).expect("there").clone();
    assert!(row(set.id.as_str()).contains("a hash"), "{}", row(set.id.as_str()));
    assert_eq!(events_of_system(store, "password.changed").await, 2, "the operator's, and the one of the restore");
}

async fn events_of_system(store: &TestStore, action: &str) -> usize {
    let dump = store.dump().await;
    dump["events"].iter().filter(|row| row.contains(action)).count()
}

async fn what_can_not_be_begun_again_is_ended_again(store: &TestStore) {
    let world = world(store).await;
    let rules = &store.profile().capabilities;
    let names = |name: &str| vec![name.to_owned()];
    let new = NewCapability::check("person-7", &names("focus"), &names("stream"), None, rules).expect("good");
    let issuer = "https://keys.example.com";
    let token = store.mint_capability(&world.act, &world.app, issuer, new).await.expect("minted").token;
    store.checkpoint(&how().portal, "system").await.expect("signed");
    let stolen = store.audit_keys().await.expect("read")[0].public;
    let app = world.app.id.to_string();
    let lines = lost(
        store,
        vec![vec![
            Entry::CapabilitiesRevoked { app: app.clone(), epoch: store.now().seconds() },
            Entry::AuditKeyRevoked { key: BASE64_STANDARD.encode(stolen.0) },
            Entry::AppLimited { app, per_minute: Some(7), per_day: None },
            Entry::TrustRuleChanged { id: "tru_of_nobody".to_owned() },
            Entry::WebhookEnded { id: "whk_of_nobody".to_owned() },
        ]],
    )
    .await;
    let done = restored(store, &lines).await;
    assert_eq!(done.applied.get("capabilities.revoked"), Some(&1), "{done:?}");
    let judged = store.judge_capability(&token, issuer, None, &Asked::default()).await.expect("judged");
    assert_eq!(judged.verdict, CapabilityVerdict::Revoked);
    assert_eq!(events(store, &world, "app.limited").await.len(), 1);
    let keys = store.audit_keys().await.expect("read");
    assert!(keys[0].revoked.is_some() && keys.len() == 2, "{keys:?}");
    // The stolen key does not sign the restore.
    let told = events(store, &world, "portal.restored").await;
    let note = told[0]["checkpoint"].as_str().expect("a signed note");
    assert!(store.public_keys().await.expect("read").open(note).is_ok());
}

async fn what_is_taken_away_is_in_the_journal(store: &TestStore) {
    let world = world(store).await;
    let epoch = store.revoke_capabilities(&world.act, &world.app, "Stolen".to_owned()).await.expect("revoked");
    let limits = LimitOverride { per_minute: Some(7), per_day: None };
    store.limit_app(&world.act, &world.app, limits).await.expect("limited");
    let shell = Act::by(Actor::CommandLine);
    store.checkpoint(&how().portal, "system").await.expect("signed");
    let stolen = store.audit_keys().await.expect("read")[0].public;
    store.revoke_audit_key(&shell, stolen).await.expect("revoked");
    let lines = store.journal_lines(0).await.expect("read");
    let all: Vec<_> = lines.iter().flat_map(|line| line.entries().expect("understood")).collect();
    let app = world.app.id.to_string();
    for entry in [
        Entry::CapabilitiesRevoked { app: app.clone(), epoch },
        Entry::AppLimited { app, per_minute: Some(7), per_day: None },
        Entry::AuditKeyRevoked { key: BASE64_STANDARD.encode(stolen.0) },
    ] {
        assert!(all.contains(&entry), "{entry:?}: {all:?}");
    }
}

async fn meanwhile_only_operators_sign_in(store: &TestStore) {
    world(store).await;
    let bob = store.person("Bob").await;
    let new = NewUser { name: "Root".to_owned(), email: "root@example.com".to_owned(), password: Password::default() };
    let root = store.create_user(&Act::by(Actor::CommandLine), new, "none".to_owned(), true).await.expect("made");
    let sign_in = async |person: &User| {
        let proof = Proof::Password { hash: "none".to_owned() };
        store.start_session(&store.act(person), person, proof).await.map(|session| session.digest())
    };
    let before = sign_in(&bob).await.expect("signed in");
    // A damaged journal alone: who was disabled in it is as unknown as what is in a gap.
    let damaged = HowToRestore { damage: Some(damage(i64::MAX)), ..how() };
    assert!(is_quarantined(&reconcile(store, &[], damaged).await));
    assert!(store.session(before, Duration::from_secs(3_600)).await.expect("asked").is_none());
    let refused = sign_in(&bob).await;
    assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
    sign_in(&root).await.expect("an operator decides");
    assert!(matches!(reconcile(store, &[], accepted()).await, Reconciled::Restored(_)));
    sign_in(&bob).await.expect("it was decided");
}

async fn an_authenticator_that_was_removed_stays_removed(store: &TestStore) {
    world(store).await;
    let [removed, reset, replaced] = [store.person("Bob").await, store.person("Eve").await, store.person("Max").await];
    let add = async |person: &User| {
        let secret = TotpSecret::mint(&OsEntropy);
        let code = secret.code_at(store.now());
        store.add_authenticator(&store.act(person), person, secret, code).await.expect("added");
    };
    let entry = |person: &User| Entry::AuthenticatorRemoved { person: person.id.to_string() };
    for person in [&removed, &reset] {
        add(person).await;
    }
    let before = store.revision().await.expect("read");
    assert!(store.remove_authenticator(&store.act(&removed), &removed).await.expect("removed"));
    assert!(store.reset_second_factors(&Act::by(Actor::CommandLine), &reset).await.expect("reset"));
    let noted = store.journal_lines(before).await.expect("read");
    let noted: Vec<_> = noted.iter().flat_map(|line| line.entries().expect("understood")).collect();
    assert!(noted.contains(&entry(&removed)) && noted.contains(&entry(&reset)), "{noted:?}");

    // A database that still has it; and one where another was set up since.
    add(&removed).await;
    store.clock.turn(Duration::from_secs(1));
    let at = store.now().micros();
    store.clock.turn(Duration::from_secs(1));
    add(&replaced).await;
    let revision = store.revision().await.expect("read") + 1;
    let done = restored(store, &[Line::new(revision, at, &[entry(&removed), entry(&replaced)])]).await;
    assert_eq!(done.applied.get(Action::AuthenticatorRemoved.as_str()), Some(&1), "{done:?}");
    assert!(!store.second_factors(&removed.id).await.expect("asked").are_on());
    assert!(store.second_factors(&replaced.id).await.expect("asked").are_on());
}
