//! Capability tokens: minted by those who may, and refused as soon as something they stand on has ended.

use std::{sync::Arc, time::Duration};

use sallyport::{
    Error,
    app::App,
    audit::{Act, Actor, Credential},
    capability::{Asked, CapabilityVerdict, NewCapability},
    key::Issued,
    member::Role,
    personal_token::{NewPersonalToken, TokenScopes},
    place::Place,
    profile::Profile,
    store::{EventFilter, Location, Store},
    testing::TestStore,
};

sallyport::on_both_databases!(
    a_token_is_minted_and_verified,
    what_ended_since_refuses_it,
    of_another_organization_there_is_none,
    all_tokens_of_an_app_are_revoked,
    a_key_mints_for_its_app_if_its_scope_says_so,
    a_refused_mint_makes_no_key,
    keys_are_rotated_and_kept_until_the_last_token_ends,
    of_many_at_once_one_makes_the_key,
    a_stolen_key_is_replaced_at_once,
    a_token_ends_with_the_personal_token_that_minted_it,
    a_key_that_was_exchanged_is_found,
);

const ISSUER: &str = "https://keys.example.com";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn new(store: &Store) -> NewCapability {
    let rules = &store.profile().capabilities;
    NewCapability::check("person-7", &names(&["focus"]), &names(&["stream"]), None, rules).expect("good")
}

async fn mint(store: &Store, act: &Act, app: &App) -> String {
    store.mint_capability(act, app, ISSUER, new(store)).await.expect("minted").token
}

async fn judged(store: &Store, token: &str) -> CapabilityVerdict {
    store.judge_capability(token, ISSUER, None, &Asked::default()).await.expect("judged").verdict
}

async fn world(store: &TestStore) -> (Act, App) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    (act, app)
}

/// The same store under a profile in which a scope mints.
async fn minting(store: &TestStore) -> TestStore {
    let scope = "[[scopes]]\nname = \"mint\"\ntitle = \"Mint\"\nmint_capabilities = true\n\n[plans.starter]";
    let text = include_str!("../../examples/profiles/default.toml").replacen("[plans.starter]", scope, 1);
    store.with_profile(Arc::new(Profile::parse(&text).expect("good"))).await
}

fn by(key: &Issued) -> Act {
    Act::by(Actor::Key { id: key.key.id.clone(), label: key.key.label.clone(), secret_n: 1 })
}

async fn a_token_is_minted_and_verified(store: &TestStore) {
    let (act, app) = world(store).await;
    let minted = store.mint_capability(&act, &app, ISSUER, new(store)).await.expect("minted");
    assert_eq!(minted.expires_at, store.now() + DAY);
    assert!(!format!("{minted:?}").contains(&minted.token));
    let judged = store.judge_capability(&minted.token, ISSUER, Some(&app.org_id), &Asked::default()).await;
    let claims = judged.expect("judged").claims.expect("valid");
    assert_eq!((claims.sub.as_str(), &claims.aud, &claims.jti), ("person-7", &app.id, &minted.id));
    assert_eq!((claims.modules, claims.channels), (names(&["focus"]), names(&["stream"])));
    assert_eq!((claims.epoch, claims.minted_by.id.as_str()), (1, act.actor.id()));
    // The log has neither the token nor the subject.
    let events = store.events(&app.org_id, None, &EventFilter::default()).await.expect("read").events;
    assert_eq!((events[0].action.as_str(), events[0].target_id.as_str()), ("capability.minted", app.id.as_str()));
    assert!(events[0].details.contains(minted.id.as_str()) && !events[0].details.contains("person-7"));
    let all = format!("{:?}", store.dump().await);
    assert!(!all.contains("person-7") && !all.contains(minted.token.rsplit_once('.').expect("parts").1));
    // Another portal's, or one of tomorrow.
    let other = store.judge_capability(&minted.token, "https://other.example", None, &Asked::default()).await;
    assert_eq!(other.expect("judged").verdict, CapabilityVerdict::WrongIssuer);
    store.clock.turn(DAY);
    assert_eq!(self::judged(store, &minted.token).await, CapabilityVerdict::Expired);
}

async fn what_ended_since_refuses_it(store: &TestStore) {
    let store = &minting(store).await;
    let (act, app) = world(store).await;
    let key = store.issue(&act, &app, "CI", &["mint"]).await.expect("made");
    let token = mint(store, &by(&key), &app).await;
    assert_eq!(judged(store, &token).await, CapabilityVerdict::Valid);
    store.pause_key(&act, &key.key).await.expect("paused");
    assert_eq!(judged(store, &token).await, CapabilityVerdict::MinterEnded);
    store.resume_key(&act, &key.key).await.expect("resumed");
    assert_eq!(judged(store, &token).await, CapabilityVerdict::Valid);
    store.archive_place(&act, &Place::from(&app)).await.expect("archived");
    assert_eq!(judged(store, &token).await, CapabilityVerdict::Suspended);
    let refused = store.mint_capability(&act, &app, ISSUER, new(store)).await;
    assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
    store.restore_place(&act, &Place::from(&app)).await.expect("restored");
    let suspend = |at: &str| format!("UPDATE orgs SET suspended_at = {at} WHERE id = '{}'", app.org_id);
    store.execute(suspend("1")).await;
    assert_eq!(judged(store, &token).await, CapabilityVerdict::Suspended);
    let refused = store.mint_capability(&act, &app, ISSUER, new(store)).await;
    assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
    store.execute(suspend("NULL")).await;
    store.revoke_key(&act, &key.key, String::new()).await.expect("revoked");
    assert_eq!(judged(store, &token).await, CapabilityVerdict::MinterEnded);
    let refused = store.mint_capability(&by(&key), &app, ISSUER, new(store)).await;
    assert!(matches!(refused, Err(Error::SignedOut)), "{refused:?}");
    // A root token, and a person.
    let shell = Act::by(Actor::CommandLine);
    let (root, _) = store.create_token(&shell, "Automation", true, None).await.expect("made");
    let of_root = Act::by(Actor::RootToken { id: root.id.clone(), name: root.name });
    let (of_root, of_person) = (mint(store, &of_root, &app).await, mint(store, &act, &app).await);
    assert_eq!(judged(store, &of_root).await, CapabilityVerdict::Valid);
    store.revoke_token(&shell, &root.id).await.expect("revoked");
    assert_eq!(judged(store, &of_root).await, CapabilityVerdict::MinterEnded);
    assert_eq!(judged(store, &of_person).await, CapabilityVerdict::Valid);
    // Nor by somebody who may not mint any more.
    store.execute(format!("UPDATE grants SET role = 'viewer' WHERE subject = '{}'", act.actor.id())).await;
    assert_eq!(judged(store, &of_person).await, CapabilityVerdict::MinterEnded);
    store.execute(format!("UPDATE grants SET role = 'owner' WHERE subject = '{}'", act.actor.id())).await;
    assert_eq!(judged(store, &of_person).await, CapabilityVerdict::Valid);
    store.execute(format!("UPDATE users SET disabled_at = 1 WHERE id = '{}'", act.actor.id())).await;
    assert_eq!(judged(store, &of_person).await, CapabilityVerdict::MinterEnded);
    // A command line has no name to answer for.
    let refused = store.mint_capability(&shell, &app, ISSUER, new(store)).await;
    assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
}

async fn of_another_organization_there_is_none(store: &TestStore) {
    let (act, app) = world(store).await;
    let other = store.org(&act, "Other").await;
    let token = mint(store, &act, &app).await;
    for asked in [Asked::default(), Asked { app_id: Some("app_x_1"), ..Asked::default() }] {
        let judged = store.judge_capability(&token, ISSUER, Some(&other.id), &asked).await.expect("judged");
        assert_eq!((judged.verdict, judged.claims), (CapabilityVerdict::NotFound, None));
    }
    store.delete_place(&act, &Place::from(&app)).await.expect("deleted");
    assert_eq!(judged(store, &token).await, CapabilityVerdict::NotFound);
}

async fn all_tokens_of_an_app_are_revoked(store: &TestStore) {
    let (act, app) = world(store).await;
    let org = store.org(&act, "Other").await;
    let other = store.app(&act, &org, "Other").await;
    let (token, kept) = (mint(store, &act, &app).await, mint(store, &act, &other).await);
    let epoch = store.revoke_capabilities(&act, &app, "Stolen".to_owned()).await.expect("revoked");
    assert_eq!(epoch, store.now().seconds());
    assert_eq!(judged(store, &token).await, CapabilityVerdict::Revoked);
    assert_eq!(judged(store, &kept).await, CapabilityVerdict::Valid);
    assert_eq!(judged(store, &mint(store, &act, &app).await).await, CapabilityVerdict::Valid);
    let next = store.revoke_capabilities(&act, &other, String::new()).await.expect("revoked");
    assert_eq!(store.revoke_capabilities(&act, &other, String::new()).await.expect("revoked"), next + 1);
    let events = store.events(&app.org_id, None, &EventFilter::default()).await.expect("read").events;
    assert_eq!(events[1].action, "capabilities.revoked");
    assert!(events[1].details.contains("Stolen"), "{}", events[1].details);
    let eve = store.act(&store.person("Eve").await);
    assert!(matches!(store.revoke_capabilities(&eve, &app, String::new()).await, Err(Error::NotFound)));
}

async fn a_key_mints_for_its_app_if_its_scope_says_so(store: &TestStore) {
    let store = &minting(store).await;
    let (act, app) = world(store).await;
    let org = store.org(&act, "Other").await;
    let (sibling, foreign) = (store.key(&act, &app, "Reads").await, store.app(&act, &org, "Other").await);
    let key = store.issue(&act, &app, "Mints", &["mint"]).await.expect("made");
    for (by, app, what) in [(&sibling, &app, "no such scope"), (&key, &foreign, "of another organization")] {
        let refused = store.mint_capability(&self::by(by), app, ISSUER, new(store)).await;
        assert!(matches!(refused, Err(Error::Forbidden(_) | Error::NotFound)), "{what}: {refused:?}");
    }
    mint(store, &by(&key), &app).await;
    // Nor does it revoke them.
    let refused = store.revoke_capabilities(&by(&key), &app, String::new()).await;
    assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
    store.execute(format!("UPDATE keys SET mode = 'test' WHERE id = '{}'", key.key.id)).await;
    let refused = store.mint_capability(&by(&key), &app, ISSUER, new(store)).await;
    assert!(matches!(refused, Err(Error::Forbidden(_))), "sandbox keys do not mint: {refused:?}");
}

async fn a_refused_mint_makes_no_key(store: &TestStore) {
    let (_, app) = world(store).await;
    let eve = store.act(&store.person("Eve").await);
    let before = store.dump().await;
    let refused = store.mint_capability(&eve, &app, ISSUER, new(store)).await;
    assert!(matches!(refused, Err(Error::NotFound)), "{refused:?}");
    assert_eq!(store.dump().await, before);
    assert!(store.capability_keys().await.expect("read").is_empty());
}

async fn keys_are_rotated_and_kept_until_the_last_token_ends(store: &TestStore) {
    let (act, app) = world(store).await;
    store.rotate_capability_keys().await.expect("nothing to do");
    let first = mint(store, &act, &app).await;
    let keys = store.capability_keys().await.expect("read");
    assert_eq!(keys.len(), 1);
    store.clock.turn(88 * DAY - Duration::from_secs(1));
    store.rotate_capability_keys().await.expect("not due");
    assert_eq!(store.capability_keys().await.expect("read"), keys);
    // Two days before it signs, the next one is published.
    store.clock.turn(Duration::from_secs(1));
    for _ in 0..2 {
        store.rotate_capability_keys().await.expect("published");
        let published = store.capability_keys().await.expect("read");
        assert_eq!((published.len(), &published[1]), (2, &keys[0]));
        assert_eq!(published[0].from, store.now() + 2 * DAY);
    }
    let soon = mint(store, &act, &app).await;
    assert_eq!(signer(&soon), keys[0].id, "it does not sign yet");
    store.clock.turn(DAY);
    // Its last token is valid for thirty days.
    let rules = &store.profile().capabilities;
    let long = NewCapability { lifetime: rules.longest_lifetime, ..new(store) };
    let long = store.mint_capability(&act, &app, ISSUER, long).await.expect("minted").token;
    store.clock.turn(DAY);
    // By the clock, whether the job runs in time or not.
    let before = mint(store, &act, &app).await;
    store.rotate_capability_keys().await.expect("rotated");
    let both = store.capability_keys().await.expect("read");
    assert_eq!((both.len(), &both[1].id, both[1].until), (2, &keys[0].id, Some(store.now())));
    assert_eq!((signer(&before), judged(store, &before).await), (both[0].id.clone(), CapabilityVerdict::Valid));
    let events = store.system_events(&EventFilter::default()).await.expect("read").events;
    let actions: Vec<_> = events.iter().filter(|event| event.target_kind == "capability_key").collect();
    let actions: Vec<_> = actions.iter().map(|event| event.action.as_str()).collect();
    assert_eq!(actions, ["capability_key.rotated", "capability_key.created", "capability_key.created"]);
    assert_eq!(judged(store, &first).await, CapabilityVerdict::Expired);
    assert_eq!(judged(store, &long).await, CapabilityVerdict::Valid);
    let next = mint(store, &act, &app).await;
    assert_eq!(judged(store, &next).await, CapabilityVerdict::Valid);
    store.clock.turn(29 * DAY - Duration::from_secs(1));
    store.rotate_capability_keys().await.expect("kept");
    assert_eq!(judged(store, &long).await, CapabilityVerdict::Valid, "to its last second");
    store.clock.turn(2 * DAY);
    store.rotate_capability_keys().await.expect("deleted");
    assert_eq!(store.capability_keys().await.expect("read").len(), 1);
    assert_eq!(judged(store, &long).await, CapabilityVerdict::UnknownKey);
    assert_eq!(store.dump().await["capability_keys"].len(), 1);
}

/// The id of the key that a token names.
fn signer(token: &str) -> String {
    sallyport::capability::Presented::parse(token).expect("a token").key_id
}

async fn a_stolen_key_is_replaced_at_once(store: &TestStore) {
    let (act, app) = world(store).await;
    let shell = Act::by(Actor::CommandLine);
    let old = mint(store, &act, &app).await;
    // With one before it, and one that is published already.
    store.clock.turn(88 * DAY);
    store.rotate_capability_keys().await.expect("published");
    store.clock.turn(2 * DAY);
    store.rotate_capability_keys().await.expect("rotated");
    let newer = mint(store, &act, &app).await;
    store.clock.turn(88 * DAY);
    store.rotate_capability_keys().await.expect("published");
    let last = mint(store, &act, &app).await;
    let before = store.capability_keys().await.expect("read");
    assert_eq!((before.len(), judged(store, &last).await), (2, CapabilityVerdict::Valid));
    let refused = store.replace_capability_keys(&act, String::new()).await;
    assert!(matches!(refused, Err(Error::Forbidden(_) | Error::NotFound)), "{refused:?}");
    let (id, count) = store.replace_capability_keys(&shell, "Stolen backup".to_owned()).await.expect("replaced");
    assert_eq!(count, 2);
    let keys = store.capability_keys().await.expect("read");
    assert_eq!(keys.iter().map(|key| &key.id).collect::<Vec<_>>(), [&id]);
    for token in [&old, &newer, &last] {
        assert_eq!(judged(store, token).await, CapabilityVerdict::UnknownKey);
    }
    let next = mint(store, &act, &app).await;
    assert_eq!((signer(&next), judged(store, &next).await), (id, CapabilityVerdict::Valid));
    let events = store.system_events(&EventFilter::default()).await.expect("read").events;
    let event = events.iter().find(|event| event.action == "capability_key.replaced").expect("an event");
    assert!(event.details.contains(&before[0].id) && event.details.contains(&before[1].id), "{}", event.details);
    assert!(event.details.contains("Stolen backup"));
    store.rotate_capability_keys().await.expect("deleted");
    assert_eq!(store.dump().await["capability_keys"].len(), 1);
}

async fn a_token_ends_with_the_personal_token_that_minted_it(store: &TestStore) {
    let ada = store.person("Ada").await;
    let act = store.act(&ada);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let made = async |name: &str| {
        let new = NewPersonalToken {
            name: name.to_owned(),
            scopes: TokenScopes::parse("read keys").expect("scopes"),
            expires_at: Some(store.now() + 7 * DAY),
            form_token: name.as_bytes().to_vec(),
        };
        let (token, _) = store.issue_personal_token(&act, new).await.expect("made");
        let credential = Credential::Token { id: token.id.clone(), name: token.name.clone(), scopes: token.scopes };
        (Act::by(Actor::User { id: ada.id.clone(), name: ada.name.clone(), credential }), token)
    };
    let ((by_one, one), (by_other, _)) = (made("One").await, made("Other").await);
    let long = async |act: &Act| {
        let new = NewCapability { lifetime: 30 * DAY, ..new(store) };
        store.mint_capability(act, &app, ISSUER, new).await.expect("minted").token
    };
    let (of_one, of_other, own) = (long(&by_one).await, long(&by_other).await, long(&act).await);
    for token in [&of_one, &of_other, &own] {
        assert_eq!(judged(store, token).await, CapabilityVerdict::Valid);
    }
    store.revoke_personal_token(&act, &one.id).await.expect("revoked");
    assert_eq!(judged(store, &of_one).await, CapabilityVerdict::MinterEnded);
    assert_eq!(judged(store, &of_other).await, CapabilityVerdict::Valid);
    store.clock.turn(7 * DAY);
    assert_eq!(judged(store, &of_other).await, CapabilityVerdict::MinterEnded, "it has expired");
    assert_eq!(judged(store, &own).await, CapabilityVerdict::Valid);
    let shell = Act::by(Actor::CommandLine);
    store.add_member(&shell, &org.id, &store.person("Zoe").await, Role::Owner).await.expect("another owner");
    store.remove_member(&shell, &org.id, &ada).await.expect("removed");
    assert_eq!(judged(store, &own).await, CapabilityVerdict::MinterEnded, "who minted it left");
}

async fn of_many_at_once_one_makes_the_key(store: &TestStore) {
    let (act, app) = world(store).await;
    let minted = (0..5).map(|_| {
        let (store, act, app) = (store.store.clone(), act.clone(), app.clone());
        tokio::spawn(async move { mint(&store, &act, &app).await })
    });
    for token in minted.collect::<Vec<_>>() {
        assert_eq!(judged(store, &token.await.expect("minted")).await, CapabilityVerdict::Valid);
    }
    assert_eq!(store.dump().await["capability_keys"].len(), 1);
}

/// Whoever writes to the database but does not have the master key makes no key.
async fn a_key_that_was_exchanged_is_found(store: &TestStore) {
    let (act, app) = world(store).await;
    let token = mint(store, &act, &app).await;
    let other = "UPDATE capability_keys SET public_key = ";
    let zeros = match store.location() {
        Location::Postgres(_) => "decode(repeat('00', 32), 'hex')",
        Location::Sqlite(_) => "zeroblob(32)",
    };
    store.execute(format!("{other}{zeros}")).await;
    let judged = store.judge_capability(&token, ISSUER, None, &Asked::default()).await;
    assert!(matches!(judged, Err(Error::Sealed(_))), "{judged:?}");
    assert!(matches!(store.capability_keys().await, Err(Error::Sealed(_))));
}
