use std::time::Duration;

use sallyport::{
    Error, Timestamp,
    audit::{Act, Action, Actor, Credential},
    id::PasskeyId,
    identity::{Identity, Proof},
    passkey::{Answer, MOST_PASSKEYS, NotProved, Passkey, PasskeyUse, RelyingParty},
    second_factor::{SecondProof, TypedCode},
    sign_in_policy::SignInPolicy,
    store::EventFilter,
    testing::{Authenticator, TestStore},
    user::User,
};

sallyport::on_both_databases!(
    a_passkey_signs_in_by_itself,
    a_challenge_is_answered_once,
    two_uses_at_once_of_a_counter_are_one,
    a_counter_that_goes_back_is_refused_and_told,
    a_recovered_account_needs_more_than_its_passkeys,
    a_passkey_is_a_second_factor,
    a_factor_that_went_meanwhile_proves_nothing,
    a_second_step_does_not_renew_the_sign_in_at_an_issuer,
    a_passkey_is_the_factor_that_an_organization_requires,
    the_first_one_gives_recovery_codes_and_the_last_one_takes_them,
    there_are_at_most_ten,
    a_passkey_belongs_to_one_account,
    a_removed_one_proves_nothing,
    a_disabled_person_does_not_sign_in,
    an_operator_removes_them_with_the_other_factors,
    answered_challenges_are_forgotten_later,
);

const ORIGIN: &str = "https://keys.example.com";

fn portal() -> RelyingParty {
    RelyingParty::of(ORIGIN, "Sallyport").expect("a host name")
}

/// Adds a passkey of a new authenticator. Returns both.
async fn add(store: &TestStore, user: &User, name: &str) -> (Authenticator, Passkey) {
    let mut authenticator = Authenticator::at(ORIGIN);
    let passkey = add_with(store, user, name, &mut authenticator).await.expect("added");
    (authenticator, passkey)
}

async fn add_with(
    store: &TestStore,
    user: &User,
    name: &str,
    authenticator: &mut Authenticator,
) -> Result<Passkey, Error> {
    let (options, challenge) = portal().ask_to_add(user, &[]).expect("asked");
    let new = portal().added(&challenge, &authenticator.make(&options)).expect("made");
    store.add_passkey(&store.act(user), user, name, new).await?;
    let (passkey, owner) =
        store.passkey_by_credential(&authenticator.credential_id).await.expect("asked").expect("there");
    assert_eq!(owner.id, user.id);
    Ok(passkey)
}

fn used(authenticator: &mut Authenticator, passkey: &Passkey) -> Result<PasskeyUse, NotProved> {
    let (options, challenge) = portal().ask(&[]).expect("asked");
    let answer = Answer::parse(&authenticator.sign(&options)).expect("an answer");
    portal().proved(challenge, &answer, passkey, false)
}

async fn stored(store: &TestStore, passkey: &Passkey) -> Passkey {
    let (passkey, _) = store.passkey_by_credential(&passkey.credential_id).await.expect("asked").expect("there");
    passkey
}

async fn events(store: &TestStore, action: Action) -> Vec<serde_json::Value> {
    let filter = EventFilter { action: action.as_str().to_owned(), ..EventFilter::default() };
    let page = store.system_events(&filter).await.expect("asked");
    page.events.iter().map(|event| serde_json::from_str(&event.details).expect("JSON")).collect()
}

async fn a_passkey_signs_in_by_itself(store: &TestStore) {
    let ada = store.person("Ada").await;
    let (mut phone, passkey) = add(store, &ada, "Phone").await;
    assert_eq!((passkey.name.as_str(), passkey.rp_id.as_str()), ("Phone", "keys.example.com"));
    assert_eq!(passkey.last_used_at, None);
    store.clock.turn(Duration::from_secs(60));
    let proof = Proof::Passkey(used(&mut phone, &passkey).expect("right"));
    store.start_session(&store.act(&ada), &ada, proof).await.expect("signed in");
    let passkey = stored(store, &passkey).await;
    assert_eq!(passkey.last_used_at, Some(store.now()));
    assert_eq!(events(store, Action::SignedIn).await[0]["passkey"], "Phone");
    // The counter went on.
    let proof = Proof::Passkey(used(&mut phone, &passkey).expect("right"));
    store.start_session(&store.act(&ada), &ada, proof).await.expect("signed in");
}

async fn a_challenge_is_answered_once(store: &TestStore) {
    let ada = store.person("Ada").await;
    let mut phone = Authenticator::at(ORIGIN);
    phone.counts = false;
    let passkey = add_with(store, &ada, "Phone", &mut phone).await.expect("added");
    let proof = used(&mut phone, &passkey).expect("right");
    store.start_session(&store.act(&ada), &ada, Proof::Passkey(proof.clone())).await.expect("signed in");
    let again = store.start_session(&store.act(&ada), &ada, Proof::Passkey(proof)).await;
    assert!(matches!(again, Err(Error::Invalid(_))), "it was used");
    assert_eq!(events(store, Action::SignedIn).await.len(), 1);
}

async fn two_uses_at_once_of_a_counter_are_one(store: &TestStore) {
    let ada = store.person("Ada").await;
    let (mut phone, passkey) = add(store, &ada, "Phone").await;
    let one = used(&mut phone, &passkey).expect("right");
    phone.counter -= 1;
    let other = used(&mut phone, &passkey).expect("right, as far as it is known");
    let act = store.act(&ada);
    let (one, other) = tokio::join!(
        store.start_session(&act, &ada, Proof::Passkey(one)),
        store.start_session(&act, &ada, Proof::Passkey(other)),
    );
    assert!(one.is_ok() ^ other.is_ok(), "one of them");
}

async fn a_counter_that_goes_back_is_refused_and_told(store: &TestStore) {
    let ada = store.person("Ada").await;
    let (mut phone, passkey) = add(store, &ada, "Phone").await;
    phone.counter = 40;
    let proof = Proof::Passkey(used(&mut phone, &passkey).expect("right"));
    store.start_session(&store.act(&ada), &ada, proof).await.expect("signed in");
    let passkey = stored(store, &passkey).await;
    phone.counter = 20;
    assert_eq!(used(&mut phone, &passkey).expect_err("a copy"), NotProved::Copied);
    phone.counter = 41;
    assert_eq!(used(&mut phone, &passkey).map(drop), Ok(()), "42 is the next");
    store.record_copied_passkey(&store.act(&ada), &ada, &passkey).await.expect("recorded");
    let told = events(store, Action::SecondFactorRefused).await;
    assert_eq!((&told[0]["passkey"], &told[0]["reason"]), (&"Phone".into(), &"counter".into()));
    needs_a_password_once(store, &ada, &mut phone, "none").await;
}

/// The passkey does not sign in by itself, until it was used beside the password with this hash.
async fn needs_a_password_once(store: &TestStore, user: &User, phone: &mut Authenticator, hash: &str) {
    let known = async || store.passkeys_of(&user.id).await.expect("listed").remove(0);
    let act = store.act(user);
    let proof = Proof::Passkey(used(phone, &known().await).expect("right"));
    let alone = store.start_session(&act, user, proof).await;
    assert!(matches!(alone, Err(Error::Invalid(_))), "not by itself");
    let second = SecondProof::Passkey(used(phone, &known().await).expect("right"));
    let proof = Proof::Password { hash: hash.to_owned() };
    store.start_session_with(&act, user, proof, second, false).await.expect("beside the password");
    let proof = Proof::Passkey(used(phone, &known().await).expect("right"));
    store.start_session(&act, user, proof).await.expect("by itself again");
}

async fn a_recovered_account_needs_more_than_its_passkeys(store: &TestStore) {
    let (ada, shell) = (store.person("Ada").await, Act::by(Actor::CommandLine));
    let (mut phone, passkey) = add(store, &ada, "Phone").await;
    let reset = store.create_password_reset(&shell, &ada).await.expect("a link");
    store.reset_password(&shell, &reset, "by link".to_owned()).await.expect("reset");
    needs_a_password_once(store, &ada, &mut phone, "by link").await;
    store.set_password_to_change(&shell, &ada, "by an operator".to_owned()).await.expect("set");
    needs_a_password_once(store, &ada, &mut phone, "by an operator").await;
    // A password that they chose themselves is no recovery.
    store.change_password(&shell, &ada, "chosen".to_owned()).await.expect("changed");
    let proof = Proof::Passkey(used(&mut phone, &stored(store, &passkey).await).expect("right"));
    store.start_session(&store.act(&ada), &ada, proof).await.expect("signed in");
}

async fn a_passkey_is_a_second_factor(store: &TestStore) {
    let ada = store.person("Ada").await;
    let (mut phone, passkey) = add(store, &ada, "Phone").await;
    let (act, password) = (store.act(&ada), || Proof::Password { hash: "none".to_owned() });
    let alone = store.start_session(&act, &ada, password()).await;
    assert!(matches!(alone, Err(Error::Invalid(_))), "the password alone is no session");
    let second = SecondProof::Passkey(used(&mut phone, &passkey).expect("right"));
    let token = store.start_session_with(&act, &ada, password(), second, false).await.expect("signed in");
    // And confirms that it is them.
    let none = store.prove_session(&act, &ada, token.digest(), None).await;
    assert!(matches!(none, Err(Error::Invalid(_))));
    let passkey = stored(store, &passkey).await;
    let second = SecondProof::Passkey(used(&mut phone, &passkey).expect("right"));
    store.prove_session(&act, &ada, token.digest(), Some(second)).await.expect("confirmed");
    // Another person's proves nothing.
    let eve = store.person("Eve").await;
    let (mut other, theirs) = add(store, &eve, "Phone").await;
    let second = SecondProof::Passkey(used(&mut other, &theirs).expect("right"));
    let started = store.start_session_with(&act, &ada, password(), second, false).await;
    assert!(matches!(started, Err(Error::Invalid(_))));
    let proof = Proof::Passkey(used(&mut other, &theirs).expect("right"));
    assert!(store.start_session(&act, &ada, proof).await.is_err());
}

async fn a_factor_that_went_meanwhile_proves_nothing(store: &TestStore) {
    let ada = store.person("Ada").await;
    let (mut phone, passkey) = add(store, &ada, "Phone").await;
    let act = store.act(&ada);
    let proof = Proof::Passkey(used(&mut phone, &passkey).expect("right"));
    let session = store.start_session(&act, &ada, proof).await.expect("signed in").digest();
    let before = store.proved_at(session).await.expect("asked");
    let signed = used(&mut phone, &stored(store, &passkey).await).expect("right");
    assert!(store.remove_passkey(&act, &ada, &passkey.id).await.expect("removed"));
    store.clock.turn(Duration::from_secs(60 * 60));
    // They were asked for it, and not for their password.
    let code = TypedCode::parse("000000").expect("a code");
    for second in [SecondProof::Code(code), SecondProof::Passkey(signed)] {
        let confirmed = store.prove_session(&act, &ada, session, Some(second)).await;
        assert!(matches!(confirmed, Err(Error::Invalid(_))));
    }
    assert_eq!(store.proved_at(session).await.expect("asked"), before);
    store.prove_session(&act, &ada, session, None).await.expect("with the password, which was checked");
}

async fn a_second_step_does_not_renew_the_sign_in_at_an_issuer(store: &TestStore) {
    let (ada, shell) = (store.person("Ada").await, Act::by(Actor::CommandLine));
    let org = store.org(&store.act(&ada), "Focus").await;
    let (mut phone, passkey) = add(store, &ada, "Phone").await;
    let identity = Identity::check("https://idp.example", "ada").expect("checked");
    store.link_identity(&shell, &ada, identity.clone()).await.expect("linked");
    let issuer = Some(identity.provider.clone());
    let policy = SignInPolicy { issuer, lifetime_hours: Some(1), ..SignInPolicy::default() };
    store.set_sign_in_policy(&shell, &org, policy).await.expect("set");
    store.clock.turn(Duration::from_secs(60));
    let now = store.now();
    let minutes = |minutes: u64| now - Duration::from_secs(minutes * 60);
    // Of one that does not say when, the sign-in here counts.
    for (asked_at, is_open) in [(minutes(60), false), (minutes(59), true), (Timestamp::from_micros(0), true)] {
        let second = SecondProof::Passkey(used(&mut phone, &stored(store, &passkey).await).expect("right"));
        let (act, proof) = (store.act(&ada), Proof::Identity(identity.clone()));
        let started = store.start_session_by_issuer(&act, &ada, proof, asked_at, Some(second), false).await;
        let session = started.expect("signed in").digest();
        assert_eq!(store.is_open_to(&session, &org.id).await.expect("asked"), is_open, "{asked_at:?}");
        assert_eq!(store.proved_at(session).await.expect("asked"), Some(now), "the passkey is a new proof");
    }
}

async fn a_passkey_is_the_factor_that_an_organization_requires(store: &TestStore) {
    let ada = store.person("Ada").await;
    let org = store.org(&store.act(&ada), "Focus").await;
    let mut sessions = Vec::new();
    for _ in 0..2 {
        let proof = Proof::Password { hash: "none".to_owned() };
        sessions.push(store.start_session(&store.act(&ada), &ada, proof).await.expect("signed in").digest());
    }
    let policy = SignInPolicy { factor_from: Some(store.now()), ..SignInPolicy::default() };
    store.set_sign_in_policy(&Act::by(Actor::CommandLine), &org, policy).await.expect("set");
    let mut phones = Vec::new();
    for session in &sessions {
        assert!(!store.is_open_to(session, &org.id).await.expect("asked"), "not with a password");
        let mut phone = Authenticator::at(ORIGIN);
        let (options, challenge) = portal().ask_to_add(&ada, &[]).expect("asked");
        let new = portal().added(&challenge, &phone.make(&options)).expect("made");
        let credential = Credential::Session(*session);
        let act = Act::by(Actor::User { id: ada.id.clone(), name: ada.name.clone(), credential });
        store.add_passkey(&act, &ada, "Phone", new).await.expect("added");
        phones.push(phone);
    }
    assert!(store.is_open_to(&sessions[0], &org.id).await.expect("asked"), "it was made there");
    assert!(!store.is_open_to(&sessions[1], &org.id).await.expect("asked"), "another does not show the first");
    let phone = &mut phones[0];
    let (passkey, _) = store.passkey_by_credential(&phone.credential_id).await.expect("asked").expect("there");
    let proof = Proof::Passkey(used(phone, &passkey).expect("right"));
    let by_itself = store.start_session(&store.act(&ada), &ada, proof).await.expect("signed in").digest();
    assert!(store.is_open_to(&by_itself, &org.id).await.expect("asked"));
}

async fn the_first_one_gives_recovery_codes_and_the_last_one_takes_them(store: &TestStore) {
    let ada = store.person("Ada").await;
    let (act, mut phone, mut key) = (store.act(&ada), Authenticator::at(ORIGIN), Authenticator::at(ORIGIN));
    let add = async |authenticator: &mut Authenticator, name: &str| {
        let (options, challenge) = portal().ask_to_add(&ada, &[]).expect("asked");
        let new = portal().added(&challenge, &authenticator.make(&options)).expect("made");
        store.add_passkey(&act, &ada, name, new).await.expect("added")
    };
    assert_eq!(add(&mut phone, "Phone").await.expect("codes").len(), 10);
    assert!(add(&mut key, "Security key").await.is_none());
    let factors = store.second_factors(&ada.id).await.expect("asked");
    assert_eq!((factors.passkeys, factors.recovery_codes, factors.are_on()), (2, 10, true));
    let [one, other] = store.passkeys_of(&ada.id).await.expect("listed").try_into().expect("two");
    assert!(store.remove_passkey(&act, &ada, &one.id).await.expect("removed"));
    assert!(!store.remove_passkey(&act, &ada, &one.id).await.expect("gone already"));
    assert_eq!(store.second_factors(&ada.id).await.expect("asked").recovery_codes, 10);
    assert!(store.remove_passkey(&act, &ada, &other.id).await.expect("removed"));
    let factors = store.second_factors(&ada.id).await.expect("asked");
    assert_eq!((factors.recovery_codes, factors.are_on()), (0, false));
    let left: Vec<_> = events(store, Action::PasskeyRemoved).await;
    assert_eq!((&left[0]["factor_left"], &left[1]["factor_left"]), (&false.into(), &true.into()), "the newest first");
    let jobs = store.dump().await.remove("jobs").expect("a table");
    assert_eq!(jobs.iter().filter(|job| job.contains("second_factor_changed")).count(), 4);
}

async fn there_are_at_most_ten(store: &TestStore) {
    let ada = store.person("Ada").await;
    for at in 0..MOST_PASSKEYS {
        add(store, &ada, &format!("Key {at}")).await;
    }
    let refused = add_with(store, &ada, "Another", &mut Authenticator::at(ORIGIN)).await;
    assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
    let (options, _) = portal().ask_to_add(&ada, &store.passkeys_of(&ada.id).await.expect("listed")).expect("asked");
    assert_eq!(options["excludeCredentials"].as_array().map(Vec::len), Some(10));
}

async fn a_passkey_belongs_to_one_account(store: &TestStore) {
    let (ada, eve) = (store.person("Ada").await, store.person("Eve").await);
    let (mut phone, _) = add(store, &ada, "Phone").await;
    let refused = add_with(store, &eve, "Phone", &mut phone).await;
    assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
    let (mut phone, passkey) = add(store, &eve, "Phone").await;
    let theirs = &store.passkeys_of(&eve.id).await.expect("listed")[0];
    assert!(!store.remove_passkey(&store.act(&ada), &ada, &theirs.id).await.expect("asked"), "another person's");
    assert!(!store.remove_passkey(&store.act(&ada), &ada, &PasskeyId::mint(store.entropy())).await.expect("asked"));
    // It says that it is Eve's.
    phone.handle = vec![7; 16];
    assert!(matches!(used(&mut phone, &passkey), Err(NotProved::Wrong(_))));
    phone.handle = Vec::new();
    assert!(matches!(used(&mut phone, &passkey), Err(NotProved::Wrong(_))));
}

async fn a_removed_one_proves_nothing(store: &TestStore) {
    let ada = store.person("Ada").await;
    let (mut phone, passkey) = add(store, &ada, "Phone").await;
    add(store, &ada, "Other").await;
    let proof = used(&mut phone, &passkey).expect("right");
    store.remove_passkey(&store.act(&ada), &ada, &passkey.id).await.expect("removed");
    assert!(store.start_session(&store.act(&ada), &ada, Proof::Passkey(proof)).await.is_err());
    assert!(store.passkey_by_credential(&passkey.credential_id).await.expect("asked").is_none());
}

async fn a_disabled_person_does_not_sign_in(store: &TestStore) {
    let ada = store.person("Ada").await;
    let (mut phone, passkey) = add(store, &ada, "Phone").await;
    let proof = used(&mut phone, &passkey).expect("right");
    store.disable_user(&Act::by(Actor::CommandLine), &ada).await.expect("disabled");
    let started = store.start_session(&Act::by(Actor::CommandLine), &ada, Proof::Passkey(proof)).await;
    assert!(matches!(started, Err(Error::SignedOut)));
    assert!(store.passkey_by_credential(&passkey.credential_id).await.expect("asked").is_none());
}

async fn an_operator_removes_them_with_the_other_factors(store: &TestStore) {
    let ada = store.person("Ada").await;
    add(store, &ada, "Phone").await;
    assert!(store.reset_second_factors(&Act::by(Actor::CommandLine), &ada).await.expect("reset"));
    assert!(!store.second_factors(&ada.id).await.expect("asked").are_on());
    assert!(store.passkeys_of(&ada.id).await.expect("listed").is_empty());
    assert!(!store.reset_second_factors(&Act::by(Actor::CommandLine), &ada).await.expect("nothing left"));
}

async fn answered_challenges_are_forgotten_later(store: &TestStore) {
    let ada = store.person("Ada").await;
    add(store, &ada, "Phone").await;
    assert_eq!(store.delete_used_challenges().await.expect("asked"), 0);
    store.clock.turn(Duration::from_secs(60 * 60));
    assert_eq!(store.delete_used_challenges().await.expect("asked"), 1);
}
