use std::time::Duration;

use sallyport::{
    Error,
    audit::{Act, Actor},
    identity::Proof,
    invitation::{Invitation, NewInvitations, VALID, id_of},
    link::{self, Purpose},
    mail::{About, Mail, QUEUE},
    member::Role,
    org::Org,
    place::{Place, PlaceKind},
    store::{EventFilter, Reader},
    tenant::NewTenant,
    testing::TestStore,
    user::{NewUser, Password, User},
};

sallyport::on_both_databases!(
    a_link_that_was_handed_over_makes_an_unverified_account,
    a_stranger_joins_once,
    of_two_at_once_one_joins,
    a_person_joins_and_keeps_what_they_have,
    nobody_invites_above_their_own_role,
    the_role_of_the_inviter_is_checked_again,
    what_was_sent_again_revoked_or_expired_opens_nothing,
    members_and_invited_people_are_not_invited_again,
    what_a_token_sends_ends_with_it,
    a_removed_member_has_no_way_back,
    a_suspended_organization_invites_nobody,
    an_organization_has_so_many_open_at_most,
    they_go_with_their_place_and_with_time,
);

fn to(email: &str, role: Role) -> NewInvitations {
    NewInvitations { emails: vec![email.to_owned()], role, message: String::new(), handed_over: false }
}

async fn invited(store: &TestStore, by: &User, org: &Org, email: &str, role: Role) -> Invitation {
    store.invite(&store.act(by), &org.id, to(email, role)).await.expect("invited").remove(0)
}

fn new(name: &str, email: &str) -> NewUser {
    NewUser { name: name.to_owned(), email: email.to_owned(), password: Password::default() }
}

async fn accept(store: &TestStore, invitation: &Invitation, name: &str) -> Result<User, Error> {
    let nobody = Act::by(Actor::Anonymous);
    store.accept_invitation_as_new(&nobody, invitation, new(name, &invitation.email), "none".to_owned()).await
}

async fn is_open(store: &TestStore, invitation: &Invitation) -> bool {
    store.open_invitation(&invitation.id).await.expect("asked").is_some()
}

async fn mails(store: &TestStore) -> Vec<Mail> {
    let mut mails = Vec::new();
    while let Some(job) = store.lease_job(QUEUE, Duration::from_secs(60)).await.expect("asked") {
        mails.push(serde_json::from_value(job.payload.clone()).expect("a mail"));
        assert!(store.finish_job(&job).await.expect("written"));
    }
    mails
}

async fn a_stranger_joins_once(store: &TestStore) {
    let ada = store.person("Ada").await;
    let org = store.org(&store.act(&ada), "Focus").await;
    let invitation = invited(store, &ada, &org, "eve@example.com", Role::Developer).await;
    let listed = store.invitations(&org.id).await.expect("asked");
    assert_eq!(listed, std::slice::from_ref(&invitation));
    assert_eq!((invitation.place_name.as_str(), invitation.inviter_name.as_str()), ("Focus", "Ada"));
    let mails = mails(store).await;
    let letter = store.letter(&mails[0]).await.expect("asked").expect("to be sent");
    assert_eq!((mails.len(), letter.to.email.as_str()), (1, "eve@example.com"));
    assert!(matches!(letter.about, About::Invitation { generation: 1, .. }), "{:?}", letter.about);

    let eve = accept(store, &invitation, "Eve").await.expect("accepted");
    let members = store.members(&org.id).await.expect("asked");
    let roles: Vec<_> = members.iter().map(|member| (member.user.name.as_str(), member.role)).collect();
    assert_eq!(roles, [("Ada", Role::Owner), ("Eve", Role::Developer)]);
    let grants = &store.dump().await["grants"];
    let by = format!("granted_by: Some(\"{}\")", ada.id);
    assert!(grants.iter().all(|grant| grant.contains(&by)), "{grants:?}");
    assert!(!is_open(store, &invitation).await && store.invitations(&org.id).await.expect("asked").is_empty());
    assert!(store.letter(&mails[0]).await.expect("asked").is_none(), "no mail about what has ended");

    let again = store.accept_invitation(&store.act(&eve), &invitation, &eve).await;
    assert!(matches!(again, Err(Error::Forbidden(_))), "{again:?}");
    let events = store.events(&org.id, None, &EventFilter::default()).await.expect("asked").events;
    let told: Vec<_> = events.iter().map(|event| (event.action.as_str(), event.actor_name.as_str())).take(3).collect();
    assert_eq!(told, [("member.added", "Eve"), ("invitation.accepted", "Eve"), ("invitation.sent", "Ada")]);
    assert!(store.check_chain(org.id.as_str()).await.expect("read").is_ok());
}

async fn of_two_at_once_one_joins(store: &TestStore) {
    let ada = store.person("Ada").await;
    let org = store.org(&store.act(&ada), "Focus").await;
    let invitation = invited(store, &ada, &org, "eve@example.com", Role::Viewer).await;
    let (one, other) = tokio::join!(accept(store, &invitation, "Eve"), accept(store, &invitation, "Mallory"));
    assert_eq!([&one, &other].iter().filter(|joined| joined.is_ok()).count(), 1, "{one:?} {other:?}");
    let refused = one.err().or(other.err()).expect("one is refused");
    assert!(matches!(refused, Error::Forbidden(_)), "{refused:?}");
    assert_eq!(store.members(&org.id).await.expect("asked").len(), 2);
    assert_eq!(store.accounts().await.expect("asked").len(), 2);

    // The same of a person who has an account.
    let noor = store.person("Noor").await;
    let invitation = invited(store, &ada, &org, "noor@example.com", Role::Viewer).await;
    let act = store.act(&noor);
    let join = || store.accept_invitation(&act, &invitation, &noor);
    let (one, other) = tokio::join!(join(), join());
    assert_eq!([one, other].iter().filter(|joined| joined.is_ok()).count(), 1);
}

async fn a_person_joins_and_keeps_what_they_have(store: &TestStore) {
    let (ada, eve, noor) = (store.person("Ada").await, store.person("Eve").await, store.person("Noor").await);
    let org = store.org(&store.act(&ada), "Focus").await;
    let invitation = invited(store, &ada, &org, "eve@example.com", Role::Viewer).await;
    let other = store.accept_invitation(&store.act(&noor), &invitation, &noor).await;
    assert!(matches!(other, Err(Error::Forbidden(_))), "of another address: {other:?}");
    assert!(is_open(store, &invitation).await, "and it stays open");
    // Meanwhile another way led there, to more.
    store.add_member(&store.act(&ada), &org.id, &eve, Role::Admin).await.expect("added");
    store.accept_invitation(&store.act(&eve), &invitation, &eve).await.expect("accepted");
    let members = store.members(&org.id).await.expect("asked");
    assert_eq!(members.iter().map(|member| member.role).collect::<Vec<_>>(), [Role::Owner, Role::Admin]);
}

async fn nobody_invites_above_their_own_role(store: &TestStore) {
    let (ada, eve, noor) = (store.person("Ada").await, store.person("Eve").await, store.person("Noor").await);
    let act = store.act(&ada);
    let org = store.org(&act, "Focus").await;
    store.add_member(&act, &org.id, &eve, Role::Admin).await.expect("added");
    let before = store.dump().await;
    let above = store.invite(&store.act(&eve), &org.id, to("sam@example.com", Role::Owner)).await;
    assert!(matches!(above, Err(Error::Forbidden(_))), "{above:?}");
    let stranger = store.invite(&store.act(&noor), &org.id, to("sam@example.com", Role::Viewer)).await;
    assert!(matches!(stranger, Err(Error::NotFound)), "{stranger:?}");
    let shell = store.invite(&Act::by(Actor::CommandLine), &org.id, to("sam@example.com", Role::Viewer)).await;
    assert!(shell.is_err(), "nobody whose permission could be checked again");
    assert_eq!(store.dump().await, before);
    // Nor do they send again or revoke what gives more than they have.
    let invitation = invited(store, &ada, &org, "sam@example.com", Role::Owner).await;
    let act = store.act(&eve);
    assert!(matches!(store.resend_invitation(&act, &invitation.id, false).await, Err(Error::Forbidden(_))));
    assert!(matches!(store.revoke_invitation(&act, &invitation.id).await, Err(Error::Forbidden(_))));
    let act = store.act(&noor);
    assert!(matches!(store.resend_invitation(&act, &invitation.id, false).await, Err(Error::NotFound)));
    assert!(matches!(store.revoke_invitation(&act, &invitation.id).await, Err(Error::NotFound)));
}

async fn the_role_of_the_inviter_is_checked_again(store: &TestStore) {
    let (ada, eve) = (store.person("Ada").await, store.person("Eve").await);
    let act = store.act(&ada);
    let org = store.org(&act, "Focus").await;
    store.add_member(&act, &org.id, &eve, Role::Admin).await.expect("added");
    let invitation = invited(store, &eve, &org, "noor@example.com", Role::Admin).await;
    store.add_member(&act, &org.id, &eve, Role::Member).await.expect("changed");
    assert!(!is_open(store, &invitation).await);
    let refused = accept(store, &invitation, "Noor").await;
    assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
    assert_eq!(store.accounts().await.expect("asked").len(), 2, "and no account was created");
    // Another person sends it again, in their own name.
    let again = store.resend_invitation(&act, &invitation.id, false).await.expect("sent");
    assert_eq!(again.inviter_name, "Ada");
    accept(store, &again, "Noor").await.expect("accepted");

    store.add_member(&act, &org.id, &eve, Role::Admin).await.expect("changed");
    let of_disabled = invited(store, &eve, &org, "sam@example.com", Role::Viewer).await;
    store.disable_user(&Act::by(Actor::CommandLine), &eve).await.expect("disabled");
    assert!(!is_open(store, &of_disabled).await && accept(store, &of_disabled, "Sam").await.is_err());
}

async fn what_was_sent_again_revoked_or_expired_opens_nothing(store: &TestStore) {
    let ada = store.person("Ada").await;
    let act = store.act(&ada);
    let org = store.org(&act, "Focus").await;
    let first = invited(store, &ada, &org, "eve@example.com", Role::Viewer).await;
    let token = |of: &Invitation| of.url(store.vault(), "").trim_start_matches("/invitations/").to_owned();
    let opened = async |token: &str| store.invitation_of_token(token).await.expect("asked").map(|open| open.generation);
    assert_eq!(opened(&token(&first)).await, Some(1));
    assert_eq!(id_of(&token(&first)), Some(first.id.clone()));
    let forged = link::token(store.vault(), Purpose::PasswordReset, first.id.as_str(), 1);
    assert_eq!(opened(&forged).await, None, "the token of another purpose");

    store.clock.turn(VALID);
    assert_eq!(opened(&token(&first)).await, None, "it has expired");
    assert!(accept(store, &first, "Eve").await.is_err());
    let second = store.resend_invitation(&act, &first.id, false).await.expect("sent");
    assert_eq!((opened(&token(&first)).await, opened(&token(&second)).await), (None, Some(2)));
    assert!(accept(store, &first, "Eve").await.is_err(), "the earlier link");
    let mails = mails(store).await;
    let [old, current] = &mails[..] else { panic!("two mails: {mails:?}") };
    assert!(store.letter(old).await.expect("asked").is_none());
    assert!(store.letter(current).await.expect("asked").is_some());

    store.revoke_invitation(&act, &first.id).await.expect("revoked");
    assert_eq!(opened(&token(&second)).await, None);
    assert!(accept(store, &second, "Eve").await.is_err());
    for refused in [
        store.revoke_invitation(&act, &first.id).await.err(),
        store.resend_invitation(&act, &first.id, false).await.err(),
    ] {
        assert!(matches!(refused, Some(Error::Conflict { .. })), "{refused:?}");
    }
    let events = store.events(&org.id, None, &EventFilter::default()).await.expect("asked").events;
    let told: Vec<_> = events.iter().map(|event| event.action.as_str()).take(3).collect();
    assert_eq!(told, ["invitation.revoked", "invitation.resent", "invitation.sent"]);
}

async fn members_and_invited_people_are_not_invited_again(store: &TestStore) {
    let (ada, eve) = (store.person("Ada").await, store.person("Eve").await);
    let act = store.act(&ada);
    let org = store.org(&act, "Focus").await;
    store.add_member(&act, &org.id, &eve, Role::Member).await.expect("added");
    invited(store, &ada, &org, "noor@example.com", Role::Viewer).await;
    let before = store.dump().await;
    for (email, why) in
        [("eve@example.com", "is a member here already"), ("noor@example.com", "was invited here already")]
    {
        let emails = vec!["sam@example.com".to_owned(), email.to_owned()];
        let new = NewInvitations { emails, ..to(email, Role::Viewer) };
        let Err(Error::Invalid(refused)) = store.invite(&act, &org.id, new).await else { panic!("{email}") };
        assert!(refused.0[0].field == "emails" && refused.0[0].message.contains(why), "{refused}");
    }
    assert_eq!(store.dump().await, before, "all are invited, or nobody");
}

async fn what_a_token_sends_ends_with_it(store: &TestStore) {
    let ada = store.person("Ada").await;
    let org = store.org(&store.act(&ada), "Focus").await;
    let shell = Act::by(Actor::CommandLine);
    let (token, _) = store.create_token(&shell, "Automation", true, Some(org.id.clone())).await.expect("made");
    let act = Act::by(Actor::RootToken { id: token.id.clone(), name: token.name.clone() });
    let made = store.invite(&act, &org.id, to("eve@example.com", Role::Viewer)).await.expect("invited").remove(0);
    assert!(made.inviter_name == "Automation" && is_open(store, &made).await);
    store.revoke_token(&shell, &token.id).await.expect("revoked");
    assert!(!is_open(store, &made).await && accept(store, &made, "Eve").await.is_err());
}

async fn a_removed_member_has_no_way_back(store: &TestStore) {
    let (ada, eve, noor) = (store.person("Ada").await, store.person("Eve").await, store.person("Noor").await);
    let act = store.act(&ada);
    let org = store.org(&act, "Focus").await;
    let tenant = store.create_tenant(&act, &org.id, NewTenant { name: "Other".to_owned() }).await.expect("made");
    for user in [&eve, &noor] {
        store.add_member(&act, &org.id, user, Role::Member).await.expect("added");
    }
    let mut made = Vec::new();
    for user in [&eve, &noor] {
        made.extend(store.invite(&act, &tenant, to(&user.email, Role::TenantAdmin)).await.expect("invited"));
    }
    store.remove_member(&act, &org.id, &eve).await.expect("removed");
    assert!(!is_open(store, &made[0]).await && is_open(store, &made[1]).await, "Eve's ended, Noor's did not");
    let back = store.accept_invitation(&store.act(&eve), &made[0], &eve).await;
    assert!(matches!(back, Err(Error::Forbidden(_))), "{back:?}");
    let events = store.events(&org.id, None, &EventFilter::default()).await.expect("asked").events;
    let told: Vec<_> = events.iter().map(|event| event.action.as_str()).take(2).collect();
    assert_eq!(told, ["member.removed", "invitation.revoked"]);
}

async fn a_suspended_organization_invites_nobody(store: &TestStore) {
    let ada = store.person("Ada").await;
    let (act, shell) = (store.act(&ada), Act::by(Actor::CommandLine));
    let org = store.org(&act, "Focus").await;
    let invitation = invited(store, &ada, &org, "eve@example.com", Role::Viewer).await;
    let queued = mails(store).await;
    store.suspend_org(&shell, &org, "Abuse").await.expect("suspended");
    let refused = store.invite(&act, &org.id, to("sam@example.com", Role::Viewer)).await;
    assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
    assert!(matches!(store.resend_invitation(&act, &invitation.id, false).await, Err(Error::Forbidden(_))));
    assert!(!is_open(store, &invitation).await);
    assert!(store.letter(&queued[0]).await.expect("asked").is_none(), "a mail that waits is not sent");
    assert!(matches!(accept(store, &invitation, "Eve").await, Err(Error::Forbidden(_))));
    store.open_org(&shell, &org).await.expect("opened");
    accept(store, &invitation, "Eve").await.expect("accepted");
}

async fn an_organization_has_so_many_open_at_most(store: &TestStore) {
    let ada = store.person("Ada").await;
    let act = store.act(&ada);
    let org = store.org(&act, "Focus").await;
    let many = |from: usize, n: usize| NewInvitations {
        emails: (from..from + n).map(|at| format!("p{at}@example.com")).collect(),
        ..to("", Role::Viewer)
    };
    let made = store.invite(&act, &org.id, many(0, 499)).await.expect("invited");
    let refused = store.invite(&act, &org.id, many(499, 2)).await;
    assert!(matches!(&refused, Err(Error::Invalid(invalid)) if invalid.0[0].field == "emails"), "{refused:?}");
    store.invite(&act, &org.id, many(499, 1)).await.expect("the last");
    assert!(store.invite(&act, &org.id, many(500, 1)).await.is_err());
    store.revoke_invitation(&act, &made[0].id).await.expect("revoked");
    store.invite(&act, &org.id, many(500, 1)).await.expect("there is room again");
}

async fn they_go_with_their_place_and_with_time(store: &TestStore) {
    let ada = store.person("Ada").await;
    let act = store.act(&ada);
    let org = store.org(&act, "Focus").await;
    let found = store.find(Reader::All, &org.id).await.expect("asked").expect("there");
    let app = store.app(&act, &found, "Calm").await;
    let project = store.find(Reader::All, &app.project_id).await.expect("asked").expect("there");
    let place = Place::from(&project);
    let below = store.invite(&act, &place, to("eve@example.com", Role::Viewer)).await.expect("invited").remove(0);
    assert_eq!((below.kind, below.place_name.as_str()), (PlaceKind::Project, project.name.as_str()));
    invited(store, &ada, &org, "noor@example.com", Role::Viewer).await;
    let count = async || store.dump().await["invitations"].len();
    assert_eq!(store.invitations(&place).await.expect("asked").len(), 1, "of the project alone");
    assert_eq!(store.invitations(&org.id).await.expect("asked").len(), 2, "and what is below");
    store.delete_place(&act, &place).await.expect("deleted");
    assert!(count().await == 1 && !is_open(store, &below).await);
    assert!(accept(store, &below, "Eve").await.is_err());

    store.clock.turn(VALID + Duration::from_secs(30 * 24 * 60 * 60));
    assert_eq!(store.delete_invitations().await.expect("asked"), 0);
    store.clock.turn(Duration::from_secs(1));
    assert_eq!(store.delete_invitations().await.expect("asked"), 1);
    invited(store, &ada, &org, "noor@example.com", Role::Viewer).await;
    store.delete_place(&act, &Place::from(&org)).await.expect("deleted");
    assert_eq!(count().await, 0);
}

async fn a_link_that_was_handed_over_makes_an_unverified_account(store: &TestStore) {
    let ada = store.person("Ada").await;
    let act = store.act(&ada);
    let (org, other) = (store.org(&act, "Focus").await, store.org(&act, "Other").await);
    let nobody = Act::by(Actor::Anonymous);
    let new = |name: &str| NewUser::check(name, "eve@example.com", "correct horse battery").expect("checked");
    let handed_over = NewInvitations { handed_over: true, ..to("eve@example.com", Role::Developer) };
    let link = store.invite(&act, &org.id, handed_over).await.expect("invited").remove(0);
    let eve = store.accept_invitation_as_new(&nobody, &link, new("Mallory"), "theirs".to_owned()).await.expect("made");
    assert!(eve.unverified && store.user(&eve.id).await.expect("asked").expect("there").unverified);
    store.request_password_reset(&nobody, "eve@example.com").await.expect("asked");
    let resets = store.dump().await["password_resets"].join("\n");
    assert!(!resets.contains(eve.id.as_str()), "no link is sent to an address that nobody has shown to be theirs");
    let proof = Proof::Password { hash: "theirs".to_owned() };
    let session = store.start_session(&store.act(&eve), &eve, proof).await.expect("signed in").digest();

    // Handed over again: it proves nothing.
    let handed_over = NewInvitations { handed_over: true, ..to("eve@example.com", Role::Viewer) };
    let link = store.invite(&act, &other.id, handed_over).await.expect("invited").remove(0);
    assert!(!link.proves_address_of(&eve));
    let refused = store.accept_invitation_as_proof(&nobody, &link, &eve, new("Eve"), "own".to_owned()).await;
    assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");

    // Sent by mail.
    let mailed = store.resend_invitation(&act, &link.id, false).await.expect("sent");
    assert!(mailed.proves_address_of(&eve));
    let proved =
        store.accept_invitation_as_proof(&nobody, &mailed, &eve, new("Eve"), "own".to_owned()).await.expect("done");
    assert_eq!((proved.name.as_str(), proved.unverified), ("Eve", false));
    assert!(store.store.person(&session).await.expect("asked").is_none(), "sessions ended");
    let (now, hash) = store.user_to_sign_in("eve@example.com").await.expect("asked").expect("there");
    assert_eq!((now, hash.as_deref()), (proved, Some("own")));
    assert!(
        store.accept_invitation_as_proof(&nobody, &mailed, &eve, new("Eve"), "x".to_owned()).await.is_err(),
        "once"
    );
    assert!(store.check_chain("system").await.expect("read").is_ok());
}
