//! `/orgs/{org_id}/members`

use sallyport::{
    audit::{Act, Actor},
    id::OrgId,
    member::Role,
};

use crate::{client::Client, portal::TestPortal};

crate::on_both_portals!(
    a_single_member_sees_how_to_add_others,
    who_never_signed_in_is_told_apart,
    owners_change_roles_and_remove,
    the_last_owner_stays,
    admins_leave_owners_alone,
    members_see_and_change_nothing,
    leaving_is_possible,
    keys_that_a_member_made_are_counted_and_may_go_too,
);

/// Ada's organization with Eve in it; its page, Eve's id and her browser.
async fn with_eve(portal: &TestPortal, role: Role) -> (String, String, Client) {
    portal.set_up().await;
    let org = portal.org("Focus Labs").await;
    let eve = portal.stranger().await;
    let user = portal.store.account_by_email("eve@example.com").await.expect("asked").expect("there").user;
    let id = OrgId::parse(&org).expect("an id");
    portal.store.add_member(&Act::by(Actor::CommandLine), &id, &user, role).await.expect("added");
    (format!("/orgs/{org}/members"), user.id.to_string(), eve)
}

async fn ada(portal: &TestPortal) -> String {
    portal.store.account_by_email("ada@example.com").await.expect("asked").expect("there").user.id.to_string()
}

async fn a_single_member_sees_how_to_add_others(portal: &TestPortal) {
    portal.set_up().await;
    let org = portal.org("Focus Labs").await;
    let page = portal.get(&format!("/orgs/{org}/members")).await.body;
    for text in ["Ada Byron", "ada@example.com", "Owner", "1 member", "Nobody else is here yet."] {
        assert!(page.contains(text), "{text}");
    }
    assert!(page.contains(&format!("sallyport member add --org {org} --email EMAIL --role member")));
    for text in [">You</span>", ">AB</span>", "just now"] {
        assert!(page.contains(text), "{text}");
    }
    assert!(portal.get(&format!("/orgs/{org}")).await.body.contains(&format!("href=\"/orgs/{org}/members\"")));
}

async fn who_never_signed_in_is_told_apart(portal: &TestPortal) {
    let (path, _, eve) = with_eve(portal, Role::Member).await;
    let told = async || {
        let page = portal.get(&path).await.body;
        ["Signed out<", "Never signed in<"].map(|words| page.contains(words))
    };
    assert_eq!(told().await, [false, false]);
    assert_eq!(eve.post("/sign-out", &[]).await.status, 303);
    assert_eq!(told().await, [true, false]);
    let grace = portal.store.person("Grace").await;
    let org = OrgId::parse(path.split('/').nth(2).expect("an id")).expect("an id");
    portal.store.add_member(&Act::by(Actor::CommandLine), &org, &grace, Role::Member).await.expect("added");
    assert_eq!(told().await, [true, true]);
}

async fn owners_change_roles_and_remove(portal: &TestPortal) {
    let (path, id, eve) = with_eve(portal, Role::Member).await;
    let dialog = portal.get(&format!("{path}?change={id}")).await.body;
    assert!(dialog.contains("<dialog") && dialog.contains("Eve · eve@example.com"), "{dialog}");
    for role in ["Owner", "Admin", "Member"] {
        assert!(dialog.contains(&format!(">{role}</option>")), "{role}");
    }
    let change = |role: &'static str| portal_change(portal, &path, &id, role);
    let refused = change("king").await;
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("Choose a role."));
    let answer = change("admin").await;
    assert_eq!((answer.status.as_u16(), answer.location()), (303, format!("{path}?done=change").as_str()));
    assert!(portal.get(answer.location()).await.body.contains("The role was changed."));
    assert!(eve.get(&path).await.body.contains("Admin"));

    let dialog = portal.get(&format!("{path}?remove={id}")).await.body;
    assert!(dialog.contains("Remove this member?") && dialog.contains(">Remove member<"));
    let answer = portal.post(&path, &[("do", "remove"), ("user_id", &id)]).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (303, format!("{path}?done=remove").as_str()));
    assert_eq!(eve.get(&path).await.status, 404, "at once");
    assert_eq!(portal.post(&path, &[("do", "remove"), ("user_id", &id)]).await.status, 404);
    assert_eq!(portal.get(&format!("{path}?remove={id}")).await.status, 404);
    let activity = portal.get(&path.replace("members", "activity")).await.body;
    for event in ["Member added", "Role changed", "Member removed"] {
        assert!(activity.contains(event), "{event}");
    }
}

async fn portal_change(client: &Client, path: &str, id: &str, role: &str) -> crate::client::Answer {
    client.post(path, &[("do", "change"), ("user_id", id), ("role", role)]).await
}

async fn the_last_owner_stays(portal: &TestPortal) {
    let (path, _, _) = with_eve(portal, Role::Admin).await;
    let ada = ada(portal).await;
    let demoted = portal_change(portal, &path, &ada, "member").await;
    assert_eq!(demoted.status, 422);
    assert!(demoted.body.contains("This is the last owner. Make another member an owner first."));
    let removed = portal.post(&path, &[("do", "remove"), ("user_id", &ada)]).await;
    assert_eq!(removed.status, 422);
    assert!(removed.body.contains("This is the last owner."));
}

async fn admins_leave_owners_alone(portal: &TestPortal) {
    let (path, id, eve) = with_eve(portal, Role::Admin).await;
    let ada = ada(portal).await;
    assert_eq!(eve.get(&format!("{path}?change={ada}")).await.status, 403);
    assert_eq!(portal_change(&eve, &path, &ada, "member").await.status, 403);
    assert_eq!(eve.post(&path, &[("do", "remove"), ("user_id", &ada)]).await.status, 403);
    assert_eq!(portal_change(&eve, &path, &id, "owner").await.status, 403, "nor do they become one");
    let dialog = eve.get(&format!("{path}?change={id}")).await.body;
    assert!(!dialog.contains(">Owner</option>"));
    let page = eve.get(&path).await.body;
    assert!(!page.contains(&format!("?remove={ada}")) && page.contains(&format!("?remove={id}")));
}

async fn members_see_and_change_nothing(portal: &TestPortal) {
    let (path, id, eve) = with_eve(portal, Role::Member).await;
    let page = eve.get(&path).await.body;
    assert!(
        page.contains("ada@example.com") && !page.contains("Change role") && !page.contains("sallyport member add")
    );
    assert_eq!(eve.get(&format!("{path}?change={id}")).await.status, 403);
    assert_eq!(portal_change(&eve, &path, &id, "admin").await.status, 403);
    assert_eq!(eve.post(&path, &[("do", "remove"), ("user_id", &ada(portal).await)]).await.status, 403);
}

async fn leaving_is_possible(portal: &TestPortal) {
    let (path, id, eve) = with_eve(portal, Role::Admin).await;
    let answer = eve.post(&path, &[("do", "remove"), ("user_id", &id)]).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (303, "/"));
    assert_eq!(eve.get(&path).await.status, 404);
}

async fn keys_that_a_member_made_are_counted_and_may_go_too(portal: &TestPortal) {
    let (path, id, eve) = with_eve(portal, Role::Developer).await;
    let org = path.split('/').nth(2).expect("an id").to_owned();
    let plain = portal.get(&format!("{path}?remove={id}")).await.body;
    assert!(!plain.contains("Revoke those too"), "there are none");
    let app = portal.app_in(&org, "Focus").await;
    let token = eve.get(&format!("/apps/{app}/keys?panel=generate")).await.hidden("form_token");
    let form = portal.panel(&app).await.with("form_token", &token).with("label", "By Eve");
    let made = eve.post(&format!("/apps/{app}/keys"), &form.fields()).await;
    let secret = crate::portal::find(&made.body, "sk_live_", 44).expect("a secret");
    let (_, adas) = portal.key(&app).await;

    let page = portal.get(&path).await.body;
    let made_by = format!("/orgs/{org}/keys?created_by={id}");
    assert!(page.contains(&format!("href=\"{made_by}\">1 key</a>")), "{page}");
    let list = portal.get(&made_by).await.body;
    assert!(list.contains("By Eve") && !list.contains(">CI<") && list.contains(">Eve</option>"), "{list}");
    let hers = eve.get(&made_by).await.body;
    assert!(hers.contains(">Ada Byron</option>") && !hers.contains(">CI<"), "not only those of the page: {hers}");
    let all = portal.get(&format!("/apps/{app}/keys")).await.body;
    assert!(all.contains(">Created by</th>") && all.contains(">Eve</td>") && all.contains(">Ada Byron</td>"), "{all}");
    assert!(
        all.contains(">Ada Byron</option>") && all.contains(&format!("<option value=\"{id}\">Eve</option>")),
        "{all}"
    );
    let dialog = portal.get(&format!("{path}?remove={id}")).await.body;
    assert!(dialog.contains("Revoke those too") && dialog.contains("name=\"revoke_keys\""));
    assert!(!dialog.contains("checked"), "off, unless it is wished");

    // The verdicts are cached by now.
    for key in [&secret, &adas] {
        assert_eq!(portal.auth("", &[("x-api-key", key)]).await.status, 200);
    }
    assert_eq!(eve.post(&path, &[("do", "remove"), ("user_id", &id), ("revoke_keys", "on")]).await.status, 403);
    let answer = portal.post(&path, &[("do", "remove"), ("user_id", &id), ("revoke_keys", "on")]).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (303, format!("{path}?done=remove-revoke").as_str()));
    assert_eq!(portal.auth("", &[("x-api-key", &secret)]).await.status, 401, "at once");
    assert_eq!(portal.auth("", &[("x-api-key", &adas)]).await.status, 200);
    assert!(portal.get(answer.location()).await.body.contains("The keys that they made were revoked."));
    let activity = portal.get(&format!("/orgs/{org}/activity.jsonl?action=key.revoked")).await.body;
    assert!(activity.contains("Eve was removed from the organization"), "{activity}");
}
