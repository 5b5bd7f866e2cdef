//! Every address, requested by every kind of person in every way: resources of other organizations look exactly like
//! missing ones, and nobody can exceed their role. `isolation/rules.rs` defines the permissions.

mod acts;
mod levels;
mod narrowed;
mod people;
mod personal_tokens;
mod queries;
mod rules;
mod who;
mod world;

use axum::http::Method;
use sallyport::member::Role;

use crate::{
    client::{Answer, Client},
    middleware::headers::{assert_guarded, without_what_differs},
    portal::TestPortal,
};
use levels::level;
use people::{Expected, Kind, OWNER, Spot};
use rules::Who;
use world::{World, ask, fill, nobodys, routes, send};

crate::on_both_portals!(
    everybody_sees_what_they_may,
    forms_are_refused_without_permission,
    everybody_sends_what_they_may,
    what_is_not_seen_does_not_exist,
    what_is_named_in_passing_is_isolated_too,
    other_methods_are_refused,
    what_is_no_id_is_not_found,
);

async fn everybody_sees_what_they_may(portal: &TestPortal) {
    let world = World::new(portal).await;
    let before = portal.store.dump().await;
    for (route, rule) in routes() {
        let Some(who) = rule.get else { continue };
        for person in &world.people {
            for (path, expected) in world.paths(route).into_iter().zip(world.expected(person.kind, route, who)) {
                let what = format!("{:?} GET {path}", person.kind);
                let answer = person.browser.get(&path).await;
                expected.check(&answer, &what);
                assert_guarded(&answer, &what);
                // HEAD is GET without its body (RFC 9110 §9.3.2), for whomever.
                if !matches!(person.kind, Kind::Nobody | Kind::Stranger) && person.kind != OWNER {
                    continue;
                }
                let head = ask(&person.browser, &Method::HEAD, &path).await;
                assert_eq!((head.status, head.body.as_str()), (answer.status, ""), "HEAD {path}");
            }
        }
    }
    assert_eq!(portal.store.dump().await, before, "looking changed something");
}

/// Fields that a form might need, so that it is refused only because of its sender.
const FORM: &[(&str, &str)] = &[
    ("name", "Eve was here"),
    ("label", "Eve was here"),
    ("description", "Eve was here"),
    ("tenant", "Eve was here"),
    ("plan", "pro"),
    ("colour", "teal"),
    ("os", "web"),
    ("bundle_id", ""),
    ("environment", "production"),
    ("scopes", "read"),
    ("expires", "never"),
    ("email", "eve@example.com"),
    ("role", "owner"),
    ("reason", "Eve was here"),
];

async fn forms_are_refused_without_permission(portal: &TestPortal) {
    let world = World::new(portal).await;
    let before = portal.store.dump().await;
    let mut refused = 0;
    for (route, rule) in routes() {
        let Some(who) = rule.post else { continue };
        for person in &world.people {
            let expected = person.kind.expects(who, level(route.path));
            if matches!(expected, Expected::Taken | Expected::Status(_)) {
                continue;
            }
            refused += 1;
            let path = &world.paths(route)[0];
            let what = format!("{:?} POST {path}", person.kind);
            for form in [FORM, &[]] {
                let answer = person.browser.post(path, form).await;
                expected.check(&answer, &what);
                assert_guarded(&answer, &what);
            }
        }
        assert_eq!(portal.store.dump().await, before, "POST {} changed something", route.path);
    }
    assert!(refused >= 400, "{refused} forms were refused");
}

async fn everybody_sends_what_they_may(portal: &TestPortal) {
    let world = World::new(portal).await;
    for (route, rule) in routes() {
        let Some(who) = rule.post else { continue };
        for person in &world.people {
            let expected = person.kind.expects(who, level(route.path));
            if !matches!(expected, Expected::Taken | Expected::Status(_)) {
                continue;
            }
            let path = &world.paths(route)[0];
            let what = format!("{:?} POST {path}", person.kind);
            let answer = person.browser.post(path, &[]).await;
            expected.check(&answer, &what);
            assert_guarded(&answer, &what);
            // Wrong passwords are throttled; one person's must not delay another's.
            portal.elapsed.fetch_add(600, std::sync::atomic::Ordering::SeqCst);
            if person.kind != Kind::Nobody && person.browser.get("/").await.location() == "/sign-in" {
                person.sign_in().await;
            }
        }
    }
}

/// Status, headers and body, without what differs between any two responses.
fn told(answer: &Answer) -> (u16, Vec<(String, String)>, String) {
    let (headers, body) = without_what_differs(answer);
    (answer.status.as_u16(), headers, body)
}

/// Whoever sees nothing at an address gets the same answer as for an unknown id.
async fn what_is_not_seen_does_not_exist(portal: &TestPortal) {
    let world = World::new(portal).await;
    let mut compared = 0;
    for (route, rule) in routes() {
        for method in route.methods {
            let who = if *method == Method::GET { rule.get } else { rule.post };
            let Some(who) = who.filter(|_| route.path.contains('{')) else { continue };
            for person in &world.people {
                if person.kind.expects(who, level(route.path)) != Expected::NotFound || who == Who::Operators {
                    continue;
                }
                let browser = &person.browser;
                for made_up in world.made_up(route) {
                    for (path, made_up) in world.paths(route).iter().zip(&made_up) {
                        let what = format!("{:?} {method} {path}", person.kind);
                        let real = told(&send(browser, method, path, FORM).await);
                        assert_eq!(real.0, 404, "{what}");
                        assert_eq!(real, told(&send(browser, method, made_up, FORM).await), "{what}");
                        compared += 1;
                    }
                }
            }
        }
    }
    assert!(compared > 400, "{compared} addresses were compared");
}

async fn what_is_named_in_passing_is_isolated_too(portal: &TestPortal) {
    let world = World::new(portal).await;
    let stranger = world.person(Kind::Stranger);
    let own = stranger.get("/").await.location().to_owned();
    let tenant = stranger.get(&own).await.after("href=\"/tenants/", '"');
    let project = stranger.post(&format!("/tenants/{tenant}/projects/new"), &[("name", "P")]).await;
    let app = stranger.post(&format!("{}/apps/new", project.location()), &[("name", "A"), ("os", "web")]).await;
    nothing_is_named(&world, stranger, &own, &format!("{}/keys", app.location())).await;
    // The same for a person of another project of the same organization.
    let beside = world.person(Kind::With(Role::ProjectAdmin, Spot::OtherProject));
    let own = format!("/orgs/{}", world.id("org_id"));
    let project = beside.get(&own).await.after("href=\"/projects/", '"');
    let app = beside.get(&format!("/projects/{project}")).await.after("href=\"/apps/", '"');
    nothing_is_named(&world, beside, &own, &format!("/apps/{app}/keys")).await;
}

/// Forms and addresses of a person's own organization and app that name a key or an app of the main branch, which they do
/// not see.
async fn nothing_is_named(world: &World, browser: &Client, own: &str, keys: &str) {
    let (key, app) = (world.id("key_id"), world.id("app_id"));
    let (no_key, no_app) = (nobodys(key), nobodys(app));
    let panel = |keys: &str, key: &str| {
        let path = format!("{keys}?panel=generate&like={key}");
        async move {
            let answer = browser.get(&path).await;
            let token = answer.hidden("form_token");
            let (_, body) = without_what_differs(&answer);
            (answer.status, body.replace(&token, "TOKEN").replace(path.rsplit('=').next().unwrap_or_default(), "KEY"))
        }
    };
    for keys in [keys.to_owned(), format!("{own}/keys")] {
        assert_eq!(panel(&keys, key).await, panel(&keys, &no_key).await, "{keys}");
    }
    let refused = |app_id: String| async move {
        let token = browser.get(&format!("{keys}?panel=generate")).await.hidden("form_token");
        let fields = [("form_token", token.as_str()), ("app_id", &app_id), ("label", "Eve was here")];
        let fields = [&fields[..], &[("environment", "production"), ("scopes", "read"), ("expires", "never")]];
        let answer = browser.post(&format!("{own}/keys"), &fields.concat()).await;
        let token = answer.hidden("form_token");
        let (_, body) = without_what_differs(&answer);
        (answer.status.as_u16(), body.replace(&token, "TOKEN").replace(&app_id, "APP"))
    };
    let theirs = refused(app.to_owned()).await;
    assert_eq!(theirs.0, 422);
    assert_eq!(theirs, refused(no_app).await);
    // Among the keys that are chosen in a list, and as what is searched for.
    for list in [keys.to_owned(), format!("{own}/keys")] {
        let chosen = |key: String| {
            let path = format!("{list}/chosen");
            async move {
                let form = [("do", "revoke"), ("key", key.as_str()), ("reason", "Eve was here")];
                [
                    told(&browser.get(&format!("{path}?do=pause&key={key}")).await),
                    told(&browser.post(&path, &form).await),
                ]
                .map(|(status, headers, body)| (status, headers, body.replace(&key, "KEY")))
            }
        };
        let theirs = chosen(key.to_owned()).await;
        assert!(theirs.iter().all(|(status, ..)| *status == 404), "{theirs:?}");
        assert_eq!(theirs, chosen(no_key.clone()).await, "{list}");
        let searched = |key: String| {
            let path = format!("{list}/search");
            async move {
                let (status, headers, body) = told(&browser.post(&path, &[("q", &key)]).await);
                let headers: Vec<_> =
                    headers.into_iter().map(|(name, value)| (name, value.replace(&key, "KEY"))).collect();
                (status, headers, body.replace(&key, "KEY"))
            }
        };
        assert_eq!(searched(key.to_owned()).await, searched(no_key.clone()).await, "{list}");
    }
}

async fn other_methods_are_refused(portal: &TestPortal) {
    let world = World::new(portal).await;
    let before = portal.store.dump().await;
    for (route, _) in routes() {
        for person in &world.people {
            for method in [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
                let taken = if method == Method::HEAD { Method::GET } else { method.clone() };
                if route.methods.contains(&taken) {
                    continue;
                }
                let path = &world.paths(route)[0];
                let what = format!("{:?} {method} {path}", person.kind);
                let answer = send(&person.browser, &method, path, FORM).await;
                assert_eq!(answer.status, 405, "{what}");
                let allowed: Vec<_> = answer.header("allow").split(',').filter(|method| *method != "HEAD").collect();
                assert_eq!(allowed, route.methods.iter().map(Method::as_str).collect::<Vec<_>>(), "{what}");
                assert_guarded(&answer, &what);
            }
        }
    }
    assert_eq!(portal.store.dump().await, before, "a refused request changed something");
}

async fn what_is_no_id_is_not_found(portal: &TestPortal) {
    let world = World::new(portal).await;
    let owner: &Client = world.person(OWNER);
    let junk = ["x", "%00", "%ff", "..%2f..", "%F0%9F%A6%80", "' OR 1=1 --", "org_", &"a".repeat(5_000)];
    for (route, _) in routes().iter().filter(|(route, _)| route.path.contains('{')) {
        // An id of another kind is not found either.
        let others = [
            "org_id",
            "tenant_id",
            "project_id",
            "app_id",
            "key_id",
            "request_id",
            "user_id",
            "token_id",
            "personal_token_id",
        ];
        let others = others.iter().filter(|name| !route.path.contains(&format!("{{{name}}}")));
        let others = others.map(|name| world.id(name).to_owned());
        for id in junk.iter().map(|id| (*id).replace([' ', '\''], "%20")).chain(others) {
            let path = fill(route.path, |_| id.clone());
            for method in route.methods {
                let answer = ask(owner, method, &path).await;
                assert_eq!(answer.status, 404, "{method} {path}");
                assert_guarded(&answer, &path);
            }
        }
    }
}
