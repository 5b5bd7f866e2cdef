//! Servers that refuse mail, for now or for good.

use sallyport::{
    audit::{Act, Actor},
    mail::RETRIES,
    user::{NewUser, Password},
};

use super::super::{Postman, until};
use crate::{
    portal::TestPortal,
    smtp::{Setup, Smtp},
};

crate::on_both_portals!(
    what_is_refused_for_now_is_sent_later_and_once,
    what_is_refused_for_good_is_not_tried_again,
    a_server_that_was_down_gets_it_later,
);

/// Tells a person with this address that their password was changed.
async fn tell(portal: &TestPortal, email: &str) {
    let act = Act::by(Actor::CommandLine);
    let new = NewUser { name: "Ada".to_owned(), email: email.to_owned(), password: Password::default() };
    let user = portal.store.create_user(&act, new, "none".to_owned(), false).await.expect("made");
    portal.store.change_password(&act, &user, "other".to_owned()).await.expect("changed");
}

async fn what_is_refused_for_now_is_sent_later_and_once(portal: &TestPortal) {
    let mut smtp = Smtp::start(Setup::default());
    let postman = Postman::start(&portal.store, &smtp);
    tell(portal, "later@example.com").await;
    let row = until(&portal.store, "451 4.7.1 Greylisted, try again later").await;
    assert!(row.contains("outcome: None"), "{row}");
    assert!(smtp.rest().is_empty());
    portal.store.clock.turn(RETRIES.longest);
    let mail = smtp.next().await;
    assert_eq!(mail.to, ["later@example.com"]);
    until(&portal.store, "outcome: Some(\"done\")").await;
    portal.store.clock.turn(RETRIES.longest * 24);
    postman.end().await;
    assert!(smtp.rest().is_empty(), "one mail");
}

async fn what_is_refused_for_good_is_not_tried_again(portal: &TestPortal) {
    let mut smtp = Smtp::start(Setup::default());
    let postman = Postman::start(&portal.store, &smtp);
    tell(portal, "refused@example.com").await;
    let row = until(&portal.store, "outcome: Some(\"failed\")").await;
    assert!(
        row.contains("did not take the mail: 550 5.1.1 No such mailbox here") && row.contains("run_at: None"),
        "{row}"
    );
    postman.end().await;
    assert!(smtp.rest().is_empty());
}

async fn a_server_that_was_down_gets_it_later(portal: &TestPortal) {
    let smtp = Smtp::start(Setup::default());
    let port = smtp.port;
    let postman = Postman::start(&portal.store, &smtp);
    drop(smtp);
    tell(portal, "ada@example.com").await;
    let row = until(&portal.store, "can't be reached").await;
    assert!(row.contains("outcome: None"), "{row}");
    let mut smtp = Smtp::start(Setup { port, ..Setup::default() });
    portal.store.clock.turn(RETRIES.longest);
    assert_eq!(smtp.next().await.to, ["ada@example.com"]);
    postman.end().await;
}
