//! Rotating keys: how long each secret is accepted, and what is refused.

use std::time::Duration;

use sallyport::{
    Error,
    audit::{Act, Actor, Once},
    key::{Ask, Ends, Issued, Key, NewRotation, PlainSecret, Status, Verdict, secret::Checked, verdict::verdict},
    profile::Profile,
    testing::TestStore,
};

sallyport::on_both_databases!(
    the_old_secret_is_accepted_until_its_grace_period_ends,
    the_deadline_is_the_whole_second_that_is_announced,
    without_grace_it_ends_at_once,
    two_are_accepted_at_most,
    either_can_end_when_a_key_is_rotated_again,
    the_signing_secret_is_rotated_too,
    a_grace_period_is_extended_once,
    a_form_that_is_sent_twice_rotates_once,
    a_request_that_is_repeated_rotates_once,
    a_secret_that_was_set_aside_can_be_taken_back,
    a_secret_about_which_nobody_decided_is_accepted_again,
    an_old_signing_secret_that_was_kept_retires_when_its_key_is_rotated_again,
    old_secrets_are_forgotten_in_the_end,
    an_old_secret_that_is_accepted_is_not_forgotten,
    a_grace_period_does_not_go_on_without_end,
    who_could_not_rotate_a_key_does_not_extend_its_grace_period,
    keys_of_others_are_rotated_by_nobody_else,
    where_keys_are_rotated_by_hand_none_gets_another_secret,
);

const HOUR: Duration = Duration::from_secs(3600);

async fn key(store: &TestStore) -> (Act, Issued) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let issued = store.key(&act, &app, "CI").await;
    (act, issued)
}

fn grace(grace: Duration) -> NewRotation {
    NewRotation { grace, ..NewRotation::default() }
}

async fn judged(store: &TestStore, secret: &PlainSecret) -> Verdict {
    let checked = Checked::parse("sk_live_", secret.expose()).expect("shaped");
    let digest = store.digests(checked).next().expect("one pepper");
    let record = store.key_by_digest(&digest).await.expect("asked").expect("somebody's").record;
    verdict(&Ask::default(), &record, store.profile(), store.now())
}

async fn current(store: &TestStore, key: &Key) -> Key {
    store.find(Some(&key.org_id), &key.id).await.expect("asked").expect("there")
}

fn refused<T>(result: Result<T, Error>) -> &'static str {
    match result {
        Err(Error::Conflict { code, .. }) => code,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it was done"),
    }
}

async fn the_old_secret_is_accepted_until_its_grace_period_ends(store: &TestStore) {
    let (act, Issued { key, secret: old, .. }) = key(store).await;
    let Issued { key: rotated, secret: new, .. } = store.rotate_key(&act, &key, grace(HOUR)).await.expect("rotated");
    assert_eq!((&rotated.id, &rotated.label, &rotated.scopes), (&key.id, &key.label, &key.scopes));
    assert_eq!(rotated.rotating_until(store.now()), Some(store.now() + HOUR));
    assert_eq!((rotated.status(store.now()), rotated.shown), (Status::Rotating, new.shown()));
    store.clock.turn(HOUR - Duration::from_micros(1));
    assert_eq!([judged(store, &old).await, judged(store, &new).await], [Verdict::Valid; 2]);
    store.clock.turn(Duration::from_micros(1));
    assert_eq!([judged(store, &old).await, judged(store, &new).await], [Verdict::Rotated, Verdict::Valid]);
    assert_eq!(current(store, &key).await.status(store.now()), Status::Active);
}

async fn the_deadline_is_the_whole_second_that_is_announced(store: &TestStore) {
    let (act, Issued { key, secret: old, .. }) = key(store).await;
    let part = Duration::from_millis(333);
    let announced = store.now() + HOUR;
    store.clock.turn(part);
    let rotated = store.rotate_key(&act, &key, grace(HOUR)).await.expect("rotated").key;
    assert_eq!(rotated.rotating_until(store.now()), Some(announced));
    store.clock.turn(HOUR - part - Duration::from_micros(1));
    assert_eq!(judged(store, &old).await, Verdict::Valid);
    store.clock.turn(Duration::from_micros(1));
    assert_eq!((store.now(), judged(store, &old).await), (announced, Verdict::Rotated));
}

async fn without_grace_it_ends_at_once(store: &TestStore) {
    let (act, Issued { key, secret: old, .. }) = key(store).await;
    let Issued { key: rotated, secret: new, .. } =
        store.rotate_key(&act, &key, grace(Duration::ZERO)).await.expect("rotated");
    assert_eq!([judged(store, &old).await, judged(store, &new).await], [Verdict::Rotated, Verdict::Valid]);
    assert_eq!(rotated.status(store.now()), Status::Active);
}

async fn two_are_accepted_at_most(store: &TestStore) {
    let (act, Issued { key, secret: old, .. }) = key(store).await;
    let new = store.rotate_key(&act, &key, grace(HOUR)).await.expect("rotated").secret;
    assert_eq!(refused(store.rotate_key(&act, &key, grace(HOUR)).await), "rotation_in_progress");
    assert_eq!([judged(store, &old).await, judged(store, &new).await], [Verdict::Valid; 2]);
    store.clock.turn(HOUR);
    store.rotate_key(&act, &key, grace(HOUR)).await.expect("the first is over");
    let live = store.live_secrets(&key.id).await.expect("asked");
    assert_eq!((live.current.map(|one| one.n), live.previous.map(|one| one.n), live.last), (Some(3), Some(2), 3));
}

async fn either_can_end_when_a_key_is_rotated_again(store: &TestStore) {
    let (act, Issued { key, secret: first, .. }) = key(store).await;
    let second = store.rotate_key(&act, &key, grace(HOUR)).await.expect("rotated").secret;
    let again = NewRotation { ends: Some(Ends::Current), ..grace(2 * HOUR) };
    let third = store.rotate_key(&act, &key, again).await.expect("rotated").secret;
    let all = [&first, &second, &third];
    let mut told = Vec::new();
    for secret in all {
        told.push(judged(store, secret).await);
    }
    assert_eq!(told, [Verdict::Valid, Verdict::Rotated, Verdict::Valid]);
    let again = NewRotation { ends: Some(Ends::Previous), ..grace(HOUR) };
    let fourth = store.rotate_key(&act, &key, again).await.expect("rotated").secret;
    let mut told = Vec::new();
    for secret in [&first, &third, &fourth] {
        told.push(judged(store, secret).await);
    }
    assert_eq!(told, [Verdict::Rotated, Verdict::Valid, Verdict::Valid]);
}

/// Which signing secrets of the key are accepted.
async fn signs(store: &TestStore, key: &Key) -> Vec<String> {
    let sealed = store.signing_secrets(&key.id).await.expect("asked").expect("some");
    let opened = store.open_signing(&sealed, store.now()).expect("opened");
    opened.iter().map(|secret| secret.expose().to_owned()).collect()
}

async fn the_signing_secret_is_rotated_too(store: &TestStore) {
    let (act, Issued { key, signing_secret: old, .. }) = key(store).await;
    let old = old.expect("it has one").expose().to_owned();
    let new = store.rotate_key(&act, &key, grace(HOUR)).await.expect("rotated");
    let new = new.signing_secret.expect("another one").expose().to_owned();
    assert_eq!(signs(store, &key).await, [new.clone(), old.clone()]);
    // The newest ends with the secret that it came with; the old ones are accepted with the old secret.
    let again = NewRotation { ends: Some(Ends::Current), ..grace(2 * HOUR) };
    let third = store.rotate_key(&act, &key, again).await.expect("rotated").signing_secret.expect("another one");
    assert_eq!(signs(store, &key).await, [third.expose().to_owned(), old]);
    store.clock.turn(2 * HOUR);
    assert_eq!(signs(store, &key).await, [third.expose()]);
    let without = NewRotation { signing_secret: Some(false), ..grace(HOUR) };
    assert!(store.rotate_key(&act, &key, without).await.expect("rotated").signing_secret.is_none());
    assert_eq!(signs(store, &key).await, [third.expose()], "it stays");
    let again = NewRotation { ends: Some(Ends::Previous), ..grace(HOUR) };
    let fourth = store.rotate_key(&act, &key, again).await.expect("rotated").signing_secret.expect("another one");
    store.end_previous_secret(&act, &key).await.expect("ended");
    assert_eq!(signs(store, &key).await, [fourth.expose()], "the old one ends with the old secret");
}

async fn a_grace_period_is_extended_once(store: &TestStore) {
    let (act, Issued { key, secret: old, .. }) = key(store).await;
    assert_eq!(refused(store.extend_previous_secret(&act, &key, HOUR).await), "not_rotating");
    store.rotate_key(&act, &key, grace(HOUR)).await.expect("rotated");
    let month = Duration::from_secs(30 * 86_400);
    for by in [Duration::ZERO, month] {
        let refused = store.extend_previous_secret(&act, &key, by).await;
        assert!(matches!(refused, Err(Error::Invalid(_))), "{by:?}");
    }
    let until = store.extend_previous_secret(&act, &key, HOUR).await.expect("extended");
    assert_eq!(until, store.now() + 2 * HOUR);
    assert_eq!(refused(store.extend_previous_secret(&act, &key, HOUR).await), "already_extended");
    assert_eq!(signs(store, &key).await.len(), 2);
    store.clock.turn(2 * HOUR - Duration::from_micros(1));
    assert_eq!((judged(store, &old).await, signs(store, &key).await.len()), (Verdict::Valid, 2));
    store.clock.turn(Duration::from_micros(1));
    assert_eq!((judged(store, &old).await, signs(store, &key).await.len()), (Verdict::Rotated, 1));
    assert_eq!(refused(store.extend_previous_secret(&act, &key, HOUR).await), "not_rotating", "it is over");
}

async fn a_form_that_is_sent_twice_rotates_once(store: &TestStore) {
    let (act, Issued { key, .. }) = key(store).await;
    let form = NewRotation { seen: Some(1), ..grace(Duration::ZERO) };
    store.rotate_key(&act, &key, form).await.expect("rotated");
    let again = store.rotate_key(&act, &key, form).await;
    assert!(matches!(again, Err(Error::AlreadyIssued(id)) if id == key.id));
    assert_eq!(store.live_secrets(&key.id).await.expect("asked").last, 2);
}

async fn a_request_that_is_repeated_rotates_once(store: &TestStore) {
    let (act, Issued { key, .. }) = key(store).await;
    let (token, _) = store.create_token(&act_of_shell(), "Backend", true, None).await.expect("made");
    let once = Once { key: [1; 32], request: [2; 32] };
    let actor = Actor::RootToken { id: token.id, name: token.name };
    let act = Act { once: Some(once), ..Act { actor, ..act } };
    store.rotate_key(&act, &key, grace(Duration::ZERO)).await.expect("rotated");
    let again = store.rotate_key(&act, &key, grace(Duration::ZERO)).await;
    assert!(matches!(again, Err(Error::AlreadyMade(id)) if id == key.id.as_str()));
    assert_eq!(store.live_secrets(&key.id).await.expect("asked").last, 2);
}

fn act_of_shell() -> Act {
    Act::by(Actor::CommandLine)
}

async fn a_secret_that_was_set_aside_can_be_taken_back(store: &TestStore) {
    let (act, Issued { key, secret: old, .. }) = key(store).await;
    let new = store.rotate_key(&act, &key, grace(HOUR)).await.expect("rotated").secret;
    let aside = store.set_aside(&act, &key).await.expect("set aside");
    assert_eq!([judged(store, &old).await, judged(store, &new).await], [Verdict::Valid, Verdict::Rotated]);
    store.take_back(&key, &aside).await.expect("taken back");
    assert_eq!([judged(store, &old).await, judged(store, &new).await], [Verdict::Valid; 2]);
    let aside = store.set_aside(&act, &key).await.expect("set aside");
    store.needs_unused(&key, &aside).await.expect("nobody used it");
    let third = store.replace_set_aside(&act, &key, grace(Duration::ZERO), aside.clone()).await.expect("replaced");
    assert_eq!(third.key.rotating_until(store.now()), Some(store.now() + HOUR), "the old secret stays");
    store.take_back(&key, &aside).await.expect("nothing to do");
    assert_eq!([judged(store, &new).await, judged(store, &third.secret).await], [Verdict::Rotated, Verdict::Valid]);
    assert_eq!(signs(store, &key).await.len(), 2, "the signing secret that came with it ended");
    let aside = store.set_aside(&act, &key).await.expect("set aside");
    store.revoke_key(&act, &key, String::new()).await.expect("revoked");
    store.take_back(&key, &aside).await.expect("nothing to do");
    assert!(store.live_secrets(&key.id).await.expect("asked").current.is_none());
}

async fn a_secret_about_which_nobody_decided_is_accepted_again(store: &TestStore) {
    let (act, Issued { key, secret, .. }) = key(store).await;
    let aside = store.set_aside(&act, &key).await.expect("set aside");
    store.clock.turn(Duration::from_secs(60));
    assert_eq!(store.take_back_undecided().await.expect("done"), 0, "it may still be replaced");
    assert_eq!(judged(store, &secret).await, Verdict::Rotated);
    store.clock.turn(Duration::from_micros(1));
    assert_eq!(store.take_back_undecided().await.expect("done"), 1);
    assert_eq!(judged(store, &secret).await, Verdict::Valid);
    let late = store.replace_set_aside(&act, &key, grace(HOUR), aside).await;
    assert_eq!(refused(late), "secret_in_use", "somebody may use it by now");
    assert_eq!(store.take_back_undecided().await.expect("done"), 0, "once");
    // One that was replaced, and one of a key that was revoked.
    let aside = store.set_aside(&act, &key).await.expect("set aside");
    let new = store.replace_set_aside(&act, &key, grace(HOUR), aside).await.expect("replaced").secret;
    store.set_aside(&act, &key).await.expect("set aside");
    store.revoke_key(&act, &key, String::new()).await.expect("revoked");
    store.clock.turn(HOUR);
    for _ in 0..2 {
        assert_eq!(store.take_back_undecided().await.expect("done"), 0);
    }
    assert_eq!([judged(store, &secret).await, judged(store, &new).await], [Verdict::Revoked; 2]);
}

async fn an_old_signing_secret_that_was_kept_retires_when_its_key_is_rotated_again(store: &TestStore) {
    let (act, Issued { key, signing_secret: old, .. }) = key(store).await;
    let old = old.expect("it has one").expose().to_owned();
    let without = NewRotation { signing_secret: Some(false), ..grace(HOUR) };
    let later = || store.clock.turn(Duration::from_secs(1));
    later();
    store.rotate_key(&act, &key, without).await.expect("rotated");
    let aside = store.set_aside(&act, &key).await.expect("set aside");
    let replaced = store.replace_set_aside(&act, &key, grace(HOUR), aside).await.expect("replaced");
    let second = replaced.signing_secret.expect("another one").expose().to_owned();
    assert_eq!(signs(store, &key).await, [second.clone(), old.clone()]);
    // One after another is kept, and ends with the next: two old ones are accepted at most.
    let ends = Some(Ends::Current);
    for _ in 0..4 {
        later();
        store.rotate_key(&act, &key, NewRotation { ends, ..without }).await.expect("rotated");
        store.rotate_key(&act, &key, NewRotation { ends, ..grace(HOUR) }).await.expect("rotated");
    }
    let signing = signs(store, &key).await;
    assert_eq!((signing.len(), &signing[2]), (3, &old), "the oldest goes with the old secret");
    store.clock.turn(HOUR);
    assert_eq!(signs(store, &key).await, signing[..1]);
    // What retired before is not accepted again.
    store.rotate_key(&act, &key, without).await.expect("rotated");
    let third = store.rotate_key(&act, &key, NewRotation { ends, ..grace(HOUR) }).await.expect("rotated");
    let third = third.signing_secret.expect("another one").expose().to_owned();
    assert_eq!(signs(store, &key).await, [third, signing[0].clone()]);
}

async fn an_old_secret_that_is_accepted_is_not_forgotten(store: &TestStore) {
    let (act, Issued { key, secret: old, .. }) = key(store).await;
    store.rotate_key(&act, &key, grace(HOUR)).await.expect("rotated");
    let again = NewRotation { ends: Some(Ends::Current), ..grace(HOUR) };
    for _ in 0..55 {
        store.rotate_key(&act, &key, again).await.expect("rotated");
    }
    assert_eq!(judged(store, &old).await, Verdict::Valid);
    let live = store.live_secrets(&key.id).await.expect("asked");
    assert_eq!((live.previous.map(|one| one.n), live.current.map(|one| one.n), live.last), (Some(1), Some(57), 57));
    assert_eq!(store.dump().await.remove("key_secrets").expect("a table").len(), 51);
    store.end_previous_secret(&act, &key).await.expect("it can be ended");
    assert_eq!(judged(store, &old).await, Verdict::Rotated);
    store.rotate_key(&act, &key, grace(HOUR)).await.expect("rotated");
    assert_eq!(store.dump().await.remove("key_secrets").expect("a table").len(), 50);
}

async fn a_grace_period_does_not_go_on_without_end(store: &TestStore) {
    let (act, Issued { key, secret: old, .. }) = key(store).await;
    let longest = store.profile().rotation.longest_grace;
    let begun = store.now();
    store.rotate_key(&act, &key, grace(longest)).await.expect("rotated");
    let again = NewRotation { ends: Some(Ends::Current), ..grace(longest) };
    store.clock.turn(longest / 2);
    let rotated = store.rotate_key(&act, &key, again).await.expect("rotated").key;
    assert_eq!(rotated.rotating_until(store.now()), Some(begun + longest), "from when it began");
    let until = store.extend_previous_secret(&act, &key, HOUR).await.expect("extended");
    assert_eq!(until, begun + longest + HOUR);
    let rotated = store.rotate_key(&act, &key, again).await.expect("rotated").key;
    assert_eq!(rotated.rotating_until(store.now()), Some(until), "it is not shortened");
    assert_eq!(refused(store.extend_previous_secret(&act, &key, HOUR).await), "already_extended");
    let sooner = NewRotation { ends: Some(Ends::Current), ..grace(HOUR) };
    let rotated = store.rotate_key(&act, &key, sooner).await.expect("rotated").key;
    assert_eq!(rotated.rotating_until(store.now()), Some(store.now() + HOUR));
    store.clock.turn(HOUR);
    assert_eq!(judged(store, &old).await, Verdict::Rotated);
}

async fn old_secrets_are_forgotten_in_the_end(store: &TestStore) {
    let (act, Issued { key, .. }) = key(store).await;
    for _ in 0..55 {
        store.rotate_key(&act, &key, grace(Duration::ZERO)).await.expect("rotated");
    }
    let rows = store.dump().await.remove("key_secrets").expect("a table");
    assert_eq!(rows.len(), 50);
}

async fn keys_of_others_are_rotated_by_nobody_else(store: &TestStore) {
    let profile = Profile::parse(include_str!("../../examples/profiles/synaptiq.toml")).expect("a good profile");
    let with_managing = store.with_profile(profile.into()).await;
    let ada = with_managing.act(&with_managing.person("Ada").await);
    let org = with_managing.org(&ada, "Focus").await;
    let holder = || sallyport::key::Holder::Organization(org.clone());
    let managing = with_managing.issue(&ada, holder(), "Automation", &["admin"]).await.expect("issued").key;
    let other = with_managing.issue(&ada, holder(), "Other", &["admin"]).await.expect("issued").key;
    let plain = with_managing.issue(&ada, holder(), "Reads", &["read"]).await.expect("issued").key;
    let by_key = Act::by(Actor::Key { id: managing.id.clone(), label: managing.label.clone(), secret_n: 1 });
    for key in [&managing, &other] {
        let refused = with_managing.rotate_key(&by_key, key, grace(HOUR)).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))), "{}", key.label);
    }
    with_managing.rotate_key(&by_key, &plain, grace(HOUR)).await.expect("it could issue one like this");
    with_managing.store.close().await;
}

async fn who_could_not_rotate_a_key_does_not_extend_its_grace_period(store: &TestStore) {
    let profile = Profile::parse(include_str!("../../examples/profiles/synaptiq.toml")).expect("a good profile");
    let with_managing = store.with_profile(profile.into()).await;
    let ada = with_managing.act(&with_managing.person("Ada").await);
    let org = with_managing.org(&ada, "Focus").await;
    let holder = || sallyport::key::Holder::Organization(org.clone());
    let managing = with_managing.issue(&ada, holder(), "Automation", &["admin"]).await.expect("issued").key;
    let other = with_managing.issue(&ada, holder(), "Other", &["admin"]).await.expect("issued").key;
    let by_key = Act::by(Actor::Key { id: managing.id.clone(), label: managing.label.clone(), secret_n: 1 });
    with_managing.rotate_key(&ada, &other, grace(HOUR)).await.expect("rotated");
    let extended = with_managing.extend_previous_secret(&by_key, &other, HOUR).await;
    assert!(matches!(extended, Err(Error::Forbidden(_))));
    with_managing.extend_previous_secret(&ada, &other, HOUR).await.expect("who may rotate it may");
    with_managing.store.close().await;
}

async fn where_keys_are_rotated_by_hand_none_gets_another_secret(store: &TestStore) {
    let (act, Issued { key, .. }) = key(store).await;
    let profile = Profile::parse(include_str!("../../examples/profiles/synheart.toml")).expect("a good profile");
    let by_hand = store.with_profile(profile.into()).await;
    assert_eq!(refused(by_hand.rotate_key(&act, &key, grace(HOUR)).await), "rotated_by_hand");
    assert_eq!(refused(by_hand.set_aside(&act, &key).await), "rotated_by_hand");
    by_hand.store.close().await;
}
