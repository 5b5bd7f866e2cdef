//! `/sign-in`: wrong passwords, and floods of them.

use sallyport::{audit::Outcome, store::EventFilter};

use super::sign_in;
use crate::portal::{PASSWORD, TestPortal};

crate::on_both_portals!(
    too_many_mistakes_have_to_wait,
    an_attack_does_not_keep_the_owner_out,
    a_mark_is_good_for_its_account_alone,
    a_mark_ends_with_the_password,
    a_list_of_accounts_is_slowed_by_address,
    a_flood_of_strangers_does_not_keep_known_browsers_out,
);

async fn refusals(portal: &TestPortal, status: u16) -> usize {
    let filter = EventFilter { action: "session.refused".to_owned(), ..EventFilter::default() };
    let events = portal.store.system_events(&filter).await.expect("asked").events;
    events.iter().filter(|event| event.outcome == Outcome::Refused(status)).count()
}

async fn too_many_mistakes_have_to_wait(portal: &TestPortal) {
    portal.set_up().await;
    let eve = portal.from("203.0.113.9");
    for _ in 0..5 {
        assert_eq!(sign_in(&eve, "ada@example.com", "wrong horse battery").await.status, 422);
    }
    // A correct guess reveals nothing now, and a new browser does not help.
    for client in [eve.clone(), portal.from("203.0.113.9")] {
        let answer = sign_in(&client, "ada@example.com", PASSWORD).await;
        assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (429, "60"));
        assert!(answer.body.contains("Too many wrong passwords. Try again in 60 seconds."), "{}", answer.body);
        assert!(answer.body.contains("value=\"ada@example.com\""), "what was typed is kept");
        assert!(answer.cookies().is_empty());
    }
    // The same for an account that does not exist.
    for _ in 0..5 {
        assert_eq!(sign_in(&eve, "none@example.com", "wrong horse battery").await.status, 422);
    }
    assert_eq!(sign_in(&eve, "none@example.com", PASSWORD).await.status, 429);
    assert_eq!((refusals(portal, 401).await, refusals(portal, 429).await), (10, 2), "not an event each");

    let elsewhere = sign_in(&portal.from("203.0.113.10"), "ada@example.com", PASSWORD).await;
    assert_eq!(elsewhere.status, 303);
    portal.wait(60);
    assert_eq!(sign_in(&eve, "ada@example.com", PASSWORD).await.status, 303);
    for _ in 0..4 {
        assert_eq!(
            sign_in(&portal.from("203.0.113.9"), "ada@example.com", "wrong").await.status,
            422,
            "all is forgiven"
        );
    }
}

async fn an_attack_does_not_keep_the_owner_out(portal: &TestPortal) {
    portal.set_up().await;
    portal.post("/sign-out", &[]).await;
    for bot in 0..30 {
        let bot = portal.from(&format!("198.51.100.{bot}"));
        assert_eq!(sign_in(&bot, "ada@example.com", "wrong horse battery").await.status, 422);
    }
    assert_eq!(sign_in(&portal.from("192.0.2.1"), "ada@example.com", PASSWORD).await.status, 429);
    // The browser that set the portal up is known.
    for _ in 0..9 {
        assert_eq!(sign_in(portal, "ada@example.com", "wrong horse battery").await.status, 422);
    }
    assert_eq!(sign_in(portal, "ada@example.com", PASSWORD).await.status, 303);
    assert_eq!(portal.get("/orgs/new").await.status, 200);
}

async fn a_mark_ends_with_the_password(portal: &TestPortal) {
    portal.set_up().await;
    let mark = portal.cookie("sallyport-device").expect("a mark");
    let change =
        [("do", "password"), ("current_password", PASSWORD), ("new_password", "another horse, another staple")];
    assert_eq!(portal.post("/account", &change).await.status, 303);
    let browser = portal.from("203.0.113.7");
    browser.set_cookie("sallyport-device", &mark);
    for _ in 0..5 {
        assert_eq!(sign_in(&browser, "ada@example.com", "wrong horse battery").await.status, 422);
    }
    assert_eq!(sign_in(&browser, "ada@example.com", "wrong horse battery").await.status, 429, "a stranger");
}

async fn a_mark_is_good_for_its_account_alone(portal: &TestPortal) {
    portal.set_up().await;
    let eve = portal.stranger().await;
    let mark = eve.cookie("sallyport-device").expect("a mark");
    let mut forged = mark.clone().into_bytes();
    forged[4] ^= 1;
    for (n, mark) in [mark, String::from_utf8(forged).expect("text"), "junk".to_owned()].into_iter().enumerate() {
        let browser = portal.from(&format!("203.0.113.{n}"));
        browser.set_cookie("sallyport-device", &mark);
        for _ in 0..5 {
            assert_eq!(sign_in(&browser, "ada@example.com", "wrong horse battery").await.status, 422);
        }
        assert_eq!(
            sign_in(&browser, "ada@example.com", "wrong horse battery").await.status,
            429,
            "a stranger, mark {n}"
        );
    }
}

async fn a_list_of_accounts_is_slowed_by_address(portal: &TestPortal) {
    portal.set_up().await;
    for n in 0..20 {
        let bot = portal.from(&format!("2001:db8::{n:x}"));
        assert_eq!(sign_in(&bot, &format!("{n}@example.com"), "wrong horse battery").await.status, 422);
    }
    let bot = portal.from("2001:db8::ffff");
    assert_eq!(sign_in(&bot, "ada@example.com", PASSWORD).await.status, 429);
    assert_eq!(sign_in(&portal.from("2001:db8:0:1::1"), "ada@example.com", PASSWORD).await.status, 303);
}

/// Each from a different address and for a different account: only the queue for hashing limits them.
async fn a_flood_of_strangers_does_not_keep_known_browsers_out(portal: &TestPortal) {
    portal.set_up().await;
    portal.post("/sign-out", &[]).await;
    let strangers: Vec<_> = (0..100)
        .map(|n| {
            let bot = portal.from(&format!("198.51.{}.{}", n / 50, n % 50));
            tokio::spawn(async move { sign_in(&bot, &format!("{n}@example.com"), "wrong horse battery").await.body })
        })
        .collect();
    // All of them were started before this one.
    for _ in 0..5 {
        tokio::task::yield_now().await;
        assert_eq!(sign_in(portal, "ada@example.com", PASSWORD).await.status, 303);
        let change =
            [("do", "password"), ("current_password", "not this one"), ("new_password", "walls have small doors")];
        let answer = portal.post("/account", &change).await.body;
        assert!(answer.contains("This is not your password"), "who is signed in is asked too: {answer}");
        portal.post("/sign-out", &[]).await;
    }
    let mut turned_away = 0;
    for stranger in strangers {
        turned_away += usize::from(stranger.await.expect("no panic").contains("Many people are signing in right now"));
    }
    assert!((1..100).contains(&turned_away), "{turned_away} of 100 strangers were turned away");
}
