//! How the database finds what the search asks for.

use super::*;
use crate::testing::TestStore;

crate::on_both_databases!(a_part_of_the_keys_is_read_from_an_index, those_who_were_told_are_read_by_id);

/// The steps of a statement, whose parameters are these texts of SQL.
async fn plan(store: &TestStore, sql: &str, parameters: &[&str]) -> Vec<String> {
    let with = |sql: String, (n, value): (usize, &&str)| sql.replace(&format!("${}", n + 1), value);
    let sql = parameters.iter().enumerate().rev().fold(sql.to_owned(), with);
    let mut tx = store.begin(&Act::by(Actor::Sallyport)).await.expect("begun");
    let (explain, column) = if tx.is_on_postgres() {
        // Few rows are read faster without an index.
        sqlx::query("SET LOCAL enable_seqscan = off").execute(tx.on()).await.expect("set");
        ("EXPLAIN", "QUERY PLAN")
    } else {
        ("EXPLAIN QUERY PLAN", "detail")
    };
    let rows = sqlx::query(sqlx::AssertSqlSafe(format!("{explain} {sql}"))).fetch_all(tx.on()).await.expect("a plan");
    rows.iter().map(|row| row.text(column).expect("text")).collect()
}

const PLACES: [&str; 7] = ["1795327200000000", "'org_a'", "1", "'key_a'", "'org_b'", "2", "'key_b'"];

fn reads(plan: &[String], index: &str) -> bool {
    plan.iter().any(|step| step.contains(index))
}

async fn a_part_of_the_keys_is_read_from_an_index(store: &TestStore) {
    let place = || Place { org: "org_a".to_owned(), created_at: 1, key: "key_a".to_owned() };
    for to in [None, Some(place())] {
        let parameters = if to.is_some() { &PLACES[..] } else { &PLACES[..4] };
        let sql = store.pauses_sql(Some(&Part { after: place(), to }));
        let plan = plan(store, &sql, parameters).await;
        // Both are in the order of the search.
        assert!(reads(&plan, "keys_kept_of_org") || reads(&plan, "keys_of_org"), "{plan:#?}");
        assert!(!plan.iter().any(|step| step.starts_with("SCAN k ")), "{plan:#?}");
        assert!(!plan.iter().any(|step| step.contains("Seq Scan on keys")), "{plan:#?}");
        let by_id = |step: &String| step.contains("key_uses") || step.contains("SEARCH u USING");
        assert!(plan.iter().any(by_id) && !plan.iter().any(|step| step.contains("Seq Scan on key_uses")), "{plan:#?}");
    }
}

async fn those_who_were_told_are_read_by_id(store: &TestStore) {
    let plan = plan(store, &store.pauses_sql(None), &PLACES[..1]).await;
    assert!(reads(&plan, "key_notices_pausing"), "{plan:#?}");
    assert!(!plan.iter().any(|step| step.starts_with("SCAN k ") || step.contains("Seq Scan on keys")), "{plan:#?}");
}
