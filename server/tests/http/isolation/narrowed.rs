//! Lists, totals, exports, activity and search contain only what a person's roles show.

use sallyport::member::{Permission, Role};

use super::{
    people::{Kind, Spot},
    world::{World, routes},
};
use crate::{
    client::{Answer, Client},
    portal::TestPortal,
};

crate::on_both_portals!(pages_name_nothing_else, search_finds_nothing_else, nothing_is_missing);

/// Names that the pages of this person must not contain.
fn hidden(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::With(role, Spot::Org) if role.may(Permission::SeeKeys) => &[],
        // The names of tenants and projects, and no app or key.
        Kind::With(_, Spot::Org) => &[">Focus and calm<", ">Hidden<", "Hidden key", ">CI<"],
        Kind::With(_, Spot::Tenant) => &["Hidden tenant", "Hidden too"],
        Kind::With(_, Spot::Project) => &["Hidden"],
        Kind::With(_, Spot::OtherProject) => &["Focus and calm", "Hidden tenant", "Hidden too", ">CI<"],
        Kind::With(_, Spot::OtherTenant) => &["Focus and calm", "Project of Hidden", "Hidden key", ">CI<"],
        Kind::Nobody | Kind::Stranger => &["Hidden", "Focus and calm", ">CI<"],
        // Operators have a page of each app.
        Kind::Operator => &["Hidden key", ">CI<"],
    }
}

fn check(kind: Kind, answer: &Answer, what: &str) {
    for name in hidden(kind) {
        assert!(!answer.body.contains(name), "{kind:?} {what} contains {name}\n{}", answer.body);
    }
}

async fn pages_name_nothing_else(portal: &TestPortal) {
    let world = World::new(portal).await;
    for (route, rule) in routes() {
        if rule.get.is_none() || route.path == "/docs" {
            continue;
        }
        for person in &world.people {
            for path in world.paths(route) {
                // Operators read the log of each organization, which names its keys; reading it is recorded there.
                if person.kind == Kind::Operator && route.path.starts_with("/admin/organizations/{org_id}/activity") {
                    continue;
                }
                check(person.kind, &person.browser.get(&path).await, &path);
            }
        }
    }
}

async fn search(browser: &Client, words: &str) -> Answer {
    let mut request = Client::form("/search", &[("q", words)]);
    request.headers_mut().insert("x-fragment", "true".parse().expect("a header"));
    browser.send(request).await
}

async fn search_finds_nothing_else(portal: &TestPortal) {
    let world = World::new(portal).await;
    for person in world.people.iter().filter(|person| person.kind != Kind::Nobody) {
        for words in ["hid", "focus and", "ci", "key_", "app_", "prj_", "ten_", "project of"] {
            check(person.kind, &search(&person.browser, words).await, words);
        }
        let found = search(&person.browser, world.id("key_id")).await.body.contains(world.id("key_id"));
        let sees = matches!(person.kind, Kind::With(role, spot) if role.may(Permission::SeeKeys)
            && matches!(spot, Spot::Org | Spot::Tenant | Spot::Project));
        assert_eq!(found, sees, "{:?}", person.kind);
    }
}

/// What they may see is there, in every list.
async fn nothing_is_missing(portal: &TestPortal) {
    let world = World::new(portal).await;
    let org = world.id("org_id");
    for kind in [
        Kind::With(Role::Viewer, Spot::Project),
        Kind::With(Role::TenantMember, Spot::Tenant),
        Kind::With(Role::Developer, Spot::Org),
    ] {
        let browser = world.person(kind);
        for (path, name) in [
            (format!("/orgs/{org}"), "P Focus and calm"),
            (format!("/orgs/{org}/keys"), ">CI<"),
            (format!("/orgs/{org}/keys.csv"), ",CI,"),
            (format!("/orgs/{org}/activity"), "Focus and calm"),
            (format!("/orgs/{org}/activity/refused"), ">CI<"),
            (format!("/tenants/{}", world.id("tenant_id")), "P Focus and calm"),
            (format!("/projects/{}", world.id("project_id")), "Focus and calm"),
        ] {
            let body = browser.get(&path).await.body;
            assert!(body.contains(name), "{kind:?} {path} lacks {name}\n{body}");
        }
        assert!(search(browser, "focus and").await.body.contains("Focus and calm"), "{kind:?}");
        let log = browser.get(&format!("/orgs/{org}/activity.csv")).await;
        assert_eq!(log.body.contains("Focus and calm"), kind != Kind::With(Role::Developer, Spot::Org), "{kind:?}");
    }
}
