//! An invitation arrives, and its link is accepted.

use super::super::Postman;
use crate::{
    portal::TestPortal,
    smtp::{Setup, Smtp},
};

crate::on_both_portals!(an_invitation_is_received_and_accepted);

async fn an_invitation_is_received_and_accepted(portal: &TestPortal) {
    let portal = &portal.with_mail().await;
    let mut smtp = Smtp::start(Setup::default());
    let postman = Postman::start(&portal.store, &smtp);
    portal.set_up().await;
    let org = format!("/orgs/{}", portal.org("Focus & Labs").await);
    let form = [("emails", "grace@example.com"), ("role", "viewer"), ("message", "See <you> there")];
    let sent = portal.post(&format!("{org}/invitations"), &form).await;
    assert_eq!(sent.status, 303, "{}", sent.body);
    let mail = smtp.next().await;
    assert_eq!(mail.to, ["grace@example.com"]);
    assert_eq!(mail.headers["subject"], "Ada Byron invited you to Focus & Labs");
    assert!(mail.text.contains("as Viewer") && mail.text.contains("See <you> there"), "{}", mail.text);
    assert!(mail.html.contains("See &lt;you&gt; there"), "{}", mail.html);
    let link = mail.link("/invitations/");
    assert!(mail.html.contains(&format!("href=\"{link}\"")), "{}", mail.html);
    let path = link.strip_prefix("https://keys.example.com").expect("of this portal");
    let grace = portal.another();
    let done = grace.post(path, &[("name", "Grace Hopper"), ("password", "walls have small doors")]).await;
    assert_eq!((done.status.as_u16(), done.location()), (303, org.as_str()), "{}", done.body);
    assert_eq!(grace.get(&format!("{org}/keys")).await.status, 200);
    assert_eq!(grace.get(&format!("{org}/settings/archive")).await.status, 403);
    postman.end().await;
    assert!(smtp.rest().is_empty(), "one mail");
}
