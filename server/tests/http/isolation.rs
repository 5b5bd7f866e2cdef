//! What belongs to another organization looks exactly like what does not exist.

use axum::http::{Method, header};

use crate::{
    client::{Client, ORIGIN},
    portal::TestPortal,
};

crate::on_both_portals!(another_organization_does_not_exist, signed_out_sees_nothing);

/// Every address below an organization, with the methods it takes.
async fn addresses(portal: &TestPortal) -> Vec<(Method, String)> {
    let app = portal.app().await;
    let (key, _) = portal.key(&app).await;
    let ids = portal.get(&format!("/apps/{app}/identifiers.json")).await.json();
    let id = |name: &str| ids[name].as_str().expect("text").to_owned();
    let (org, tenant, project) = (id("org_id"), id("tenant_id"), id("project_id"));
    let gets = [
        format!("/orgs/{org}"),
        format!("/orgs/{org}/keys"),
        format!("/orgs/{org}/keys?panel=generate"),
        format!("/orgs/{org}/activity"),
        format!("/orgs/{org}/members"),
        format!("/orgs/{org}/tenants/new"),
        format!("/tenants/{tenant}"),
        format!("/tenants/{tenant}/projects/new"),
        format!("/projects/{project}"),
        format!("/projects/{project}/apps/new"),
        format!("/apps/{app}"),
        format!("/apps/{app}/identifiers.json"),
        format!("/apps/{app}/keys"),
        format!("/apps/{app}/keys?panel=generate"),
        format!("/apps/{app}/activity"),
        format!("/keys/{key}"),
        format!("/keys/{key}/revoke"),
    ];
    let posts = [
        format!("/orgs/{org}/keys"),
        format!("/orgs/{org}/members"),
        format!("/orgs/{org}/tenants/new"),
        format!("/tenants/{tenant}/projects/new"),
        format!("/projects/{project}/apps/new"),
        format!("/apps/{app}/keys"),
        format!("/keys/{key}/revoke"),
    ];
    let gets = gets.into_iter().map(|path| (Method::GET, path));
    gets.chain(posts.into_iter().map(|path| (Method::POST, path))).collect()
}

/// The same address with an id that nobody has.
fn made_up(path: &str) -> String {
    let (head, rest) = path[1..].split_once('/').expect("a place and an id");
    let (id, tail) = rest.find(['/', '?']).map_or((rest, ""), |at| rest.split_at(at));
    format!("/{head}/{}XXXXXX{tail}", &id[..id.len() - 6])
}

async fn ask(client: &Client, method: &Method, path: &str) -> (u16, String, String) {
    let answer = if *method == Method::POST {
        client.post(path, &[("name", "Eve was here"), ("os", "web"), ("reason", "")]).await
    } else {
        client.get(path).await
    };
    let body = answer.body.replace(answer.header("x-request-id"), "ID");
    (answer.status.as_u16(), answer.location().to_owned(), body)
}

async fn another_organization_does_not_exist(portal: &TestPortal) {
    portal.set_up().await;
    let addresses = addresses(portal).await;
    let eve = portal.stranger().await;
    for (method, path) in &addresses {
        let real = ask(&eve, method, path).await;
        let made_up = ask(&eve, method, &made_up(path)).await;
        assert_eq!(real.0, 404, "{method} {path}");
        assert_eq!(real, made_up, "{method} {path}");
    }
    // And nothing came of it.
    for (method, path) in &addresses {
        if *method == Method::GET {
            let page = ask(portal, method, path).await;
            assert_eq!(page.0, 200, "{path}");
            assert!(!page.2.contains("Eve was here"));
        }
    }
}

async fn signed_out_sees_nothing(portal: &TestPortal) {
    portal.set_up().await;
    let nobody = portal.another();
    for (method, path) in addresses(portal).await {
        let (status, location, body) = ask(&nobody, &method, &path).await;
        assert_eq!(status, 303, "{method} {path}");
        assert!(location.starts_with("/sign-in"), "{method} {path}: {location}");
        assert_eq!(body, "");
    }
    // Not even by saying that one comes from here.
    let request = Client::request(Method::POST, "/orgs/new").header(header::ORIGIN, ORIGIN);
    let answer = nobody.send(request.body(axum::body::Body::empty()).expect("a request")).await;
    assert_eq!(answer.status, 303);
}
