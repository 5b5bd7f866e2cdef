use sallyport::{
    Error,
    audit::{Act, Actor},
    testing::TestStore,
    user::NewUser,
};

sallyport::on_both_databases!(one_person_one_address, only_one_first_user);

fn new(email: &str) -> NewUser {
    NewUser::check("Ada Byron", email, "correct horse battery").expect("checked")
}

async fn one_person_one_address(store: &TestStore) {
    let act = Act::by(Actor::CommandLine);
    store.create_user(&act, new("ada@example.com"), "hash".to_owned(), false).await.expect("made");
    let again = store.create_user(&act, new("Ada@Example.com"), "hash".to_owned(), false).await;
    assert!(matches!(again, Err(Error::Invalid(invalid)) if invalid.0[0].field == "email"));
    let (user, hash) = store.user_to_sign_in("ada@example.com").await.expect("asked").expect("known");
    assert_eq!((user.name.as_str(), hash.as_str()), ("Ada Byron", "hash"));
}

async fn only_one_first_user(store: &TestStore) {
    assert!(store.is_empty().await.expect("asked"));
    let setups = (0..8).map(|n| {
        let store = store.store.clone();
        tokio::spawn(async move {
            let new = new(&format!("ada{n}@example.com"));
            store.create_first_user(&Act::by(Actor::Anonymous), new, "hash".to_owned()).await.is_ok()
        })
    });
    let mut made = 0;
    for setup in setups.collect::<Vec<_>>() {
        made += usize::from(setup.await.expect("no panic"));
    }
    assert_eq!(made, 1);
    assert!(!store.is_empty().await.expect("asked"));
}
