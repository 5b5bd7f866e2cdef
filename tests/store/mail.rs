use std::time::Duration;

use sallyport::{
    audit::{Act, Actor, Credential},
    identity::Proof,
    mail::{About, Mail, QUEUE},
    member::Role,
    password_reset::VALID,
    testing::TestStore,
};

sallyport::on_both_databases!(
    a_mail_says_what_happened,
    what_is_refused_causes_no_mail,
    nobody_gets_mail_about_what_is_gone,
    a_link_is_mailed_while_it_works,
    expired_links_are_deleted_a_day_later,
);

/// The mails that are due, oldest first; they count as sent.
pub async fn mails(store: &TestStore) -> Vec<Mail> {
    let mut mails = Vec::new();
    while let Some(job) = store.lease_job(QUEUE, Duration::from_secs(60)).await.expect("asked") {
        mails.push(serde_json::from_value(job.payload.clone()).expect("a mail"));
        assert!(store.finish_job(&job).await.expect("written"));
        store.clock.turn(Duration::from_secs(1));
    }
    mails
}

async fn about(store: &TestStore, mail: &Mail) -> Option<About> {
    let letter = store.letter(mail).await.expect("asked")?;
    assert_eq!(letter.to.email, "eve@example.com");
    Some(letter.about)
}

async fn a_mail_says_what_happened(store: &TestStore) {
    let (ada, eve) = (store.person("Ada").await, store.person("Eve").await);
    let (operator, act) = (Act::by(Actor::CommandLine), store.act(&ada));
    let org = store.org(&act, "Focus").await;
    store.add_member(&act, &org.id, &eve, Role::Member).await.expect("added");
    assert!(mails(store).await.is_empty(), "a role that is new is an invitation's");

    store.change_role(&act, &org.id, &eve, Role::Admin).await.expect("changed");
    let [mail] = &mails(store).await[..] else { panic!("one mail") };
    let Some(About::RoleChanged { org: of, place_name, from, to, by }) = about(store, mail).await else {
        panic!("{mail:?}")
    };
    assert_eq!(
        (of, place_name.as_str(), from.as_str(), to.as_str(), by.as_str()),
        (org.id, "Focus", "Member", "Admin", "Ada")
    );

    store.change_password(&operator, &eve, "other".to_owned()).await.expect("changed");
    let [mail] = &mails(store).await[..] else { panic!("one mail") };
    let Some(About::PasswordChanged(origin)) = about(store, mail).await else { panic!("{mail:?}") };
    assert_eq!((origin.by.as_str(), origin.is_own, origin.address), ("An operator", false, None));

    let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";
    let signing = Act {
        address: Some("203.0.113.9".to_owned()),
        user_agent: Some(agent.to_owned()),
        ..Act::by(Actor::User { id: eve.id.clone(), name: "Eve".to_owned(), credential: Credential::None })
    };
    let proof = || Proof::Password { hash: "other".to_owned() };
    store.start_session(&signing, &eve, proof()).await.expect("signed in");
    assert!(mails(store).await.is_empty(), "with a known browser");
    store.start_session_on_new_device(&signing, &eve, proof()).await.expect("signed in");
    let [mail] = &mails(store).await[..] else { panic!("one mail") };
    let Some(About::NewSignIn(origin)) = about(store, mail).await else { panic!("{mail:?}") };
    assert_eq!(
        (origin.is_own, origin.address.as_deref(), origin.device.as_deref()),
        (true, Some("203.0.113.9"), Some("Firefox on Linux"))
    );
}

async fn what_is_refused_causes_no_mail(store: &TestStore) {
    let (ada, eve) = (store.person("Ada").await, store.person("Eve").await);
    let act = store.act(&ada);
    let org = store.org(&act, "Focus").await;
    store.add_member(&act, &org.id, &eve, Role::Member).await.expect("added");
    assert!(store.change_role(&store.act(&eve), &org.id, &eve, Role::Owner).await.is_err());
    let proof = Proof::Password { hash: "wrong".to_owned() };
    assert!(store.start_session_on_new_device(&store.act(&eve), &eve, proof).await.is_err());
    assert!(mails(store).await.is_empty());
}

async fn nobody_gets_mail_about_what_is_gone(store: &TestStore) {
    let (ada, eve) = (store.person("Ada").await, store.person("Eve").await);
    let (operator, act) = (Act::by(Actor::CommandLine), store.act(&ada));
    let org = store.org(&act, "Focus").await;
    store.add_member(&act, &org.id, &eve, Role::Member).await.expect("added");
    store.change_role(&act, &org.id, &eve, Role::Admin).await.expect("changed");
    store.change_password(&operator, &eve, "other".to_owned()).await.expect("changed");
    let [role, password] = &mails(store).await[..] else { panic!("two mails") };
    assert!(about(store, role).await.is_some() && about(store, password).await.is_some());
    store.disable_user(&operator, &eve).await.expect("disabled");
    assert_eq!((about(store, role).await, about(store, password).await), (None, None));
}

async fn a_link_is_mailed_while_it_works(store: &TestStore) {
    let (eve, nobody) = (store.person("Eve").await, Act::by(Actor::Anonymous));
    store.request_password_reset(&nobody, "eve@example.com").await.expect("asked");
    store.request_password_reset(&nobody, "none@example.com").await.expect("asked");
    let mut mails = mails(store).await;
    mails.sort_by_key(|mail| format!("{mail:?}"));
    let mut open = Vec::new();
    for mail in &mails {
        open.extend(about(store, mail).await);
    }
    let [About::PasswordReset { reset, .. }] = &open[..] else { panic!("one of two has an account: {open:?}") };
    assert_eq!(store.open_password_reset(reset).await.expect("asked").map(|(user, _)| user.id), Some(eve.id));
    store.clock.turn(VALID);
    for mail in &mails {
        assert_eq!(about(store, mail).await, None, "half an hour later");
    }
}

async fn expired_links_are_deleted_a_day_later(store: &TestStore) {
    store.person("Eve").await;
    store.request_password_reset(&Act::by(Actor::Anonymous), "eve@example.com").await.expect("asked");
    store.clock.turn(VALID + Duration::from_secs(24 * 60 * 60));
    assert_eq!(store.delete_password_resets().await.expect("asked"), 0);
    store.clock.turn(Duration::from_secs(1));
    assert_eq!(store.delete_password_resets().await.expect("deleted"), 1);
}
