//! The addresses from which a key may be used, at `/v1/keys/verify` and at `/v1/auth`.

use serde_json::json;

use crate::portal::TestPortal;

crate::on_both_portals!(
    enforced_addresses_hold_for_the_clients_own,
    a_backend_says_where_the_client_is,
    monitored_addresses_refuse_no_request,
    lifting_it_is_immediate,
);

const BLOCKS: &str = "203.0.113.0/24\n2001:db8::/32";

async fn restrict(portal: &TestPortal, key: &str, addresses: &str, mode: &str) {
    let fields = [("addresses", addresses), ("address_mode", mode)];
    let answer = portal.post(&format!("/keys/{key}/restrictions"), &fields).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
}

async fn enforced_addresses_hold_for_the_clients_own(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, secret) = portal.key(&app).await;
    restrict(portal, &key, BLOCKS, "enforce").await;
    let through = |forwarded: &'static str| {
        let headers = [("x-api-key", secret.clone()), ("x-forwarded-for", forwarded.to_owned())];
        async move {
            let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
            portal.auth("", &headers).await.status.as_u16()
        }
    };
    // The trusted proxy reports the client's address.
    for inside in
        ["203.0.113.9", "::ffff:203.0.113.9", "2001:db8:7::1", "198.51.100.7, 203.0.113.9", "203.0.113.9:4711"]
    {
        assert_eq!(through(inside).await, 200, "{inside}");
    }
    for outside in ["198.51.100.7", "2001:db9::1", "203.0.113.9, 198.51.100.7"] {
        assert_eq!(through(outside).await, 403, "{outside}");
    }
    assert_eq!(portal.auth("", &[("x-api-key", &secret)]).await.status, 403, "the proxy itself is not the client");
    // Others are not trusted.
    let elsewhere = portal.from("198.51.100.7");
    let claimed = [("x-api-key", secret.as_str()), ("x-forwarded-for", "203.0.113.9"), ("x-real-ip", "203.0.113.9")];
    let refused = elsewhere.auth("", &claimed).await;
    assert_eq!(refused.status, 403);
    assert!(refused.body.contains("may not be used from this address"), "{}", refused.body);
    for inside in ["203.0.113.9", "::ffff:203.0.113.9", "2001:db8::9"] {
        assert_eq!(portal.from(inside).auth("", &[("x-api-key", &secret)]).await.status, 200, "{inside}");
    }
}

async fn a_backend_says_where_the_client_is(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, secret) = portal.key(&app).await;
    let token = portal.root_token().await;
    restrict(portal, &key, BLOCKS, "enforce").await;
    for (ip, code) in [
        (Some("203.0.113.9"), "valid"),
        (Some("::ffff:203.0.113.9"), "valid"),
        (Some("2001:db8::1"), "valid"),
        (Some("203.0.114.1"), "ip_denied"),
        (Some("::ffff:203.0.114.1"), "ip_denied"),
        (Some("127.0.0.1"), "ip_denied"),
        // Unknown address: refused.
        (None, "ip_denied"),
    ] {
        let verdict = portal.json("/v1/keys/verify", &token, &json!({ "key": secret, "ip": ip })).await.json();
        assert_eq!(verdict["code"], code, "{ip:?}");
        assert_eq!(verdict["status"], if code == "valid" { 200 } else { 403 });
    }
    for ip in ["203.0.113", "203.0.113.9/24", "localhost", "", "fe80::1%eth0", "203.0.113.9:80"] {
        let answer = portal.json("/v1/keys/verify", &token, &json!({ "key": secret, "ip": ip })).await;
        assert_eq!(answer.status, 422, "{ip}");
    }
    portal.state.verifier.flush().await.expect("written");
    let activity = portal.get(&format!("/apps/{app}/activity")).await.body;
    assert!(activity.contains("its address may not use the key (203.0.114.1), 4 times"), "{activity}");
}

async fn monitored_addresses_refuse_no_request(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, secret) = portal.key(&app).await;
    restrict(portal, &key, BLOCKS, "monitor").await;
    let elsewhere = portal.from("198.51.100.7");
    for _ in 0..50 {
        assert_eq!(elsewhere.auth("", &[("x-api-key", &secret)]).await.status, 200);
    }
    assert_eq!(portal.from("203.0.113.9").auth("", &[("x-api-key", &secret)]).await.status, 200);
    // A request that is refused for another reason gets that one.
    assert_eq!(elsewhere.auth("?scope=write", &[("x-api-key", &secret)]).await.status, 403);
    portal.state.verifier.flush().await.expect("written");
    for _ in 0..50 {
        elsewhere.auth("", &[("x-api-key", &secret)]).await;
    }
    portal.state.verifier.flush().await.expect("written");
    let activity = portal.get(&format!("/apps/{app}/activity")).await.body;
    assert_eq!(
        activity.matches("Request would be refused").count(),
        2,
        "the row, and the filter: a flood fills no log"
    );
    assert!(activity.contains("its address may not use the key (198.51.100.7), 50 times"), "{activity}");
    assert!(activity.contains("the key lacks a scope"));
}

async fn lifting_it_is_immediate(portal: &TestPortal) {
    portal.set_up().await;
    let app = portal.app().await;
    let (key, secret) = portal.key(&app).await;
    let headers = [("x-api-key", secret.as_str())];
    for (addresses, mode, status) in
        [(BLOCKS, "enforce", 403), (BLOCKS, "monitor", 200), ("127.0.0.1", "enforce", 200), ("", "enforce", 200)]
    {
        restrict(portal, &key, addresses, mode).await;
        assert_eq!(portal.auth("", &headers).await.status, status, "{addresses} {mode}");
    }
}
