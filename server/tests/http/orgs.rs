//! `/orgs/…`, `/tenants/…`, `/projects/…`

mod evidence;
mod expiring;
mod export;
mod hygiene;
mod members;
mod proof;

use crate::portal::TestPortal;

crate::on_both_portals!(
    an_organization_is_made_with_its_tenant,
    what_was_typed_is_kept,
    empty_pages_say_what_to_do,
    the_first_steps_tick_themselves,
    the_last_one_that_was_open_is_kept,
    keys_are_narrowed_to_a_tenant,
    names_are_what_is_seen_of_them,
);

async fn an_organization_is_made_with_its_tenant(portal: &TestPortal) {
    portal.set_up().await;
    let org = portal.org("Focus Labs").await;
    assert!(org.starts_with("org_focus_labs_"), "{org}");
    let page = portal.get(&format!("/orgs/{org}")).await;
    for text in ["Focus Labs", "Development", "Owner", "Switch organization", "New tenant"] {
        assert!(page.body.contains(text), "{text}");
    }
    assert_eq!(portal.get("/").await.location(), format!("/orgs/{org}"));
}

async fn what_was_typed_is_kept(portal: &TestPortal) {
    portal.set_up().await;
    let fields =
        [("name", ""), ("description", "Measures </textarea><script>attention"), ("plan", "gold"), ("tenant", "T")];
    let answer = portal.post("/orgs/new", &fields).await;
    assert_eq!(answer.status, 422);
    for text in [
        "Give the organization a name.",
        "Choose starter, pro or enterprise.",
        "Measures &lt;/textarea&gt;&lt;script&gt;attention",
    ] {
        assert!(answer.body.contains(text), "{text}");
    }
    assert!(answer.body.contains("aria-invalid=\"true\""));
    assert_eq!(portal.get("/").await.location(), "/orgs/new", "nothing was made");
}

async fn empty_pages_say_what_to_do(portal: &TestPortal) {
    portal.set_up().await;
    let org = portal.org("Focus Labs").await;
    let tenant = portal.get(&format!("/orgs/{org}")).await.after("href=\"/tenants/", '"');
    let page = portal.get(&format!("/tenants/{tenant}")).await.body;
    assert!(page.contains("No project yet"));
    assert_eq!(page.matches(">New project<").count(), 1, "the button is there once");
    let made = portal.post(&format!("/tenants/{tenant}/projects/new"), &[("name", "Biosignals")]).await;
    let project = portal.get(made.location()).await.body;
    assert!(project.contains("No app yet"));
    assert_eq!(project.matches(">New app<").count(), 1);
    let keys = portal.get(&format!("/orgs/{org}/keys")).await.body;
    assert!(keys.contains("No apps yet"));
}

async fn the_first_steps_tick_themselves(portal: &TestPortal) {
    portal.set_up().await;
    let new = portal.get("/orgs/new").await.body;
    assert!(new.contains("600 requests per minute, for each key") && new.contains("No limit on requests"), "{new}");
    let org = portal.org("Focus Labs").await;
    let (overview, keys) = (format!("/orgs/{org}"), format!("/orgs/{org}/keys"));
    let steps = async || {
        let page = portal.get(&overview).await;
        let next = page.body.split("step-next").nth(1).expect("a next step");
        let href = next.split("href=\"").nth(1).and_then(|href| href.split('"').next()).expect("its address");
        (page.after("<span class=\"muted\">", '<'), href.to_owned())
    };
    let tenant = portal.get(&overview).await.after("href=\"/tenants/", '"');
    let new_project = format!("/tenants/{tenant}/projects/new");
    assert_eq!(steps().await, ("1 of 5".to_owned(), new_project.clone()));
    assert!(
        portal
            .get(&keys)
            .await
            .body
            .contains(&format!("href=\"{new_project}\" class=\"btn btn-primary\">New project<"))
    );
    let project = portal.post(&new_project, &[("name", "Biosignals")]).await.location().to_owned();
    assert_eq!(steps().await, ("2 of 5".to_owned(), format!("{project}/apps/new")));
    let app = portal.post(&format!("{project}/apps/new"), &[("name", "Web"), ("os", "web")]).await;
    let app = sallyport::id::AppId::parse(app.location().trim_start_matches("/apps/")).expect("an id");
    assert_eq!(steps().await, ("3 of 5".to_owned(), format!("/apps/{app}/keys?panel=generate")));
    let made = portal.get(&overview).await.body;
    for name in ["Development", "Biosignals", "Web"] {
        assert!(made.contains(&format!("<span class=\"muted\">{name}</span>")), "{name}: {made}");
    }
    let (_, secret) = portal.key(&app).await;
    let page = portal.get(&overview).await.body;
    assert!(page.contains("4 of 5") && page.contains("Waiting for the first request…"), "{page}");
    assert_eq!(portal.auth("", &[("x-api-key", &secret)]).await.status, 200);
    portal.state.verifier.flush().await.expect("written");
    assert!(!portal.get(&overview).await.body.contains("Get started"), "there is nothing left to do");
}

async fn the_last_one_that_was_open_is_kept(portal: &TestPortal) {
    portal.set_up().await;
    let (acme, focus) = (portal.org("Acme").await, portal.org("Focus").await);
    portal.get(&format!("/orgs/{focus}")).await;
    assert_eq!(portal.get("/").await.location(), format!("/orgs/{focus}"));
    for page in ["/account", "/nothing/here"] {
        assert!(portal.get(page).await.body.contains(&format!("href=\"/orgs/{focus}/activity\"")), "{page}");
    }
    portal.get(&format!("/orgs/{acme}/members")).await;
    assert_eq!(portal.get("/").await.location(), format!("/orgs/{acme}"));
    let cookie = portal.get(&format!("/orgs/{focus}")).await.cookies().join(";");
    assert!(cookie.contains(&format!("recent={focus}.{acme}")) && cookie.contains("HttpOnly"), "{cookie}");
    // It grants nothing: another person's organization appears not to exist.
    let eve = portal.stranger().await;
    eve.set_cookie("recent", &focus);
    let home = eve.get("/").await;
    assert!(
        !home.location().contains(&focus) && !eve.get("/account").await.body.contains(&focus),
        "{}",
        home.location()
    );
}

async fn keys_are_narrowed_to_a_tenant(portal: &TestPortal) {
    portal.set_up().await;
    let org = portal.org("Focus").await;
    let app = portal.app_in(&org, "App").await;
    let (key, _) = portal.key(&app).await;
    let tenant = portal.get(&format!("/apps/{app}/identifiers.json")).await.json()["tenant_id"].clone();
    let tenant = tenant.as_str().expect("an id");
    let list = format!("/orgs/{org}/keys?tenant={tenant}");
    let page = portal.get(&list).await.body;
    assert!(page.contains(&key) && page.contains("Tenant: "), "{page}");
    assert!(portal.get(&format!("/tenants/{tenant}")).await.body.contains(&list), "the sidebar keeps it");
    let empty = portal.post(&format!("/orgs/{org}/tenants/new"), &[("name", "Empty")]).await;
    let empty = empty.location().trim_start_matches("/tenants/").to_owned();
    assert!(!portal.get(&format!("/orgs/{org}/keys?tenant={empty}")).await.body.contains(&key));
    let other = portal.org("Other").await;
    assert_eq!(portal.get(&format!("/orgs/{other}/keys?tenant={tenant}")).await.status, 404);
    assert_eq!(portal.get(&format!("/orgs/{org}/keys?tenant=x")).await.status, 400);
}

async fn names_are_what_is_seen_of_them(portal: &TestPortal) {
    portal.set_up().await;
    let org = portal.org("Focus").await;
    let path = format!("/orgs/{org}/tenants/new");
    for name in ["👩\u{200d}🔬 Lab", "می\u{200c}خواهم"] {
        let made = portal.post(&path, &[("name", name)]).await;
        assert_eq!(made.status, 303, "{name}");
        assert!(portal.get(made.location()).await.body.contains(name));
    }
    for (name, message) in [("\u{3164}", "Nothing of this is seen"), ("a\u{202e}b", "a control character is in it")] {
        let refused = portal.post(&path, &[("name", name)]).await;
        assert!(refused.status == 422 && refused.body.contains(message), "{name:?}: {}", refused.body);
    }
}
