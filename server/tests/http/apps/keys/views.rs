//! `/apps/{app_id}/keys/views`, `/orgs/{org_id}/keys/views`

use sallyport::{
    audit::{Act, Actor},
    id::OrgId,
    key::PlainSecret,
    member::Role,
    testing::SeededEntropy,
};

use crate::{
    client::Answer,
    portal::{PASSWORD, TestPortal},
};

const PROFILE: &str = include_str!("../../../../../examples/profiles/default.toml");

crate::on_both_portals!(
    a_view_is_saved_opened_and_deleted,
    errors_are_beside_the_name,
    only_filters_of_a_list_are_saved,
    nobody_sees_the_views_of_another,
    what_is_no_longer_valid_is_left_out,
);

/// The views that the page links to, each with its address.
fn views(page: &str) -> Vec<(String, String)> {
    let nav =
        page.split_once("aria-label=\"Views\"").map_or("", |(_, rest)| rest.split_once("</nav>").expect("ends").0);
    let links = nav.split("<a href=\"").skip(1).map(|link| {
        let (href, rest) = link.split_once('"').expect("an address");
        let name = rest.split_once('>').and_then(|(_, text)| text.split_once("</a>")).expect("a name").0;
        (name.to_owned(), href.replace("&amp;", "&"))
    });
    links.collect()
}

fn names(page: &str) -> Vec<String> {
    views(page).into_iter().map(|(name, _)| name).collect()
}

/// The name of the current view.
fn current(page: &str) -> Option<&str> {
    let nav = page.split_once("aria-label=\"Views\"")?.1.split_once("</nav>")?.0;
    let link = nav.split("<a ").find(|link| link.contains("aria-current=\"page\""))?;
    Some(link.split_once('>')?.1.split_once("</a>")?.0)
}

async fn save(portal: &TestPortal, list: &str, name: &str, filters: &str) -> Answer {
    portal.post(&format!("{list}/views"), &[("do", "save"), ("name", name), ("filters", filters)]).await
}

async fn lists(portal: &TestPortal) -> [String; 2] {
    portal.set_up().await;
    let org = portal.org("Focus Labs").await;
    let app = portal.app_in(&org, "Focus and calm").await;
    portal.key(&app).await;
    [format!("/apps/{app}/keys"), format!("/orgs/{org}/keys")]
}

async fn a_view_is_saved_opened_and_deleted(portal: &TestPortal) {
    for list in lists(portal).await {
        let plain = portal.get(&list).await.body;
        assert!(!plain.contains("Save view") && views(&plain).is_empty(), "nothing to save, and no view: {plain}");
        let filtered = format!("{list}?environment=production&sort=label");
        let page = portal.get(&filtered).await.body;
        assert!(
            page.contains(&format!("href=\"{list}/views?do=save&amp;environment=production&amp;sort=label\"")),
            "{page}"
        );
        let dialog = portal.get(&format!("{list}/views?do=save&environment=production&sort=label")).await;
        assert!(dialog.body.contains("id=\"dialog-title\">Save view</h2>"), "{}", dialog.body);
        assert_eq!(dialog.hidden("filters").replace("&amp;", "&"), "environment=production&sort=label");

        let saved = save(portal, &list, " Live & <b> ", "environment=production&sort=label").await;
        assert_eq!((saved.status.as_u16(), saved.location()), (303, filtered.as_str()));
        let shown = portal.get(saved.location()).await;
        let page = shown.body.clone();
        assert_eq!(names(&page), ["All keys", "Live &amp; &lt;b&gt;"]);
        assert_eq!(current(&page), Some("Live &amp; &lt;b&gt;"));
        assert!(!page.contains("Save view"), "it is saved: {page}");
        let plain = portal.get(&list).await.body;
        assert_eq!(current(&plain), Some("All keys"));
        assert!(plain.contains(">Delete Live &amp; &lt;b&gt;</a>"), "{plain}");
        assert_eq!(views(&plain)[1].1, filtered);

        let delete = shown.after(&format!("href=\"{list}/views?do=delete"), '"').replace("&amp;", "&");
        let asked = portal.get(&format!("{list}/views?do=delete{delete}")).await;
        assert!(asked.body.contains("Delete this view?"), "{}", asked.body);
        assert_eq!(names(&portal.get(&list).await.body).len(), 2, "looking deletes nothing");
        let (view, filters) = (asked.hidden("view"), "environment=production&sort=label");
        let form = [("do", "delete"), ("view", view.as_str()), ("filters", filters)];
        for _ in 0..2 {
            let deleted = portal.post(&format!("{list}/views"), &form).await;
            assert_eq!((deleted.status.as_u16(), deleted.location()), (303, filtered.as_str()));
        }
        let page = portal.get(&filtered).await.body;
        assert!(views(&page).is_empty() && page.contains("Save view"), "the filters are as they were: {page}");
        let gone = portal.get(&format!("{list}/views?do=delete&view={view}")).await;
        assert_eq!((gone.status.as_u16(), gone.location()), (303, list.as_str()));
    }
}

async fn errors_are_beside_the_name(portal: &TestPortal) {
    let [list, _] = lists(portal).await;
    assert_eq!(save(portal, &list, "Live", "environment=production").await.status, 303);
    let long = "x".repeat(61);
    for (name, message) in [
        (" ", "Give the view a name."),
        (long.as_str(), "At most 60 characters; this has 61."),
        ("LIVE", "There is a view of this name here already."),
    ] {
        let refused = save(portal, &list, name, "status=unused&sort=label").await;
        assert_eq!(refused.status, 422, "{name}");
        assert!(
            refused.body.contains(&format!("id=\"name-error\" class=\"field-error\">{message}")),
            "{}",
            refused.body
        );
        assert!(refused.body.contains(&format!("value=\"{}\"", name)), "what was typed is kept: {name}");
        assert_eq!(refused.hidden("filters").replace("&amp;", "&"), "status=unused&sort=label");
        assert!(refused.body.contains("Status: Unused"), "in front of the list with its filters");
    }
    for n in 1..20 {
        assert_eq!(save(portal, &list, &format!("View {n}"), "status=unused").await.status, 303);
    }
    let refused = save(portal, &list, "One more", "status=unused").await;
    assert!(refused.body.contains("class=\"field-error\">You have 20 views of this list already"), "{}", refused.body);
}

async fn only_filters_of_a_list_are_saved(portal: &TestPortal) {
    let [list, of_org] = lists(portal).await;
    for (name, filters, to) in [
        ("One", "label=a%26b+c&before=key_x.1&after=2&panel=generate&done=paused&evil=1", "?label=a%26b+c"),
        ("Two", "tenant=ten_x_000000&scope=read", "?scope=read"),
        ("Three", "sort=newest&include_revoked=on", "?include_revoked=1"),
    ] {
        assert_eq!(save(portal, &list, name, filters).await.status, 303, "{name}");
        let page = portal.get(&list).await.body;
        let (_, href) = views(&page).into_iter().find(|(view, _)| view == name).expect("a link");
        assert_eq!(href, format!("{list}{to}"));
    }
    let secret = PlainSecret::mint("sk_live_", &SeededEntropy::new(1));
    let key = format!("label={}", secret.expose());
    for (filters, message) in [
        ("", "Set a filter first"),
        ("before=key_x.1", "Set a filter first"),
        ("status=lost", "These filters are not those of a list"),
        ("status=lost\u{0}%ff", "These filters are not those of a list"),
        (key.as_str(), "a whole key or token"),
    ] {
        let refused = save(portal, &of_org, "Live", filters).await;
        assert_eq!(refused.status, 422, "{filters}");
        assert!(refused.body.contains(message), "{filters}: {}", refused.body);
        assert!(!refused.body.contains(secret.expose()), "a refused secret is not sent back: {filters}");
    }
    assert!(views(&portal.get(&of_org).await.body).is_empty());
    let nothing = portal.post(&format!("{list}/views"), &[]).await;
    assert_eq!((nothing.status.as_u16(), nothing.location()), (303, list.as_str()));
    assert_eq!(portal.get(&format!("{list}/views")).await.location(), list);
    assert_eq!(portal.get(&format!("{list}/views?do=save&status=lost")).await.status, 400);
}

async fn nobody_sees_the_views_of_another(portal: &TestPortal) {
    let [list, of_org] = lists(portal).await;
    let eve = portal.stranger().await;
    let user = portal.store.account_by_email("eve@example.com").await.expect("asked").expect("there").user;
    let org = OrgId::parse(of_org.split('/').nth(2).expect("an id")).expect("an id");
    portal.store.add_member(&Act::by(Actor::CommandLine), &org, &user, Role::Owner).await.expect("added");
    for list in [list, of_org] {
        save(portal, &list, "Adas own", "status=unused").await;
        let page = portal.get(&format!("{list}?status=unused")).await;
        let view = page.after("do=delete&amp;view=", '&');
        let hers = eve.get(&format!("{list}?status=unused")).await.body;
        assert!(!hers.contains("Adas own") && views(&hers).is_empty() && hers.contains("Save view"), "{hers}");
        let asked = eve.get(&format!("{list}/views?do=delete&view={view}")).await;
        assert_eq!((asked.status.as_u16(), asked.location()), (303, list.as_str()));
        eve.post(&format!("{list}/views"), &[("do", "delete"), ("view", &view), ("filters", "")]).await;
        assert_eq!(names(&portal.get(&list).await.body), ["All keys", "Adas own"]);
    }
}

async fn what_is_no_longer_valid_is_left_out(portal: &TestPortal) {
    let [list, of_org] = lists(portal).await;
    let org = of_org.split('/').nth(2).expect("an id");
    let made = portal.post(&format!("/orgs/{org}/tenants/new"), &[("name", "Short-lived")]).await;
    let tenant = made.location().rsplit('/').next().expect("an id").to_owned();
    save(portal, &of_org, "Its tenant", &format!("status=active&tenant={tenant}")).await;
    save(portal, &list, "Its scope", "scope=delete&sort=label").await;
    let open = |page: &str| views(page).remove(1).1;
    assert_eq!(open(&portal.get(&of_org).await.body), format!("{of_org}?status=active&tenant={tenant}"));
    portal.post(&format!("/tenants/{tenant}/settings/delete"), &[("typed_name", "Short-lived")]).await;
    assert_eq!(open(&portal.get(&of_org).await.body), format!("{of_org}?status=active"));

    let scope = "[[scopes]]\nname = \"delete\"\ntitle = \"Delete\"\ndescription = \"Remove records for good\"\nmethods = [\"DELETE\"]\n";
    let profile = PROFILE.replace(scope, "").replace(", \"delete\"]", "]");
    assert!(!profile.contains("\"delete\""), "{profile}");
    let later = portal.with_profile(&profile).await;
    let signed_in = later.post("/sign-in", &[("email", "ada@example.com"), ("password", PASSWORD)]).await;
    assert_eq!(signed_in.status, 303);
    let page = later.get(&list).await.body;
    assert_eq!(open(&page), format!("{list}?sort=label"));
    let page = later.get(&open(&page)).await;
    assert_eq!(page.status, 200);
    assert_eq!(current(&page.body), Some("Its scope"));

    // Nothing of it is valid: it shows all keys, and can be deleted.
    save(portal, &list, "A scope alone", "scope=delete").await;
    let page = later.get(&list).await;
    assert_eq!(views(&page.body)[1], ("A scope alone".to_owned(), list.clone()));
    let view = page.after("do=delete&amp;view=", '"');
    let form = [("do", "delete"), ("view", view.as_str()), ("filters", "")];
    assert_eq!(later.post(&format!("{list}/views"), &form).await.location(), list);
    assert_eq!(names(&later.get(&list).await.body), ["All keys", "Its scope"]);
}
