//! Views of lists of keys that people saved.

use std::sync::Arc;

use sallyport::{
    Error,
    audit::{Act, Actor},
    id::OrgId,
    member::Role,
    place::Place,
    saved_view::{NewView, SavedView},
    store::EventFilter,
    testing::TestStore,
    user::User,
};
use tokio::task::JoinSet;

sallyport::on_both_databases!(
    views_are_of_one_person_and_one_list,
    a_name_is_unique_for_a_person_and_a_list,
    there_are_twenty_at_most,
    others_see_and_delete_nothing,
    views_go_with_the_member_the_app_and_the_organization,
    nothing_is_recorded,
);

fn new(name: &str) -> NewView {
    NewView::check(name, "environment=production&sort=label".to_owned()).expect("checked")
}

async fn views(store: &TestStore, person: &User, place: &Place) -> Vec<SavedView> {
    let app = place.app_id.as_ref();
    store.key_list_frame(&place.org_id, app, &person.id, &sallyport::store::Sight::ALL).await.expect("asked").views
}

async fn names(store: &TestStore, person: &User, place: &Place) -> Vec<String> {
    views(store, person, place).await.into_iter().map(|view| view.name).collect()
}

/// Ada's organization with Eve as a member: the two, and the lists of the organization and of an app.
async fn focus(store: &TestStore) -> (User, User, Place, Place) {
    let (ada, eve) = (store.person("Ada").await, store.person("Eve").await);
    let act = store.act(&ada);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "App").await;
    store.add_member(&act, &org.id, &eve, Role::Developer).await.expect("added");
    (ada, eve, Place::from(&org), Place::from(&app))
}

fn field(refused: Result<SavedView, Error>) -> (&'static str, String) {
    let Err(Error::Invalid(invalid)) = refused else { panic!("{refused:?}") };
    (invalid.0[0].field, invalid.0[0].message.clone())
}

async fn views_are_of_one_person_and_one_list(store: &TestStore) {
    let (ada, eve, org, app) = focus(store).await;
    let act = store.act(&ada);
    for name in ["Unused", "live", "Expiring"] {
        store.save_view(&act, &org, new(name)).await.expect("saved");
    }
    let saved = store.save_view(&act, &app, new("Live")).await.expect("saved");
    assert_eq!(names(store, &ada, &org).await, ["Expiring", "live", "Unused"], "by name, in any case");
    assert_eq!(views(store, &ada, &app).await, std::slice::from_ref(&saved));
    assert_eq!(saved.query, "environment=production&sort=label");
    assert_eq!(views(store, &eve, &org).await, []);
    assert_eq!(views(store, &eve, &app).await, []);
    assert_eq!(store.saved_view(&ada.id, &app, &saved.id).await.expect("asked"), Some(saved.clone()));
    for (person, place) in [(&eve, &app), (&ada, &org)] {
        assert_eq!(store.saved_view(&person.id, place, &saved.id).await.expect("asked"), None);
    }
    store.delete_view(&act, &app, &saved.id).await.expect("deleted");
    store.delete_view(&act, &app, &saved.id).await.expect("twice is once");
    assert_eq!(views(store, &ada, &app).await, []);
    assert_eq!(names(store, &ada, &org).await.len(), 3);
}

async fn a_name_is_unique_for_a_person_and_a_list(store: &TestStore) {
    let (ada, eve, org, app) = focus(store).await;
    let act = store.act(&ada);
    store.save_view(&act, &org, new("Straße")).await.expect("saved");
    let (name, message) = field(store.save_view(&act, &org, new("STRASSE")).await);
    assert_eq!((name, message.as_str()), ("name", "There is a view of this name here already."));
    store.save_view(&act, &app, new("Straße")).await.expect("another list");
    store.save_view(&store.act(&eve), &org, new("Straße")).await.expect("another person");
}

async fn there_are_twenty_at_most(store: &TestStore) {
    let (ada, _, org, app) = focus(store).await;
    let act = Arc::new(store.act(&ada));
    let mut tasks = JoinSet::new();
    for n in 0..NewView::MOST + 4 {
        let (store, act, org) = (store.store.clone(), Arc::clone(&act), org.clone());
        tasks.spawn(async move { store.save_view(&act, &org, new(&format!("View {n}"))).await });
    }
    let done = tasks.join_all().await;
    let (saved, refused): (Vec<_>, Vec<_>) = done.into_iter().partition(Result::is_ok);
    assert_eq!((saved.len(), refused.len()), (NewView::MOST, 4), "however many at once");
    for one in refused {
        let (name, message) = field(one);
        assert_eq!(name, "name");
        assert!(message.starts_with("You have 20 views of this list already"), "{message}");
    }
    store.save_view(&act, &app, new("Another list")).await.expect("saved");
    let first = views(store, &ada, &org).await.remove(0);
    store.delete_view(&act, &org, &first.id).await.expect("deleted");
    store.save_view(&act, &org, new("One more")).await.expect("saved");
}

async fn others_see_and_delete_nothing(store: &TestStore) {
    let (ada, eve, org, app) = focus(store).await;
    let (act, stranger) = (store.act(&ada), store.person("Mallory").await);
    let saved = store.save_view(&act, &app, new("Live")).await.expect("saved");
    store.delete_view(&store.act(&eve), &app, &saved.id).await.expect("no view of hers");
    store.delete_view(&act, &org, &saved.id).await.expect("no view of that list");
    assert_eq!(views(store, &ada, &app).await, std::slice::from_ref(&saved));
    let mallory = store.act(&stranger);
    for place in [&org, &app] {
        assert!(matches!(store.save_view(&mallory, place, new("Mine")).await, Err(Error::NotFound)));
        assert!(matches!(store.delete_view(&mallory, place, &saved.id).await, Err(Error::NotFound)));
    }
    // An app of one organization under the id of another.
    let own = store.org(&mallory, "Other").await;
    let mixed = Place { org_id: own.id, ..app.clone() };
    assert!(matches!(store.save_view(&mallory, &mixed, new("Mine")).await, Err(Error::NotFound)));
    let token = store.create_token(&Act::by(Actor::CommandLine), "Bot", true, None).await.expect("created").0;
    let bot = Act::by(Actor::RootToken { id: token.id, name: token.name });
    assert!(matches!(store.save_view(&bot, &org, new("Mine")).await, Err(Error::Forbidden(_))));
    let tenant = store.tenants(&org.org_id).await.expect("asked").remove(0);
    assert!(matches!(store.save_view(&act, &Place::from(&tenant), new("Mine")).await, Err(Error::NotFound)));
    assert_eq!(views(store, &ada, &app).await, [saved]);
}

async fn views_go_with_the_member_the_app_and_the_organization(store: &TestStore) {
    let (ada, eve, org, app) = focus(store).await;
    let act = store.act(&ada);
    let elsewhere = Place::from(&store.org(&store.act(&eve), "Other").await);
    for (person, place) in [(&ada, &org), (&ada, &app), (&eve, &org), (&eve, &app), (&eve, &elsewhere)] {
        store.save_view(&store.act(person), place, new("Live")).await.expect("saved");
    }
    let id = OrgId::parse(org.id.as_str()).expect("an id");
    store.remove_member(&act, &id, &eve).await.expect("removed");
    store.add_member(&act, &id, &eve, Role::Developer).await.expect("back again");
    assert_eq!(names(store, &eve, &org).await, [""; 0], "a person who left has none of them");
    assert_eq!(names(store, &eve, &app).await, [""; 0]);
    assert_eq!(names(store, &eve, &elsewhere).await, ["Live"]);
    assert_eq!(names(store, &ada, &app).await, ["Live"]);

    store.delete_place(&act, &app).await.expect("deleted");
    assert!(matches!(store.save_view(&act, &app, new("Late")).await, Err(Error::NotFound)));
    assert_eq!(store.dump().await["saved_views"].len(), 2, "of the organizations");
    store.delete_place(&act, &org).await.expect("deleted");
    assert_eq!(store.dump().await["saved_views"].len(), 1, "of the other organization");
}

async fn nothing_is_recorded(store: &TestStore) {
    let (ada, _, org, _) = focus(store).await;
    let act = store.act(&ada);
    let events = async || store.events(&org.org_id, None, &EventFilter::default()).await.expect("asked").events.len();
    let (before, revision) = (events().await, store.revision().await.expect("asked"));
    let saved = store.save_view(&act, &org, new("Live")).await.expect("saved");
    store.delete_view(&act, &org, &saved.id).await.expect("deleted");
    assert_eq!(events().await, before, "it is nobody else's business");
    assert_eq!(store.revision().await.expect("asked"), revision, "no verdict depends on it");
}
