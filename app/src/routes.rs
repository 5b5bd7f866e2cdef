//! The portal's addresses: a page and the form on it share one.

use axum::{Router, http::Method};

use crate::{context::Context, error::PageError, pages::*};

/// An address as the router matches it, and the methods it answers.
#[derive(Debug)]
pub struct Route {
    pub path: &'static str,
    pub methods: &'static [Method],
}

/// One list becomes both the router and [`ROUTES`], so that a test which walks the one has seen the other.
macro_rules! routes {
    ($($path:literal $($page:ident)::+ [$($verb:ident)+])*) => {
        /// Every address of the portal.
        pub const ROUTES: &[Route] = &[$(Route { path: $path, methods: &[$(routes!(@method $verb)),+] }),*];

        pub fn routes() -> Router<Context> {
            Router::new()
                $(.route($path, routes!(@page [$($page)::+] $($verb)+)))*
                .fallback(|| async { PageError::NotFound })
        }
    };
    (@method get) => { Method::GET };
    (@method post) => { Method::POST };
    (@page [$($page:ident)::+] get) => { axum::routing::get($($page)::+::get) };
    (@page [$($page:ident)::+] post) => { axum::routing::post($($page)::+::post) };
    (@page [$($page:ident)::+] get post) => { axum::routing::get($($page)::+::get).post($($page)::+::post) };
}

// Address, page (a module of `crate::pages`), its functions.
routes! {
    "/"                                  home                [get]
    "/setup"                             setup               [get post]
    "/sign-in"                           sign_in             [get post]
    "/sign-out"                          sign_out            [post]
    "/theme"                             theme               [post]
    "/orgs/new"                          orgs::new           [get post]
    "/orgs/{org_id}"                     orgs::overview      [get]
    "/orgs/{org_id}/keys"                orgs::keys          [get post]
    "/orgs/{org_id}/activity"            orgs::activity      [get]
    "/orgs/{org_id}/tenants/new"         tenants::new        [get post]
    "/tenants/{tenant_id}"               tenants::overview   [get]
    "/tenants/{tenant_id}/projects/new"  projects::new       [get post]
    "/projects/{project_id}"             projects::overview  [get]
    "/projects/{project_id}/apps/new"    apps::new           [get post]
    "/apps/{app_id}"                     apps::overview      [get]
    "/apps/{app_id}/identifiers.json"    apps::identifiers   [get]
    "/apps/{app_id}/keys"                apps::keys          [get post]
    "/apps/{app_id}/activity"            apps::activity      [get]
    "/keys/{key_id}"                     keys::overview      [get]
    "/keys/{key_id}/revoke"              keys::revoke        [get post]
}
