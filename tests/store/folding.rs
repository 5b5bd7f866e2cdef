//! Names and labels in any case and composition match on both databases.

use std::time::Duration;

use sallyport::{
    key::EditedKey,
    place::{Naming, Place},
    store::{KeyFilter, KeySort},
    testing::TestStore,
};
use sqlx::{AssertSqlSafe, Row};

use crate::opening::raw;

sallyport::on_both_databases!(
    labels_are_found_in_any_case,
    labels_are_sorted_without_regard_to_case,
    what_is_renamed_is_found_by_its_new_name,
    names_from_before_are_folded_at_the_next_start,
);

const NAMED: [(&str, &str); 6] = [
    ("users", "name_folded"),
    ("orgs", "name_folded"),
    ("tenants", "name_folded"),
    ("projects", "name_folded"),
    ("apps", "name_folded"),
    ("keys", "label_folded"),
];

async fn unfolded(store: &TestStore) -> Vec<(&'static str, i64)> {
    let pool = raw(store.location()).await;
    let mut found = Vec::new();
    for (table, column) in NAMED {
        let sql = format!("SELECT COUNT(*) AS n FROM {table} WHERE {column} IS NULL");
        let n = sqlx::query(AssertSqlSafe(sql)).fetch_one(&pool).await.expect("counted").get::<i64, _>("n");
        if n > 0 {
            found.push((table, n));
        }
    }
    pool.close().await;
    found
}

async fn labelled(store: &TestStore, org: &sallyport::org::Org, label: &str) -> Vec<String> {
    let filter = KeyFilter { label: label.to_owned(), sort: KeySort::Label, ..KeyFilter::default() };
    let page = store.keys(&org.id, None, &filter).await.expect("asked");
    page.keys.into_iter().map(|key| key.label).collect()
}

async fn labels_are_found_in_any_case(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    for label in ["Ночной экспорт", "Café", "cafe\u{301} two", "Straße", "100% Ingest"] {
        store.key(&act, &app, label).await;
    }
    for (words, expected) in [
        ("НОЧНОЙ", &["Ночной экспорт"][..]),
        ("CAFÉ", &["Café", "cafe\u{301} two"]),
        ("cafe\u{301}", &["Café", "cafe\u{301} two"]),
        ("STRASSE", &["Straße"]),
        ("0% iNG", &["100% Ingest"]),
        ("cafe", &[]),
    ] {
        assert_eq!(labelled(store, &org, words).await, expected, "{words}");
    }
    assert_eq!(unfolded(store).await, [], "each verb that names writes both");
}

async fn labels_are_sorted_without_regard_to_case(store: &TestStore) {
    let act = store.act(&store.person("Ada").await);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    for label in ["вечер", "Альфа", "БЕТА", "alpha", "BETA", "Gamma"] {
        store.key(&act, &app, label).await;
        store.clock.turn(Duration::from_secs(1));
    }
    let mut filter = KeyFilter { sort: KeySort::Label, limit: Some(2), ..KeyFilter::default() };
    let mut all = Vec::new();
    loop {
        let page = store.keys(&org.id, None, &filter).await.expect("asked");
        assert_eq!(page.total, 6, "of the whole list");
        all.extend(page.keys.into_iter().map(|key| key.label));
        let Some(older) = page.older else { break };
        assert!(filter.is_cursor(&older));
        filter.before = Some(older);
    }
    assert_eq!(all, ["alpha", "BETA", "Gamma", "Альфа", "БЕТА", "вечер"]);
}

async fn what_is_renamed_is_found_by_its_new_name(store: &TestStore) {
    let ada = store.person("Ada").await;
    let act = store.act(&ada);
    let org = store.org(&act, "Focus").await;
    let app = store.app(&act, &org, "Focus and calm").await;
    let key = store.key(&act, &app, "Before").await.key;
    store.edit_key(&act, &key, EditedKey::check("ПОСЛЕ", "{}").expect("checked")).await.expect("edited");
    let tenant = store.tenants(&org.id).await.expect("asked").remove(0);
    let (project, _) = store
        .projects(&org.id, &sallyport::store::Sight::ALL, &sallyport::store::Sight::ALL)
        .await
        .expect("asked")
        .remove(0);
    for place in [Place::from(&org), Place::from(&tenant), Place::from(&project), Place::from(&app)] {
        let new = Naming::check(place.kind, "ΝΈΟ", "").expect("checked");
        store.edit_place(&act, &place, new).await.expect("edited");
    }
    assert_eq!(labelled(store, &org, "после").await, ["ПОСЛЕ"]);
    assert_eq!(labelled(store, &org, "before").await, [""; 0]);
    assert_eq!(store.search(&[0; 32], &ada.id, None, "νέο").await.expect("asked").len(), 4);
    assert_eq!(store.search(&[0; 32], &ada.id, None, "focus and").await.expect("asked"), []);
}

async fn names_from_before_are_folded_at_the_next_start(store: &TestStore) {
    let ada = store.person("Ada").await;
    let act = store.act(&ada);
    let org = store.org(&act, "Фокус").await;
    let app = store.app(&act, &org, "Покой").await;
    for n in 0..3 {
        store.key(&act, &app, &format!("Экспорт {n}")).await;
    }
    // A database of an earlier version; one row was done when the program was interrupted.
    let pool = raw(store.location()).await;
    for (table, column) in NAMED {
        let but = if table == "keys" { "WHERE label <> 'Экспорт 1'" } else { "" };
        let sql = format!("UPDATE {table} SET {column} = NULL {but}");
        sqlx::query(AssertSqlSafe(sql)).execute(&pool).await.expect("as before");
    }
    pool.close().await;
    assert_eq!(unfolded(store).await.len(), 6);
    let again = store.reopened().await;
    assert_eq!(unfolded(store).await, []);
    assert_eq!(labelled(store, &org, "ЭКСПОРТ").await, ["Экспорт 0", "Экспорт 1", "Экспорт 2"]);
    assert_eq!(
        again.search(&[0; 32], &ada.id, None, "ПОКОЙ").await.expect("asked").len(),
        2,
        "the app and its project"
    );
    again.close().await;
}
