//! Rate limits of keys, and of unknown keys.

use std::{sync::Arc, time::Duration};

use sallyport::{
    audit::{Act, Actor},
    base62,
    id::AppId,
    key::LimitOverride,
    profile::Profile,
    store::Reader,
    testing::TestStore,
};
use serde_json::json;

use crate::{
    client::{Answer, Client},
    portal::TestPortal,
};

crate::on_both_portals!(
    a_burst_passes_and_the_next_one_waits_as_announced,
    a_backend_gets_the_same,
    nginx_gets_its_own_format_and_is_charged_once,
    what_is_refused_is_not_charged,
    as_many_pass_as_may_however_many_ask_at_once,
    a_plan_without_limits_announces_none,
    a_restart_does_not_refill_a_day,
    unknown_keys_are_slowed_by_address,
    a_client_is_slowed_and_not_the_backend_that_asks_for_it,
    unknown_keys_do_not_block_valid_ones_after_a_restart,
    a_cost_above_the_limit_has_its_own_error,
    a_day_is_full_again_at_midnight,
    an_unknown_key_is_looked_up_once,
);

/// Sets limits of an app.
async fn limit(portal: &TestPortal, app: &AppId, per_minute: Option<u32>, per_day: Option<u32>) {
    let (ada, _) = portal.store.user_to_sign_in("ada@example.com").await.expect("asked").expect("there");
    let app = portal.store.find(&ada.id, app).await.expect("asked").expect("there");
    let new = LimitOverride { per_minute, per_day };
    portal.store.limit_app(&Act::by(Actor::CommandLine), &app, new).await.expect("limited");
}

/// Advances the time, and polls like the worker.
async fn wait(portal: &TestPortal, seconds: u64) {
    portal.wait(seconds);
    portal.state.verifier.poll().await.expect("polled");
}

async fn ask(client: &Client, secret: &str) -> Answer {
    client.auth("", &[("x-api-key", secret)]).await
}

/// An unknown key with a valid checksum.
fn unknown(number: u32) -> String {
    shaped(&format!("sk_live_{number:030}"))
}

/// An unknown root token with a valid checksum.
fn unknown_token(number: u32) -> String {
    shaped(&format!("sp_root_{number:030}"))
}

fn shaped(text: &str) -> String {
    let checksum = base62::six_digits(crc32fast::hash(text.as_bytes()));
    format!("{text}{}", std::str::from_utf8(&checksum).expect("ASCII"))
}

async fn a_burst_passes_and_the_next_one_waits_as_announced(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (_, secret) = portal.key(&app).await;
    limit(portal, &app, Some(7), None).await;
    for left in (0..7).rev() {
        let answer = ask(portal, &secret).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("ratelimit-policy"), "\"minute\";q=7;w=60");
        assert!(answer.header("ratelimit").starts_with(&format!("\"minute\";r={left};t=")), "{answer:?}");
        assert_eq!(answer.header("x-ratelimit-limit"), "7");
        assert_eq!(answer.header("x-ratelimit-remaining"), left.to_string());
        assert_eq!(answer.header("retry-after"), "");
    }
    let refused = ask(portal, &secret).await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.header("content-type"), "application/problem+json");
    assert_eq!(refused.json()["code"], "rate_limited");
    // A seventh of a minute is 8.57 s; the whole limit is available again a minute after 06:00:00.
    assert_eq!((refused.header("retry-after"), refused.header("ratelimit")), ("9", "\"minute\";r=0;t=9"));
    assert_eq!(refused.header("x-ratelimit-reset"), "1795327260");
    wait(portal, 8).await;
    assert_eq!(ask(portal, &secret).await.header("retry-after"), "1");
    wait(portal, 1).await;
    assert_eq!(ask(portal, &secret).await.status, 200);
    assert_eq!(ask(portal, &secret).await.status, 429);
    // Neither an edit of the key nor a full cache resets the limit.
    limit(portal, &app, Some(14), None).await;
    assert_eq!(ask(portal, &secret).await.status, 429);
    wait(portal, 60).await;
    assert_eq!(ask(portal, &secret).await.header("x-ratelimit-remaining"), "13");
}

async fn a_backend_gets_the_same(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (_, secret) = portal.key(&app).await;
    limit(portal, &app, Some(10), None).await;
    let token = portal.root_token().await;
    let ask = |cost: u64| {
        let body = json!({ "key": secret, "cost": cost });
        let token = token.clone();
        async move { portal.json("/v1/keys/verify", &token, &body).await }
    };
    let passed = ask(4).await.json();
    let told = json!({ "limit": 10, "remaining": 6, "reset": 1_795_327_224 });
    assert_eq!((&passed["valid"], &passed["rate_limit"]), (&json!(true), &told));
    let answer = ask(7).await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (200, ""), "the question could be asked");
    let refused = answer.json();
    assert_eq!((&refused["valid"], &refused["code"]), (&json!(false), &json!("rate_limited")));
    assert_eq!((&refused["status"], &refused["retry_after"]), (&json!(429), &json!(6)));
    assert_eq!((&refused["rate_limit"], &refused["error"]["status"]), (&told, &json!(429)));
    wait(portal, 6).await;
    assert_eq!(ask(7).await.json()["rate_limit"]["remaining"], 0);
    // A cost above the limit can never pass.
    let never = ask(11).await.json();
    assert_eq!((&never["code"], never.get("retry_after")), (&json!("rate_limited"), None));
    assert_eq!(ask(0).await.status, 422);
}

async fn nginx_gets_its_own_format_and_is_charged_once(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (_, secret) = portal.key(&app).await;
    limit(portal, &app, Some(2), None).await;
    let ask = || async { portal.auth("?gateway=nginx", &[("x-api-key", &secret)]).await };
    assert_eq!(ask().await.header("x-ratelimit-remaining"), "1");
    assert_eq!(ask().await.header("x-ratelimit-remaining"), "0");
    let refused = ask().await;
    assert_eq!((refused.status.as_u16(), refused.header("x-auth-status")), (403, "429"));
    assert_eq!((refused.header("retry-after"), refused.header("x-ratelimit-limit")), ("30", "2"));
}

async fn what_is_refused_is_not_charged(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (_, secret) = portal.key(&app).await;
    limit(portal, &app, Some(1), Some(1)).await;
    for query in ["?scope=write", "?mode=test", "?app_id=app_other_000000", "?ingestion=1"] {
        let refused = portal.auth(query, &[("x-api-key", &secret)]).await;
        assert_eq!((refused.status.as_u16(), refused.header("ratelimit")), (403, ""), "{query}");
    }
    assert_eq!(ask(portal, &secret).await.status, 200);
    let refused = ask(portal, &secret).await;
    assert_eq!(refused.header("ratelimit-policy"), "\"minute\";q=1;w=60, \"day\";q=1;w=86400");
    assert_eq!(refused.header("retry-after"), (18 * 3_600).to_string(), "midnight, and not the minute");
}

async fn as_many_pass_as_may_however_many_ask_at_once(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (_, secret) = portal.key(&app).await;
    limit(portal, &app, Some(1_000), Some(20)).await;
    let asked: Vec<_> = (0..60)
        .map(|_| {
            let (client, secret) = (portal.client.clone(), secret.clone());
            tokio::spawn(async move { ask(&client, &secret).await.status.as_u16() })
        })
        .collect();
    let mut passed = 0;
    for answer in asked {
        passed += u32::from(answer.await.expect("no panic") == 200);
    }
    assert_eq!(passed, 20);
}

async fn a_plan_without_limits_announces_none(portal: &TestPortal) {
    portal.set_up().await;
    let fields = [("name", "Large"), ("description", ""), ("plan", "enterprise"), ("tenant", "Development")];
    let made = portal.post("/orgs/new", &fields).await;
    let org = made.location().rsplit('/').next().expect("an id");
    let app = portal.app_in(org, "App").await;
    let (_, secret) = portal.key(&app).await;
    let passed = ask(portal, &secret).await;
    assert_eq!((passed.status.as_u16(), passed.header("ratelimit"), passed.header("x-ratelimit-limit")), (200, "", ""));
    let token = portal.root_token().await;
    let told = portal.json("/v1/keys/verify", &token, &json!({ "key": secret })).await.json();
    assert_eq!((&told["valid"], &told["rate_limit"]), (&json!(true), &json!(null)));
}

async fn a_restart_does_not_refill_a_day(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (_, secret) = portal.key(&app).await;
    limit(portal, &app, None, Some(5)).await;
    for left in ["4", "3"] {
        assert_eq!(ask(portal, &secret).await.header("x-ratelimit-remaining"), left);
    }
    // What the worker does every two seconds.
    portal.state.verifier.flush().await.expect("written");
    let after = TestPortal::new(portal.store.restarted().await).await;
    for left in ["2", "1", "0"] {
        assert_eq!(ask(&after, &secret).await.header("x-ratelimit-remaining"), left);
    }
    let refused = ask(&after, &secret).await;
    assert_eq!((refused.status.as_u16(), refused.header("ratelimit")), (429, "\"day\";r=0;t=64800"));
    after.state.verifier.flush().await.expect("written");
    let again = TestPortal::new(after.store.restarted().await).await;
    assert_eq!(ask(&again, &secret).await.status, 429);
    again.store.clock.turn(Duration::from_secs(64_800));
    assert_eq!(ask(&again, &secret).await.header("x-ratelimit-remaining"), "4", "the next day");
    again.end().await;
    after.end().await;
}

async fn unknown_keys_are_slowed_by_address(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (_, secret) = portal.key(&app).await;
    let gateway = portal.from("203.0.113.9");
    assert_eq!(ask(&gateway, &secret).await.status, 200, "warm");
    let mut statuses = Vec::new();
    for number in 0..70 {
        statuses.push(ask(&gateway, &unknown(number)).await.status.as_u16());
    }
    assert_eq!((statuses[..60].to_vec(), statuses[60..].to_vec()), (vec![401; 60], vec![429; 10]));
    let refused = ask(&gateway, &unknown(70)).await;
    assert_eq!((refused.header("retry-after"), refused.header("ratelimit")), ("1", ""), "there is no key to tell of");
    assert_eq!(refused.json()["code"], "rate_limited");
    assert_eq!(ask(&gateway, "sk_live_junk").await.status, 401, "what is not shaped as a key is not looked up");
    // Valid keys behind the same gateway pass: those in memory, and those that were evicted.
    assert_eq!(ask(&gateway, &secret).await.status, 200);
    limit(portal, &app, Some(1_000), None).await;
    assert_eq!(ask(&gateway, &secret).await.status, 200);
    assert_eq!(ask(&portal.from("203.0.113.10"), &unknown(0)).await.status, 401, "its neighbour is another");
    wait(portal, 1).await;
    assert_eq!(ask(&gateway, &unknown(71)).await.status, 401);
    assert_eq!(ask(&gateway, &unknown(72)).await.status, 429);
}

async fn a_client_is_slowed_and_not_the_backend_that_asks_for_it(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (_, secret) = portal.key(&app).await;
    let token = portal.root_token().await;
    let ask = |key: String, ip: &'static str| {
        let token = token.clone();
        async move { portal.json("/v1/keys/verify", &token, &json!({ "key": key, "ip": ip })).await.json() }
    };
    let mut codes = Vec::new();
    for number in 0..62 {
        codes.push(ask(unknown(number), "203.0.113.9").await["code"].clone());
    }
    assert_eq!((&codes[59], &codes[60]), (&json!("not_found"), &json!("rate_limited")));
    let refused = ask(unknown(70), "203.0.113.9").await;
    assert_eq!((&refused["status"], &refused["retry_after"]), (&json!(429), &json!(1)));
    assert_eq!(refused.get("rate_limit"), None);
    assert_eq!(ask(unknown(70), "203.0.113.10").await["code"], "not_found");
    assert_eq!(ask(secret, "203.0.113.10").await["valid"], true, "though it was never asked for before");
}

async fn a_cost_above_the_limit_has_its_own_error(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (_, secret) = portal.key(&app).await;
    let token = portal.root_token().await;
    limit(portal, &app, Some(7), Some(20)).await;
    let ask =
        async |cost: u32| portal.json("/v1/keys/verify", &token, &json!({ "key": secret, "cost": cost })).await.json();
    for cost in [8, 21, u32::MAX] {
        let refused = ask(cost).await;
        assert_eq!((&refused["code"], &refused["status"]), (&json!("rate_limited"), &json!(429)), "{cost}");
        assert_eq!(refused.get("retry_after"), None, "{cost}");
        let detail = refused["error"]["detail"].as_str().expect("a sentence");
        assert!(detail.contains("it can never pass") && !detail.contains("Retry-After"), "{detail}");
    }
    assert_eq!(ask(7).await["valid"], true, "and nothing was charged for it");
    let refused = ask(7).await;
    assert_eq!(refused["retry_after"], 60);
    assert!(refused["error"]["detail"].as_str().is_some_and(|detail| detail.contains("Wait")), "{refused}");
}

async fn a_day_is_full_again_at_midnight(portal: &TestPortal) {
    const MIDNIGHT: u64 = 1_795_392_000;
    portal.set_up().await;
    let app = portal.app().await;
    let (_, secret) = portal.key(&app).await;
    let token = portal.root_token().await;
    limit(portal, &app, None, Some(2)).await;
    portal.store.clock.turn(Duration::from_micros(333_333));
    let told = portal.json("/v1/keys/verify", &token, &json!({ "key": secret })).await.json();
    assert_eq!(told["rate_limit"], json!({ "limit": 2, "remaining": 1, "reset": MIDNIGHT }));
    for _ in 0..2 {
        portal.store.clock.turn(Duration::from_micros(1));
        assert_eq!(ask(portal, &secret).await.header("x-ratelimit-reset"), MIDNIGHT.to_string());
    }
}

async fn unknown_keys_do_not_block_valid_ones_after_a_restart(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (_, secret) = portal.key(&app).await;
    let token = portal.root_token().await;
    let after = TestPortal::new(portal.store.restarted().await).await;
    let verify = async |client: &Client, token: &str| {
        client.json("/v1/keys/verify", token, &json!({ "key": "junk" })).await.status.as_u16()
    };
    // At the full rate, from many addresses.
    for number in 0..1_100_u32 {
        let from = after.from(&format!("198.51.{}.{}", number / 250, number % 250));
        assert_eq!(ask(&from, &unknown(number)).await.status, if number < 1_000 { 401 } else { 429 }, "{number}");
        let status = verify(&from, &unknown_token(number)).await;
        assert_eq!(status, if number < 1_000 { 401 } else { 429 }, "{number}");
    }
    let gateway = after.from("203.0.113.9");
    assert_eq!(ask(&gateway, &unknown(5_000)).await.status, 429);
    assert_eq!(ask(&gateway, &secret).await.status, 200, "a good key, asked for the first time");
    assert_eq!(verify(&gateway, &token).await, 200, "a root token too");
    let app = after.store.find(Reader::All, &app).await.expect("asked").expect("there");
    let new = after.store.key(&Act::by(Actor::CommandLine), &app, "new").await;
    assert_eq!(ask(&gateway, new.secret.expose()).await.status, 200, "a key that is made meanwhile");
    after.end().await;
}

async fn an_unknown_key_is_looked_up_once(portal: &TestPortal) {
    let act = Act::by(Actor::CommandLine);
    let (revoked, secret) = portal.store.create_token(&act, "old", false, None).await.expect("made");
    portal.store.revoke_token(&act, &revoked.id).await.expect("revoked");
    let gateway = portal.from("203.0.113.9");
    let verify =
        async |token: &str| gateway.json("/v1/keys/verify", token, &json!({ "key": "junk" })).await.status.as_u16();
    for _ in 0..500 {
        assert_eq!(verify(secret.expose()).await, 401);
        assert_eq!(ask(&gateway, &unknown(1)).await.status, 401);
    }
    let (_, new) = portal.store.create_token(&act, "new", false, None).await.expect("made");
    assert_eq!(verify(new.expose()).await, 200);
    // Although the address has used its limit, new keys of the command line are found.
    for number in 0..70 {
        verify(&unknown_token(number)).await;
    }
    assert_eq!(verify(&unknown_token(100)).await, 429);
    let shell = portal.store.reopened().await;
    let (_, newest) = shell.create_token(&act, "newest", false, None).await.expect("made");
    assert_eq!(verify(newest.expose()).await, 429);
    portal.state.verifier.poll().await.expect("heard");
    assert_eq!(verify(newest.expose()).await, 200);
    shell.close().await;
}

/// SQ-5: requests per minute by scope and plan, and the names of its headers.
#[tokio::test]
async fn a_scope_has_the_limit_of_its_plan_under_the_names_of_the_profile() {
    let standard = include_str!("../../../../examples/profiles/default.toml");
    let (head, _) = standard.split_once("[plans.starter]").expect("plans");
    let plans = [("starter", [120, 60, 30]), ("pro", [600, 300, 150]), ("enterprise", [3_000, 1_500, 750])].map(
        |(plan, [read, write, admin])| {
            format!("[plans.{plan}]\nclasses = {{ read = {read}, write = {write}, admin = {admin} }}\n")
        },
    );
    let headers = "[limits]\nlimit = \"X-RateLimit-Limit\"\nremaining = \"X-RateLimit-Remaining\"\n\
        reset = \"X-RateLimit-Reset\"\nretry_after = \"X-RateLimit-RetryAfter\"\n";
    let profile = Profile::parse(&format!("{head}{}{headers}", plans.concat())).expect("a profile");
    let standard = TestStore::sqlite().await;
    let portal = TestPortal::new(standard.with_profile(Arc::new(profile)).await).await;
    portal.set_up().await;
    for (plan, limits) in [("starter", [120, 60, 30]), ("pro", [600, 300, 150]), ("enterprise", [3_000, 1_500, 750])] {
        let fields = [("name", plan), ("description", ""), ("plan", plan), ("tenant", "Development")];
        let made = portal.post("/orgs/new", &fields).await;
        let app = portal.app_in(made.location().rsplit('/').next().expect("an id"), "App").await;
        for (scope, limit) in ["read", "write", "admin"].into_iter().zip(limits) {
            let secret = portal.generate(&app, scope, &[scope], false).await.secret;
            for left in (0..limit).rev() {
                let passed = ask(&portal, &secret).await;
                assert_eq!(passed.status, 200, "{plan} {scope}");
                assert_eq!(passed.header("x-ratelimit-limit"), limit.to_string());
                assert_eq!(passed.header("x-ratelimit-remaining"), left.to_string());
            }
            let refused = ask(&portal, &secret).await;
            let wait = 60_u32.div_ceil(limit).to_string();
            assert_eq!(refused.status, 429, "{plan} {scope}");
            assert_eq!((refused.header("retry-after"), refused.header("x-ratelimit-retryafter")), (&*wait, &*wait));
            assert_eq!(refused.header("x-ratelimit-reset"), "1795327260");
        }
    }
    portal.end().await;
}
