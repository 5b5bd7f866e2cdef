//! The portal's addresses: a page and its form share one.

use axum::{Router, http::Method};

use crate::{
    access::{AppAccess, KeyAccess, OperatedOrg, OperatorAccess, OrgAccess, ProjectAccess, TenantAccess},
    acts,
    context::Context,
    error::PageError,
    export::{Csv, Jsonl},
    pages::*,
    sent_form,
};

/// A route, and its methods.
#[derive(Debug)]
pub struct Route {
    pub path: &'static str,
    pub methods: &'static [Method],
}

/// One list produces both the router and [`ROUTES`], so that tests cover every route.
macro_rules! routes {
    ($($path:literal $($page:ident)::+ $(<$($of:ident),+>)? [$($verb:ident)+])*) => {
        /// Every address of the portal.
        pub const ROUTES: &[Route] = &[$(Route { path: $path, methods: &[$(routes!(@method $verb)),+] }),*];

        pub fn routes() -> Router<Context> {
            Router::new()
                $(.route($path, routes!(@page [$($page)::+] [$(::<$($of),+>)?] $($verb)+)))*
                .merge(acts::routes())
                .fallback(|| async { PageError::NotFound })
                .layer(axum::middleware::from_fn(sent_form::keep))
        }
    };
    (@method get) => { Method::GET };
    (@method post) => { Method::POST };
    (@page [$($page:ident)::+] [$($of:tt)*] get) => { axum::routing::get($($page)::+::get $($of)*) };
    (@page [$($page:ident)::+] [$($of:tt)*] post) => { axum::routing::post($($page)::+::post $($of)*) };
    (@page [$($page:ident)::+] [$($of:tt)*] get post) => {
        axum::routing::get($($page)::+::get $($of)*).post($($page)::+::post $($of)*)
    };
}

/// The address to return to after a form was sent to `path`: the path itself if it has a page, else the nearest path
/// above that does.
pub(crate) fn page_at(path: &str) -> &str {
    let mut path = path;
    loop {
        if path.is_empty() {
            return "/";
        }
        if ROUTES.iter().any(|route| route.methods.contains(&Method::GET) && matches(route.path, path)) {
            return path;
        }
        path = path.rsplit_once('/').map_or("", |(above, _)| above);
    }
}

/// Whether the path matches a pattern, such as `/keys/{key_id}`.
fn matches(pattern: &str, path: &str) -> bool {
    let (mut pattern, mut path) = (pattern.split('/'), path.split('/'));
    loop {
        match (pattern.next(), path.next()) {
            (None, None) => return true,
            (Some(name), Some(part)) if name == part || (name.starts_with('{') && !part.is_empty()) => {}
            _ => return false,
        }
    }
}

// Address, page (a module of `crate::pages`, or a submodule if it serves several), its functions.
routes! {
    "/"                                        home                               [get]
    "/setup"                                   setup                              [get post]
    "/sign-in"                                 sign_in                            [get post]
    "/sign-in/code"                            sign_in::code                      [get post]
    "/sign-in/passkey"                         sign_in::passkey                  [post]
    "/sign-in/with/{issuer_id}"                sign_in::with                      [get post]
    "/passkeys/options"                        passkey_options                   [post]
    "/reset"                                   reset                              [get post]
    "/reset/{token}"                           reset::token                       [get post]
    "/invitations/{token}"                     invitation                         [get post]
    "/handover/{handover_id}"                  handover                           [get post]
    "/report-a-leak"                           report_a_leak                      [get post]
    "/sign-out"                                sign_out                           [post]
    "/theme"                                   theme                              [post]
    "/search"                                  search                             [get post]
    "/docs"                                    docs                               [get]
    "/docs/audit"                              docs::audit                        [get]
    "/docs/webhooks"                           docs::webhooks                     [get]
    "/account"                                 account                            [get post]
    "/account/password"                        account::new_password              [get post]
    "/account/confirm"                         account::confirm                   [get post]
    "/account/link"                            account::link                      [get post]
    "/account/authenticator"                   account::authenticator             [get post]
    "/account/authenticator/remove"            account::authenticator::remove     [get post]
    "/account/recovery-codes"                  account::recovery_codes            [get post]
    "/account/recovery-codes/file"             account::recovery_codes::file      [post]
    "/account/passkeys/new"                    account::passkeys::new            [get post]
    "/account/passkeys/{passkey_id}/remove"    account::passkeys::remove         [get post]
    "/account/tokens/new"                      account::tokens::new               [get post]
    "/account/tokens/{personal_token_id}/revoke" account::tokens::revoke          [get post]
    "/device"                                  device                             [get post]
    "/orgs/new"                                orgs::new                          [get post]
    "/orgs/{org_id}"                           orgs::overview                     [get]
    "/orgs/{org_id}/logo/{digest}"             orgs::logo                         [get]
    "/orgs/{org_id}/keys"                      orgs::keys                         [get post]
    "/orgs/{org_id}/keys.csv"                  keys::export <OrgAccess, Csv>      [get]
    "/orgs/{org_id}/keys.jsonl"                keys::export <OrgAccess, Jsonl>    [get]
    "/orgs/{org_id}/keys/search"               keys::search <OrgAccess>           [post]
    "/orgs/{org_id}/keys/chosen"               keys::chosen <OrgAccess>           [get post]
    "/orgs/{org_id}/keys/views"                keys::views <OrgAccess>            [get post]
    "/orgs/{org_id}/keys/revoke-all"           keys::revoke_all <OrgAccess>       [get post]
    "/orgs/{org_id}/hygiene"                   orgs::hygiene                      [get]
    "/orgs/{org_id}/approvals"                 orgs::approvals                    [get]
    "/orgs/{org_id}/expiring"                  orgs::expiring                     [get]
    "/orgs/{org_id}/usage"                     usage <OrgAccess>                  [get]
    "/orgs/{org_id}/usage.csv"                 usage::export <OrgAccess>          [get]
    "/orgs/{org_id}/activity"                  orgs::activity                     [get]
    "/orgs/{org_id}/activity.csv"              activity::export <OrgAccess, Csv>  [get]
    "/orgs/{org_id}/activity.jsonl"            activity::export <OrgAccess, Jsonl> [get]
    "/orgs/{org_id}/activity/evidence"         orgs::evidence                     [get post]
    "/orgs/{org_id}/activity/refused"          orgs::refused                      [get]
    "/orgs/{org_id}/activity/{seq}/proof"      activity::proof <OrgAccess>        [get]
    "/orgs/{org_id}/activity/{seq}/proof.json" activity::proof::file <OrgAccess>  [get]
    "/orgs/{org_id}/members"                   members <OrgAccess>                [get post]
    "/orgs/{org_id}/invitations"               members::invitations <OrgAccess>   [get post]
    "/orgs/{org_id}/members.csv"               members::export <Csv>              [get]
    "/orgs/{org_id}/members.jsonl"             members::export <Jsonl>            [get]
    "/orgs/{org_id}/service-accounts"          service_accounts::list             [get]
    "/orgs/{org_id}/service-accounts/new"      service_accounts::new              [get post]
    "/service-accounts/{service_account_id}"   service_accounts::show             [get]
    "/service-accounts/{service_account_id}/edit" service_accounts::edit          [get post]
    "/service-accounts/{service_account_id}/disable" service_accounts::disable    [get post]
    "/service-accounts/{service_account_id}/enable" service_accounts::enable      [post]
    "/service-accounts/{service_account_id}/remove" service_accounts::remove      [get post]
    "/service-accounts/{service_account_id}/tokens/new" service_accounts::new_token [get post]
    "/service-tokens/{service_token_id}/revoke" service_accounts::revoke_token    [get post]
    "/orgs/{org_id}/settings"                  settings <OrgAccess>               [get post]
    "/orgs/{org_id}/settings/colour"           settings::colour                   [post]
    "/orgs/{org_id}/settings/logo"             settings::logo                     [post]
    "/orgs/{org_id}/settings/logo/remove"      settings::logo::remove             [post]
    "/orgs/{org_id}/settings/key-rules"        settings::key_rules                [get post]
    "/orgs/{org_id}/settings/service-urls"     settings::service_urls             [get post]
    "/orgs/{org_id}/settings/sign-in"          settings::sign_in                  [get post]
    "/orgs/{org_id}/break-glass"               orgs::break_glass                  [get post]
    "/orgs/{org_id}/settings/archive"          settings::archive <OrgAccess>      [get post]
    "/orgs/{org_id}/settings/restore"          settings::restore <OrgAccess>      [post]
    "/orgs/{org_id}/settings/delete"           settings::delete <OrgAccess>       [get post]
    "/orgs/{org_id}/webhooks"                  webhooks::list                     [get]
    "/orgs/{org_id}/webhooks/new"              webhooks::new                      [get post]
    "/webhooks/{webhook_id}"                   webhooks::show                     [get]
    "/webhooks/{webhook_id}/edit"              webhooks::edit                     [get post]
    "/webhooks/{webhook_id}/secret"            webhooks::secret                   [get post]
    "/webhooks/{webhook_id}/test"              webhooks::test                     [post]
    "/webhooks/{webhook_id}/resend-failed"     webhooks::resend_failed            [post]
    "/webhooks/{webhook_id}/delete"            webhooks::delete                   [get post]
    "/deliveries/{delivery_id}"                webhooks::delivery                 [get]
    "/deliveries/{delivery_id}/resend"         webhooks::resend                   [post]
    "/orgs/{org_id}/tenants/new"               tenants::new                       [get post]
    "/tenants/{tenant_id}"                     tenants::overview                  [get]
    "/tenants/{tenant_id}/projects/new"        projects::new                      [get post]
    "/tenants/{tenant_id}/members"             members <TenantAccess>             [get post]
    "/tenants/{tenant_id}/invitations"         members::invitations <TenantAccess> [get post]
    "/tenants/{tenant_id}/settings"            settings <TenantAccess>            [get post]
    "/tenants/{tenant_id}/settings/archive"    settings::archive <TenantAccess>   [get post]
    "/tenants/{tenant_id}/settings/restore"    settings::restore <TenantAccess>   [post]
    "/tenants/{tenant_id}/settings/delete"     settings::delete <TenantAccess>    [get post]
    "/projects/{project_id}"                   projects::overview                 [get]
    "/projects/{project_id}/usage"             usage <ProjectAccess>              [get]
    "/projects/{project_id}/usage.csv"         usage::export <ProjectAccess>      [get]
    "/projects/{project_id}/apps/new"          apps::new                          [get post]
    "/projects/{project_id}/members"           members <ProjectAccess>            [get post]
    "/projects/{project_id}/invitations"       members::invitations <ProjectAccess> [get post]
    "/projects/{project_id}/settings"          settings <ProjectAccess>           [get post]
    "/projects/{project_id}/settings/archive"  settings::archive <ProjectAccess>  [get post]
    "/projects/{project_id}/settings/restore"  settings::restore <ProjectAccess>  [post]
    "/projects/{project_id}/settings/delete"   settings::delete <ProjectAccess>   [get post]
    "/apps/{app_id}"                           apps::overview                     [get]
    "/apps/{app_id}/identifiers.json"          apps::identifiers                  [get]
    "/apps/{app_id}/runtime-configuration.json" apps::runtime_configuration       [get]
    "/apps/{app_id}/keys"                      apps::keys                         [get post]
    "/apps/{app_id}/keys.csv"                  keys::export <AppAccess, Csv>      [get]
    "/apps/{app_id}/keys.jsonl"                keys::export <AppAccess, Jsonl>    [get]
    "/apps/{app_id}/keys/search"               keys::search <AppAccess>           [post]
    "/apps/{app_id}/keys/chosen"               keys::chosen <AppAccess>           [get post]
    "/apps/{app_id}/keys/views"                keys::views <AppAccess>            [get post]
    "/apps/{app_id}/keys/revoke-all"           keys::revoke_all <AppAccess>       [get post]
    "/apps/{app_id}/imports"                   apps::imports                      [get post]
    "/imports/{import_id}"                     imports                            [get post]
    "/apps/{app_id}/capabilities"              apps::capabilities                 [get post]
    "/apps/{app_id}/capabilities/file"         apps::capabilities::file           [post]
    "/apps/{app_id}/capabilities/revoke-all"   apps::capabilities::revoke_all     [get post]
    "/apps/{app_id}/trust-rules"               trust_rules::list                  [get]
    "/apps/{app_id}/trust-rules/new"           trust_rules::new                   [get post]
    "/trust-rules/{trust_rule_id}/edit"        trust_rules::edit                  [get post]
    "/trust-rules/{trust_rule_id}/pause"       trust_rules::pause                 [get post]
    "/trust-rules/{trust_rule_id}/resume"      trust_rules::resume                [get post]
    "/trust-rules/{trust_rule_id}/delete"      trust_rules::delete                [get post]
    "/apps/{app_id}/ingestion"                 apps::ingestion                    [get post]
    "/apps/{app_id}/limits"                    apps::limits                       [get post]
    "/apps/{app_id}/usage"                     usage <AppAccess>                  [get]
    "/apps/{app_id}/usage.csv"                 usage::export <AppAccess>          [get]
    "/apps/{app_id}/activity"                  apps::activity                     [get]
    "/apps/{app_id}/activity.csv"              activity::export <AppAccess, Csv>  [get]
    "/apps/{app_id}/activity.jsonl"            activity::export <AppAccess, Jsonl> [get]
    "/apps/{app_id}/activity/refused"          apps::refused                      [get]
    "/apps/{app_id}/settings"                  settings <AppAccess>               [get post]
    "/apps/{app_id}/settings/archive"          settings::archive <AppAccess>      [get post]
    "/apps/{app_id}/settings/restore"          settings::restore <AppAccess>      [post]
    "/apps/{app_id}/settings/delete"           settings::delete <AppAccess>       [get post]
    "/keys/{key_id}"                           keys::overview                     [get]
    "/keys/{key_id}/usage"                     usage <KeyAccess>                  [get]
    "/keys/{key_id}/usage.csv"                 usage::export <KeyAccess>          [get]
    "/keys/{key_id}/activity"                  keys::activity                     [get]
    "/keys/{key_id}/activity/requests"         keys::requests                     [get]
    "/keys/{key_id}/settings"                  keys::settings                     [get]
    "/keys/{key_id}/edit"                      keys::edit                         [get post]
    "/keys/{key_id}/change"                    keys::change                       [get post]
    "/keys/{key_id}/restrictions"              keys::restrictions                 [get post]
    "/keys/{key_id}/signing-secret"            keys::signing_secret               [get post]
    "/keys/{key_id}/credentials"               keys::credentials                  [post]
    "/keys/{key_id}/handover"                  keys::hand_over                    [post]
    "/keys/{key_id}/pause"                     keys::pause                        [post]
    "/keys/{key_id}/resume"                    keys::resume                       [post]
    "/keys/{key_id}/rotate"                    keys::rotate                       [get post]
    "/keys/{key_id}/withdraw-handover"         keys::withdraw_handover            [post]
    "/keys/{key_id}/end-previous"              keys::end_previous                 [post]
    "/keys/{key_id}/extend-previous"           keys::extend_previous              [post]
    "/keys/{key_id}/revoke"                    keys::revoke                       [get post]
    "/keys/{key_id}/test"                      keys::test                         [get post]
    "/admin"                                   admin                              [get]
    "/admin/revoke-keys"                       admin::revoke_keys                 [get post]
    "/admin/organizations"                     admin::orgs                        [get]
    "/admin/organizations/{org_id}"            admin::org                         [get]
    "/admin/organizations/{org_id}/activity"   admin::org_activity                [get]
    "/admin/organizations/{org_id}/activity.csv" activity::export <OperatedOrg, Csv> [get]
    "/admin/organizations/{org_id}/activity.jsonl" activity::export <OperatedOrg, Jsonl> [get]
    "/admin/organizations/{org_id}/activity/{seq}/proof" activity::proof <OperatedOrg> [get]
    "/admin/organizations/{org_id}/activity/{seq}/proof.json" activity::proof::file <OperatedOrg> [get]
    "/admin/organizations/{org_id}/suspend"    admin::suspend                     [get post]
    "/admin/organizations/{org_id}/open"       admin::open                        [post]
    "/admin/users"                             admin::users                       [get]
    "/admin/users/sign-out"                    admin::sign_out                    [get post]
    "/admin/users/{user_id}/disable"           admin::disable                     [get post]
    "/admin/users/{user_id}/enable"            admin::enable                      [post]
    "/admin/users/{user_id}/sign-out"          admin::sign_out::one               [post]
    "/admin/apps"                              admin::apps                        [get post]
    "/admin/root-tokens"                       admin::root_tokens                 [get]
    "/admin/root-tokens/new"                   admin::root_tokens::new            [get post]
    "/admin/root-tokens/{token_id}/revoke"     admin::root_tokens::revoke         [get post]
    "/admin/usage"                             usage::portal                      [get]
    "/admin/usage.csv"                         usage::portal::file                [get]
    "/admin/audit"                             admin::audit                       [get]
    "/admin/audit/all"                         admin::audit::all                  [get]
    "/admin/audit/{seq}/proof"                 activity::proof <OperatorAccess>   [get]
    "/admin/audit/{seq}/proof.json"            activity::proof::file <OperatorAccess> [get]
    "/admin/audit.csv"                         admin::audit::export <Csv>         [get]
    "/admin/audit.jsonl"                       admin::audit::export <Jsonl>       [get]
    "/admin/mail"                              admin::mail                        [get post]
    "/admin/jobs"                              admin::jobs                        [get post]
    "/admin/health"                            admin::health                      [get]
    "/approvals/{approval_id}"                 approvals                          [get post]
    "/requests/{request_id}"                   requests                           [get]
}

#[cfg(test)]
mod tests {
    use super::page_at;

    #[test]
    fn a_form_has_a_page_to_come_back_to() {
        for (path, page) in [
            ("/keys/key_x/edit", "/keys/key_x/edit"),
            ("/keys/key_x/pause", "/keys/key_x"),
            ("/account/tokens", "/account"),
            ("/orgs/org_x/keys/search", "/orgs/org_x/keys"),
            ("/orgs/org_x/settings/restore", "/orgs/org_x/settings"),
            ("/theme", "/"),
            ("/nothing/here", "/"),
            ("/", "/"),
            ("", "/"),
        ] {
            assert_eq!(page_at(path), page, "{path}");
        }
    }
}
