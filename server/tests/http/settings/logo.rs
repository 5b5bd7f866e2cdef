//! `/orgs/{org_id}/settings/logo`, `/orgs/{org_id}/logo/{digest}`

use axum::{
    body::Body,
    http::{Method, header},
};
use sallyport::{
    audit::{Act, Actor},
    id::OrgId,
    member::Role,
    picture::{LIMIT, Picture},
    testing::picture::{jpeg, png, webp},
};

use super::places;
use crate::{
    client::{Client, ORIGIN},
    middleware::headers::assert_guarded,
    portal::TestPortal,
};

crate::on_both_portals!(
    it_is_shown_instead_of_the_initials,
    other_files_are_refused_beside_the_field,
    those_who_see_the_organization_see_it,
    it_ends_with_the_organization,
);

/// The organization's address, with an app in it.
async fn org(portal: &TestPortal) -> String {
    portal.set_up().await;
    let app = portal.app().await;
    let [org, ..] = places(portal, app.as_str()).await;
    org
}

async fn it_is_shown_instead_of_the_initials(portal: &TestPortal) {
    let org = org(portal).await;
    let settings = format!("{org}/settings");
    let saved = (303, format!("{settings}?saved=1"));
    for (file, media_type) in [(png(64, 64), "image/png"), (jpeg(64, 64), "image/jpeg"), (webp(64, 64), "image/webp")] {
        let answer = portal.post_file(&format!("{settings}/logo"), "logo", &file).await;
        assert_eq!((answer.status.as_u16(), answer.location().to_owned()), saved, "{}", answer.body);
        let digest = Picture::check(file.clone(), Picture::OF_PEOPLE).expect("a logo").digest;
        let address = format!("{org}/logo/{digest}");
        let shown = format!("<img src=\"{address}\" alt=\"\" class=\"avatar avatar-logo\"");
        // The switcher's button and its entry; in the settings beside the form, too.
        assert_eq!(portal.get(&org).await.body.matches(&shown).count(), 2);
        assert_eq!(portal.get(&settings).await.body.matches(&shown).count(), 3);

        let logo = portal.get(&address).await;
        assert_eq!((logo.status.as_u16(), logo.header("content-type")), (200, media_type));
        assert_eq!(logo.body, String::from_utf8_lossy(&file));
        assert_eq!(logo.header("cache-control"), "private, max-age=31536000, immutable");
        assert_eq!(logo.header("content-encoding"), "");
        assert_guarded(&logo, &address);
    }
    let answer = portal.post(&format!("{settings}/logo/remove"), &[]).await;
    assert_eq!((answer.status.as_u16(), answer.location().to_owned()), saved);
    let page = portal.get(&settings).await.body;
    assert!(!page.contains("avatar-logo") && !page.contains("Remove logo"), "{page}");
    let activity = portal.get(&format!("{org}/activity")).await.body;
    assert!(activity.contains("logo changed") && activity.contains("logo removed"), "{activity}");
}

async fn other_files_are_refused_beside_the_field(portal: &TestPortal) {
    let org = org(portal).await;
    let upload = format!("{org}/settings/logo");
    let before = portal.store.dump().await;
    for (file, said) in [
        (Vec::new(), "Choose a file."),
        (b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>".to_vec(), "PNG, JPEG, WebP"),
        (png(2000, 64), "2000 × 64"),
        ([png(64, 64), vec![0; LIMIT]].concat(), "at most 64 KB"),
        // Of these not even all is read.
        (vec![0; 200_000], "at most 64 KB"),
    ] {
        let answer = portal.post_file(&upload, "logo", &file).await;
        assert_eq!(answer.status, 422, "{said}");
        assert!(answer.after("id=\"logo-error\"", '<').contains(said), "{said}: {}", answer.body);
        assert!(answer.body.contains("value=\"Focus Labs\""), "the name is as it is");
    }
    for (kind, body) in [
        ("application/x-www-form-urlencoded", "logo=x"),
        ("multipart/form-data", "x"),
        ("multipart/form-data; boundary=x", "x"),
    ] {
        let request = Client::request(Method::POST, &upload)
            .header(header::ORIGIN, ORIGIN)
            .header(header::CONTENT_TYPE, kind)
            .body(Body::from(body));
        let answer = portal.send(request.expect("a request")).await;
        assert_eq!(answer.status, 400, "{kind}");
    }
    assert_eq!(portal.store.dump().await, before, "nothing is written");
    // Another site's page can send such a form without asking.
    let foreign = Client::request(Method::POST, &upload)
        .header(header::ORIGIN, "https://evil.example")
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=x")
        .body(Body::empty());
    assert_eq!(portal.send(foreign.expect("a request")).await.status, 403);
}

async fn those_who_see_the_organization_see_it(portal: &TestPortal) {
    let org = org(portal).await;
    let upload = format!("{org}/settings/logo");
    assert_eq!(portal.post_file(&upload, "logo", &png(64, 64)).await.status, 303);
    let address = format!("{org}/logo/{}", portal.get(&org).await.after(&format!("<img src=\"{org}/logo/"), '"'));
    let guest = portal.another().get(&address).await;
    assert!(guest.status == 303 && guest.location().starts_with("/sign-in"), "{}", guest.location());
    let eve = portal.stranger().await;
    assert_eq!(eve.get(&address).await.status, 404);
    // The digest alone opens nothing: it belongs to the organization.
    let fields = [("name", "Elsewhere"), ("description", ""), ("plan", "pro"), ("tenant", "Development")];
    let own = eve.post("/orgs/new", &fields).await.location().to_owned();
    let (_, digest) = address.rsplit_once('/').expect("a digest");
    for path in [format!("{own}/logo/{digest}"), format!("{org}/logo/{}", "0".repeat(32))] {
        assert_eq!(portal.get(&path).await.status, 404, "{path}");
        assert_eq!(eve.get(&path).await.status, 404, "{path}");
    }
    let user = portal.store.user_to_sign_in("eve@example.com").await.expect("asked").expect("known").0;
    let id = OrgId::parse(org.trim_start_matches("/orgs/")).expect("an id");
    portal.store.add_member(&Act::by(Actor::CommandLine), &id, &user, Role::Developer).await.expect("added");
    assert_eq!(eve.get(&address).await.status, 200);
    assert!(!eve.get(&format!("{org}/settings")).await.body.contains("Upload logo"));
    assert_eq!(eve.post_file(&upload, "logo", &png(32, 32)).await.status, 403);
    assert_eq!(eve.post(&format!("{upload}/remove"), &[]).await.status, 403);
    assert_eq!(portal.get(&address).await.status, 200);
}

async fn it_ends_with_the_organization(portal: &TestPortal) {
    let org = org(portal).await;
    assert_eq!(portal.post_file(&format!("{org}/settings/logo"), "logo", &png(64, 64)).await.status, 303);
    let answer = portal.post(&format!("{org}/settings/delete"), &[("typed_name", "Focus Labs")]).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    assert_eq!(portal.store.dump().await["org_logos"], Vec::<String>::new());
}
