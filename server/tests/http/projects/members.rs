//! `/projects/{project_id}/members`, and the same of tenants

use sallyport::{
    audit::{Act, Actor},
    member::Role,
    project::Project,
    store::Reader,
    user::User,
};

use crate::{client::Client, portal::TestPortal};

crate::on_both_portals!(
    roles_are_shown_with_their_origin,
    an_admin_of_a_project_manages_its_members,
    leaving_a_project,
    a_person_passing_through_manages_nobody,
    an_organization_is_handed_over,
);

fn shell() -> Act {
    Act::by(Actor::CommandLine)
}

/// Ada's organization with an app, its project, and Eve with this role in the project.
async fn with_eve(portal: &TestPortal, role: Role) -> (Project, User, Client) {
    portal.set_up().await;
    let app = portal.app().await;
    let app = portal.store.find(Reader::All, &app).await.expect("asked").expect("there");
    let project = portal.store.find(Reader::All, &app.project_id).await.expect("asked").expect("there");
    let eve = portal.stranger().await;
    let user = portal.store.account_by_email("eve@example.com").await.expect("asked").expect("there").user;
    portal.store.add_member(&shell(), &project, &user, role).await.expect("given");
    (project, user, eve)
}

async fn roles_are_shown_with_their_origin(portal: &TestPortal) {
    let (project, user, eve) = with_eve(portal, Role::Viewer).await;
    let (org, tenant) = (&project.org_id, &project.tenant_id);
    let page = eve.get(&format!("/projects/{}/members", project.id)).await;
    assert_eq!(page.status, 200);
    for text in ["Viewer", "Owner", "From Focus Labs", "What may a project admin do?"] {
        assert!(page.body.contains(text), "{text}: {}", page.body);
    }
    // The organization's members are not hers to see, so nothing leads there.
    assert!(!page.body.contains(&format!("/orgs/{org}/members")) && !page.body.contains("Change role"));
    assert_eq!(eve.get(&format!("/orgs/{org}/members")).await.status, 403);
    assert_eq!(eve.get(&format!("/tenants/{tenant}/members")).await.status, 403);
    // To those who see all it says where each role is.
    let link = format!("href=\"/projects/{}/members\"", project.id);
    for path in [format!("/orgs/{org}/members"), format!("/tenants/{tenant}/members")] {
        let page = portal.get(&path).await.body;
        assert!(page.contains(&link) && page.contains(&user.name), "{path}: {page}");
    }
    let here = portal.get(&format!("/projects/{}/members", project.id)).await.body;
    assert!(here.contains(&format!("href=\"/orgs/{org}/members\"")) && here.contains("--project"));
}

async fn an_admin_of_a_project_manages_its_members(portal: &TestPortal) {
    let (project, user, eve) = with_eve(portal, Role::ProjectAdmin).await;
    let path = format!("/projects/{}/members", project.id);
    let max = portal.store.person("Max").await;
    portal.store.add_member(&shell(), &project.org_id, &max, Role::Member).await.expect("given");
    let change = |role| [("do", "change"), ("user_id", max.id.as_str()), ("role", role)];
    let dialog = eve.get(&format!("{path}?change={}", max.id)).await.body;
    assert!(dialog.contains("Give a role here") && dialog.contains(">Developer</option>"), "{dialog}");
    assert!(!dialog.contains(">Tenant admin</option>") && !dialog.contains(">Owner</option>"));
    assert_eq!(eve.post(&path, &change("developer")).await.location(), format!("{path}?done=change"));
    assert_eq!(eve.post(&path, &change("tenant_admin")).await.status, 422);
    let members = portal.store.members(&project).await.expect("asked");
    let maxs = members.iter().find(|member| member.user.id == max.id).expect("listed");
    assert!(maxs.roles_at(project.id.as_str()).contains(Role::Developer) && maxs.grants.len() == 2);
    // What was given above stays.
    let removed = eve.post(&path, &[("do", "remove"), ("user_id", max.id.as_str())]).await;
    assert_eq!(removed.location(), format!("{path}?done=remove"));
    assert!(eve.get(&path).await.body.contains("Max"), "still a member of the organization");
    let again = eve.post(&path, &[("do", "remove"), ("user_id", max.id.as_str())]).await;
    assert_eq!(again.status, 404);
    // Nobody becomes more than she is, and the owner is out of reach.
    let ada = portal.store.account_by_email("ada@example.com").await.expect("asked").expect("there").user;
    let hers = [("do", "hand-over"), ("user_id", user.id.as_str())];
    assert_eq!(eve.post(&format!("/orgs/{}/members", project.org_id), &hers).await.status, 403);
    let owner = [("do", "remove"), ("user_id", ada.id.as_str())];
    assert_eq!(eve.post(&path, &owner).await.status, 404, "Ada has no role of the project to lose");
    assert_eq!(portal.store.owners(&project.org_id).await.expect("asked"), ["Ada Byron"]);
}

async fn leaving_a_project(portal: &TestPortal) {
    let (project, user, eve) = with_eve(portal, Role::Viewer).await;
    let path = format!("/projects/{}/members", project.id);
    let dialog = eve.get(&format!("{path}?remove={}", user.id)).await.body;
    assert!(dialog.contains(&format!("Leave {}?", project.name)), "{dialog}");
    let left = eve.post(&path, &[("do", "remove"), ("user_id", user.id.as_str())]).await;
    assert_eq!((left.status.as_u16(), left.location()), (303, "/"));
    assert_eq!(eve.get(&path).await.status, 404);
    assert_eq!(eve.get(&format!("/orgs/{}", project.org_id)).await.status, 404);
    let activity = portal.get(&format!("/orgs/{}/activity", project.org_id)).await.body;
    assert!(activity.contains("Member left"));
}

async fn a_person_passing_through_manages_nobody(portal: &TestPortal) {
    let (project, user, eve) = with_eve(portal, Role::ProjectAdmin).await;
    for place in [format!("/orgs/{}", project.org_id), format!("/tenants/{}", project.tenant_id)] {
        assert_eq!(eve.get(&place).await.status, 200, "{place}: its name, as the way");
        let form = [("do", "change"), ("user_id", user.id.as_str()), ("role", "viewer")];
        assert_eq!(eve.post(&format!("{place}/members"), &form).await.status, 403, "{place}");
    }
}

async fn an_organization_is_handed_over(portal: &TestPortal) {
    let (project, user, _) = with_eve(portal, Role::Viewer).await;
    let path = format!("/orgs/{}/members", project.org_id);
    let page = portal.get(&path).await.body;
    assert!(page.contains(&format!("?hand_over={}", user.id)), "{page}");
    let dialog = portal.get(&format!("{path}?hand_over={}", user.id)).await.body;
    assert!(dialog.contains("Hand over Focus Labs?") && dialog.contains("you become an admin"), "{dialog}");
    let done = portal.post(&path, &[("do", "hand-over"), ("user_id", user.id.as_str())]).await;
    assert_eq!(done.location(), format!("{path}?done=hand-over"));
    assert_eq!(portal.store.owners(&project.org_id).await.expect("asked"), ["Eve"]);
    assert_eq!(portal.get(&format!("/orgs/{}/settings/delete", project.org_id)).await.status, 403);
    assert_eq!(portal.get(&format!("{path}?hand_over={}", user.id)).await.status, 403);
}
