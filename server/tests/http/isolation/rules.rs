//! Permissions: a line for each address of the portal.
//!
//! A form is sent empty to check whether it is accepted or refused; one that would delete something has to refuse
//! that (by requiring a name), or the following addresses would find nothing.

use sallyport::member::Permission::{
    CreateProjects, CreateTenants, GovernKeys, ManageApps, ManageKeys, ManageMembers, ManageOrg, ManagePlace,
    ManageWebhooks, OwnOrg, SeeKeys, SeePlace,
};
use sallyport::place::PlaceKind;

use Who::{Everybody, Leaving, May, Passing, SignedIn, Somewhere, WholeLog, WithinProject};

/// Who may use an address. Others are refused: redirected to the sign-in, told that it does not exist, or, where they see
/// the place, that their role does not suffice. `isolation/people.rs` derives from the table of roles who that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Signed in or not, with this status.
    Everybody(u16),
    /// People who are not signed in; others are redirected.
    Guests,
    /// Anyone with an account.
    SignedIn,
    /// People with this permission at the place of the address.
    May(sallyport::member::Permission),
    /// The same, or at a place below: the address shows or changes only what is theirs.
    Somewhere(sallyport::member::Permission),
    /// People with this permission at the project, although the address is of the organization: it shows what is in the
    /// project. For others of the organization that does not exist.
    WithinProject(sallyport::member::Permission),
    /// People with a role there, above it or below it.
    Passing,
    /// Those who manage the organization; or who see a part of it, which they get.
    WholeLog,
    /// People who were given a role at the place or below it. For others there is none to give up.
    Leaving,
    /// Operators of the portal, members or not. For others the page does not exist.
    Operators,
    /// The person whose it is: the owner of the organization. For others it does not exist.
    Holder,
}

/// Who may view it, and who may send the form; `None` if the method is not allowed.
pub struct Rule {
    pub path: &'static str,
    pub get: Option<Who>,
    pub post: Option<Who>,
}

const fn rule(path: &'static str, get: Option<Who>, post: Option<Who>) -> Rule {
    Rule { path, get, post }
}

#[rustfmt::skip]
pub const RULES: &[Rule] = &[
    //   address                              who may look           who may send
    rule("/",                                     Some(SignedIn),        None),
    rule("/setup",                                Some(Everybody(303)),  Some(Everybody(403))),
    rule("/sign-in",                              Some(Who::Guests),    Some(Everybody(422))),
    // Who has not typed a password begins with that.
    rule("/sign-in/code",                         Some(Everybody(303)),  Some(Everybody(303))),
    // On a portal without mail; for a link that has ended.
    rule("/reset",                                Some(Everybody(200)),  Some(Everybody(403))),
    rule("/reset/{token}",                        Some(Everybody(404)),  Some(Everybody(404))),
    rule("/invitations/{token}",                  Some(Everybody(404)),  Some(Everybody(404))),
    rule("/handover/{handover_id}",               Some(Everybody(404)),  Some(Everybody(404))),
    rule("/report-a-leak",                        Some(Everybody(200)),  Some(Everybody(303))),
    rule("/sign-out",                             None,                  Some(Everybody(303))),
    rule("/theme",                                None,                  Some(Everybody(303))),
    rule("/search",                               Some(SignedIn),        Some(SignedIn)),
    rule("/docs",                                 Some(Everybody(200)),  None),
    rule("/docs/audit",                           Some(Everybody(200)),  None),
    rule("/docs/webhooks",                        Some(Everybody(200)),  None),
    rule("/account",                              Some(SignedIn),        Some(SignedIn)),
    rule("/account/password",                     Some(SignedIn),        Some(SignedIn)),
    rule("/account/confirm",                      Some(SignedIn),        Some(SignedIn)),
    rule("/account/authenticator",                Some(SignedIn),        Some(SignedIn)),
    rule("/account/authenticator/remove",         Some(SignedIn),        Some(SignedIn)),
    rule("/account/recovery-codes",               Some(SignedIn),        Some(SignedIn)),
    rule("/account/recovery-codes/file",          None,                  Some(SignedIn)),
    rule("/account/tokens/new",                   Some(SignedIn),        Some(SignedIn)),
    rule("/account/tokens/{personal_token_id}/revoke", Some(Who::Holder), Some(Who::Holder)),
    rule("/device",                               Some(SignedIn),        Some(SignedIn)),
    rule("/orgs/new",                             Some(SignedIn),        Some(SignedIn)),
    rule("/orgs/{org_id}",                         Some(Passing),                 None),
    rule("/orgs/{org_id}/logo/{digest}",           Some(Passing),                 None),
    rule("/orgs/{org_id}/keys",                    Some(Somewhere(SeeKeys)),      Some(Somewhere(ManageKeys))),
    rule("/orgs/{org_id}/keys.csv",                Some(Somewhere(SeeKeys)),      None),
    rule("/orgs/{org_id}/keys.jsonl",              Some(Somewhere(SeeKeys)),      None),
    rule("/orgs/{org_id}/keys/search",             None,                          Some(Somewhere(SeeKeys))),
    rule("/orgs/{org_id}/keys/views",              Some(Somewhere(SeeKeys)),      Some(Somewhere(SeeKeys))),
    rule("/orgs/{org_id}/keys/chosen",             Some(Somewhere(ManageKeys)),   Some(Somewhere(ManageKeys))),
    rule("/orgs/{org_id}/keys/revoke-all",         Some(May(ManagePlace)),        Some(May(ManagePlace))),
    rule("/orgs/{org_id}/activity/evidence",       Some(May(ManageOrg)),          Some(May(ManageOrg))),
    rule("/orgs/{org_id}/hygiene",                 Some(Somewhere(SeeKeys)),      None),
    rule("/orgs/{org_id}/approvals",               Some(Somewhere(SeeKeys)),      None),
    rule("/orgs/{org_id}/expiring",                Some(Somewhere(SeeKeys)),      None),
    rule("/orgs/{org_id}/usage",                   Some(May(SeeKeys)),            None),
    rule("/orgs/{org_id}/usage.csv",               Some(May(SeeKeys)),            None),
    rule("/orgs/{org_id}/activity",                Some(Somewhere(SeeKeys)),      None),
    rule("/orgs/{org_id}/activity.csv",            Some(WholeLog),                None),
    rule("/orgs/{org_id}/activity.jsonl",          Some(WholeLog),                None),
    rule("/orgs/{org_id}/activity/refused",        Some(Somewhere(SeeKeys)),      None),
    rule("/orgs/{org_id}/activity/{seq}/proof",    Some(WithinProject(SeeKeys)),  None),
    rule("/orgs/{org_id}/activity/{seq}/proof.json", Some(WithinProject(SeeKeys)), None),
    rule("/orgs/{org_id}/members",                 Some(May(SeePlace)),           Some(May(SeePlace))),
    rule("/orgs/{org_id}/invitations",             Some(May(ManageMembers)),      Some(May(ManageMembers))),
    rule("/orgs/{org_id}/members.csv",             Some(May(SeePlace)),           None),
    rule("/orgs/{org_id}/members.jsonl",           Some(May(SeePlace)),           None),
    rule("/orgs/{org_id}/settings",                Some(May(SeePlace)),           Some(May(ManagePlace))),
    rule("/orgs/{org_id}/settings/colour",         None,                          Some(May(ManagePlace))),
    rule("/orgs/{org_id}/settings/logo",           None,                          Some(May(ManagePlace))),
    rule("/orgs/{org_id}/settings/logo/remove",    None,                          Some(May(ManagePlace))),
    rule("/orgs/{org_id}/settings/key-rules",      Some(May(GovernKeys)),         Some(May(GovernKeys))),
    rule("/orgs/{org_id}/settings/service-urls",   Some(May(ManagePlace)),        Some(May(ManagePlace))),
    rule("/orgs/{org_id}/settings/archive",        Some(May(ManagePlace)),        Some(May(ManagePlace))),
    rule("/orgs/{org_id}/settings/restore",        None,                          Some(May(ManagePlace))),
    rule("/orgs/{org_id}/settings/delete",         Some(May(OwnOrg)),             Some(May(OwnOrg))),
    rule("/orgs/{org_id}/webhooks",                Some(May(ManageWebhooks)),     None),
    rule("/orgs/{org_id}/webhooks/new",            Some(May(ManageWebhooks)),     Some(May(ManageWebhooks))),
    rule("/webhooks/{webhook_id}",                 Some(May(ManageWebhooks)),     None),
    rule("/webhooks/{webhook_id}/edit",            Some(May(ManageWebhooks)),     Some(May(ManageWebhooks))),
    rule("/webhooks/{webhook_id}/secret",          Some(May(ManageWebhooks)),     Some(May(ManageWebhooks))),
    rule("/webhooks/{webhook_id}/test",            None,                          Some(May(ManageWebhooks))),
    rule("/webhooks/{webhook_id}/resend-failed",   None,                          Some(May(ManageWebhooks))),
    rule("/webhooks/{webhook_id}/delete",          Some(May(ManageWebhooks)),     Some(May(ManageWebhooks))),
    rule("/deliveries/{delivery_id}",              Some(May(ManageWebhooks)),     None),
    rule("/deliveries/{delivery_id}/resend",       None,                          Some(May(ManageWebhooks))),
    rule("/orgs/{org_id}/tenants/new",             Some(May(CreateTenants)),      Some(May(CreateTenants))),
    rule("/tenants/{tenant_id}",                   Some(Passing),                 None),
    rule("/tenants/{tenant_id}/projects/new",      Some(May(CreateProjects)),     Some(May(CreateProjects))),
    rule("/tenants/{tenant_id}/members",           Some(May(SeePlace)),          Some(May(SeePlace))),
    rule("/tenants/{tenant_id}/invitations",       Some(May(ManageMembers)),      Some(May(ManageMembers))),
    rule("/tenants/{tenant_id}/settings",          Some(May(SeePlace)),           Some(May(ManagePlace))),
    rule("/tenants/{tenant_id}/settings/archive",  Some(May(ManagePlace)),        Some(May(ManagePlace))),
    rule("/tenants/{tenant_id}/settings/restore",  None,                          Some(May(ManagePlace))),
    rule("/tenants/{tenant_id}/settings/delete",   Some(May(ManagePlace)),        Some(May(ManagePlace))),
    rule("/projects/{project_id}",                 Some(May(SeePlace)),           None),
    rule("/projects/{project_id}/usage",           Some(May(SeeKeys)),            None),
    rule("/projects/{project_id}/usage.csv",       Some(May(SeeKeys)),            None),
    rule("/projects/{project_id}/apps/new",        Some(May(ManageApps)),         Some(May(ManageApps))),
    rule("/projects/{project_id}/members",         Some(May(SeePlace)),          Some(May(SeePlace))),
    rule("/projects/{project_id}/invitations",     Some(May(ManageMembers)),      Some(May(ManageMembers))),
    rule("/projects/{project_id}/settings",        Some(May(SeePlace)),           Some(May(ManagePlace))),
    rule("/projects/{project_id}/settings/archive", Some(May(ManagePlace)),        Some(May(ManagePlace))),
    rule("/projects/{project_id}/settings/restore", None,                          Some(May(ManagePlace))),
    rule("/projects/{project_id}/settings/delete", Some(May(ManagePlace)),        Some(May(ManagePlace))),
    rule("/apps/{app_id}",                         Some(May(SeeKeys)),            None),
    rule("/apps/{app_id}/identifiers.json",        Some(May(SeeKeys)),            None),
    rule("/apps/{app_id}/runtime-configuration.json", Some(May(SeeKeys)),         None),
    rule("/apps/{app_id}/keys",                    Some(May(SeeKeys)),            Some(May(ManageKeys))),
    rule("/apps/{app_id}/keys.csv",                Some(May(SeeKeys)),            None),
    rule("/apps/{app_id}/keys.jsonl",              Some(May(SeeKeys)),            None),
    rule("/apps/{app_id}/keys/search",             None,                          Some(May(SeeKeys))),
    rule("/apps/{app_id}/keys/views",              Some(May(SeeKeys)),            Some(May(SeeKeys))),
    rule("/apps/{app_id}/keys/chosen",             Some(May(ManageKeys)),         Some(May(ManageKeys))),
    rule("/apps/{app_id}/keys/revoke-all",         Some(May(ManageKeys)),         Some(May(ManageKeys))),
    rule("/apps/{app_id}/capabilities",            Some(May(ManageKeys)),         Some(May(ManageKeys))),
    rule("/apps/{app_id}/capabilities/file",       None,                          Some(May(ManageKeys))),
    rule("/apps/{app_id}/capabilities/revoke-all", Some(May(ManageKeys)),         Some(May(ManageKeys))),
    rule("/apps/{app_id}/ingestion",              Some(Who::Operators),  Some(Who::Operators)),
    rule("/apps/{app_id}/limits",                  Some(May(ManageApps)),         Some(May(ManageApps))),
    rule("/apps/{app_id}/usage",                   Some(May(SeeKeys)),            None),
    rule("/apps/{app_id}/usage.csv",               Some(May(SeeKeys)),            None),
    rule("/apps/{app_id}/activity",                Some(May(SeeKeys)),            None),
    rule("/apps/{app_id}/activity.csv",            Some(May(SeeKeys)),            None),
    rule("/apps/{app_id}/activity.jsonl",          Some(May(SeeKeys)),            None),
    rule("/apps/{app_id}/activity/refused",        Some(May(SeeKeys)),            None),
    rule("/apps/{app_id}/settings",                Some(May(SeeKeys)),            Some(May(ManageApps))),
    rule("/apps/{app_id}/settings/archive",        Some(May(ManagePlace)),        Some(May(ManagePlace))),
    rule("/apps/{app_id}/settings/restore",        None,                          Some(May(ManagePlace))),
    rule("/apps/{app_id}/settings/delete",         Some(May(ManagePlace)),        Some(May(ManagePlace))),
    rule("/keys/{key_id}",                         Some(May(SeeKeys)),            None),
    rule("/keys/{key_id}/usage",                   Some(May(SeeKeys)),            None),
    rule("/keys/{key_id}/usage.csv",               Some(May(SeeKeys)),            None),
    rule("/keys/{key_id}/activity",                Some(May(SeeKeys)),            None),
    rule("/keys/{key_id}/activity/requests",       Some(May(SeeKeys)),            None),
    rule("/keys/{key_id}/settings",                Some(May(SeeKeys)),            None),
    rule("/keys/{key_id}/edit",                    Some(May(ManageKeys)),         Some(May(ManageKeys))),
    rule("/keys/{key_id}/change",                  Some(May(ManageKeys)),         Some(May(ManageKeys))),
    rule("/keys/{key_id}/restrictions",            Some(May(ManageKeys)),         Some(May(ManageKeys))),
    rule("/keys/{key_id}/signing-secret",          Some(May(ManageKeys)),         Some(May(ManageKeys))),
    rule("/keys/{key_id}/credentials",             None,                          Some(May(ManageKeys))),
    rule("/keys/{key_id}/handover",                None,                          Some(May(ManageKeys))),
    rule("/keys/{key_id}/pause",                   None,                          Some(May(ManageKeys))),
    rule("/keys/{key_id}/resume",                  None,                          Some(May(ManageKeys))),
    rule("/keys/{key_id}/rotate",                  Some(May(ManageKeys)),         Some(May(ManageKeys))),
    rule("/keys/{key_id}/withdraw-handover",       None,                          Some(May(ManageKeys))),
    rule("/keys/{key_id}/end-previous",            None,                          Some(May(ManageKeys))),
    rule("/keys/{key_id}/extend-previous",         None,                          Some(May(ManageKeys))),
    rule("/keys/{key_id}/revoke",                  Some(May(ManageKeys)),         Some(May(ManageKeys))),
    rule("/keys/{key_id}/test",                    Some(May(SeeKeys)),            Some(May(SeeKeys))),
    rule("/approvals/{approval_id}",               Some(May(GovernKeys)),         Some(May(GovernKeys))),
    rule("/requests/{request_id}",                 Some(May(SeeKeys)),            None),
    rule("/admin",                                Some(Who::Operators),  None),
    rule("/admin/revoke-keys",                    Some(Who::Operators),  Some(Who::Operators)),
    rule("/admin/organizations",                  Some(Who::Operators),  None),
    rule("/admin/organizations/{org_id}",         Some(Who::Operators),  None),
    rule("/admin/organizations/{org_id}/activity", Some(Who::Operators), None),
    rule("/admin/organizations/{org_id}/activity/{seq}/proof", Some(Who::Operators), None),
    rule("/admin/organizations/{org_id}/activity/{seq}/proof.json", Some(Who::Operators), None),
    rule("/admin/organizations/{org_id}/activity.csv", Some(Who::Operators), None),
    rule("/admin/organizations/{org_id}/activity.jsonl", Some(Who::Operators), None),
    rule("/admin/organizations/{org_id}/suspend", Some(Who::Operators),  Some(Who::Operators)),
    rule("/admin/organizations/{org_id}/open",    None,                  Some(Who::Operators)),
    rule("/admin/users",                          Some(Who::Operators),  None),
    rule("/admin/users/sign-out",                 Some(Who::Operators),  Some(Who::Operators)),
    rule("/admin/users/{user_id}/disable",        Some(Who::Operators),  Some(Who::Operators)),
    rule("/admin/users/{user_id}/enable",         None,                  Some(Who::Operators)),
    rule("/admin/users/{user_id}/sign-out",       None,                  Some(Who::Operators)),
    rule("/admin/apps",                           Some(Who::Operators),  Some(Who::Operators)),
    rule("/admin/root-tokens",                    Some(Who::Operators),  None),
    rule("/admin/root-tokens/new",                Some(Who::Operators),  Some(Who::Operators)),
    rule("/admin/root-tokens/{token_id}/revoke",  Some(Who::Operators),  Some(Who::Operators)),
    rule("/admin/audit",                          Some(Who::Operators),  None),
    rule("/admin/audit/all",                      Some(Who::Operators),  None),
    rule("/admin/audit/{seq}/proof",              Some(Who::Operators),  None),
    rule("/admin/audit/{seq}/proof.json",         Some(Who::Operators),  None),
    rule("/admin/usage",                          Some(Who::Operators),  None),
    rule("/admin/usage.csv",                      Some(Who::Operators),  None),
    rule("/admin/audit.csv",                      Some(Who::Operators),  None),
    rule("/admin/audit.jsonl",                    Some(Who::Operators),  None),
    rule("/admin/mail",                           Some(Who::Operators),  Some(Who::Operators)),
    rule("/admin/jobs",                           Some(Who::Operators),  Some(Who::Operators)),
    rule("/admin/health",                         Some(Who::Operators),  None),
];

/// Who may run an act, and its form. `{key_id}` and others are replaced as in addresses.
pub struct ActRule {
    pub path: &'static str,
    /// `None` if only a page runs it: it has no address.
    pub who: Option<Who>,
    pub form: &'static [(&'static str, &'static str)],
}

const fn act(path: &'static str, who: Who, form: &'static [(&'static str, &'static str)]) -> ActRule {
    ActRule { path, who: Some(who), form }
}

const fn of_page(path: &'static str) -> ActRule {
    ActRule { path, who: None, form: &[] }
}

/// At least one for each server function. Destructive ones are sent without a required field.
#[rustfmt::skip]
pub const ACTS: &[ActRule] = &[
    //  act                             who may run it    with
    act("/act/account/end-other-sessions", SignedIn,      &[]),
    act("/act/account/end-session",     SignedIn,         &[("session", "")]),
    act("/act/account/rename",          SignedIn,         &[("name", "")]),
    act("/act/account/revoke-token",    Who::Holder,      &[("token", "{personal_token_id}")]),
    act("/act/activity/newer",          May(SeeKeys),     &[("place", "{app_id}"), ("after", "0")]),
    act("/act/activity/newer",          Somewhere(SeeKeys), &[("place", "{org_id}"), ("after", "0")]),
    act("/act/approvals/refuse",        May(GovernKeys),  &[("approval", "{approval_id}")]),
    act("/act/approvals/withdraw",      May(GovernKeys),  &[("approval", "{approval_id}")]),
    act("/act/approvals/approve",       May(GovernKeys),  &[("approval", "{approval_id}")]),
    act("/act/apps/create",             May(ManageApps),  &[("project", "{project_id}")]),
    act("/act/apps/limit",              May(ManageApps),  &[("app", "{app_id}"), ("limit_per_day", "many")]),
    act("/act/admin/disable-user",      Who::Operators,   &[("user", "{user_id}")]),
    act("/act/admin/enable-user",       Who::Operators,   &[("user", "{user_id}")]),
    act("/act/admin/end-all-sessions",  Who::Operators,   &[("typed_name", "")]),
    act("/act/admin/end-sessions",      Who::Operators,   &[("user", "{user_id}")]),
    act("/act/admin/open-organization", Who::Operators,   &[("org", "{org_id}")]),
    act("/act/admin/revoke-every-key",  Who::Operators,   &[("typed_name", "")]),
    act("/act/admin/revoke-root-token", Who::Operators,   &[("token", "{token_id}")]),
    act("/act/admin/retry-job",         Who::Operators,   &[("job", "{job_id}")]),
    act("/act/admin/send-test-mail",    Who::Operators,   &[]),
    act("/act/admin/suspend-organization", Who::Operators, &[("org", "{org_id}"), ("typed_name", "")]),
    act("/act/apps/verify-for-ingestion", Who::Operators, &[("app", "{app_id}"), ("verified", "true")]),
    act("/act/device/approve",          SignedIn,         &[("code", "")]),
    act("/act/device/deny",             SignedIn,         &[("code", "")]),
    act("/act/keys/change",             May(ManageKeys),  &[("key", "{key_id}")]),
    act("/act/keys/edit",               May(ManageKeys),  &[("key", "{key_id}")]),
    act("/act/keys/withdraw-handover",  May(ManageKeys),  &[("key", "{key_id}"), ("handover", "{handover_id}")]),
    act("/act/capabilities/revoke-all", May(ManageKeys),  &[("app", "{app_id}")]),
    act("/act/keys/end-previous",       May(ManageKeys),  &[("key", "{key_id}")]),
    act("/act/keys/extend-previous",    May(ManageKeys),  &[("key", "{key_id}")]),
    act("/act/keys/extend-chosen",      May(ManageKeys),  &[("list", "{app_id}"), ("keys[0]", "{key_id}"), ("days", "many")]),
    act("/act/keys/new-secret-used",    May(SeeKeys),     &[("key", "{key_id}")]),
    act("/act/keys/pause",              May(ManageKeys),  &[("key", "{key_id}")]),
    act("/act/keys/pause-chosen",       May(ManageKeys),  &[("list", "{app_id}"), ("keys[0]", "{key_id}")]),
    act("/act/keys/restrict",           May(ManageKeys),  &[("key", "{key_id}"), ("limit_per_day", "many")]),
    act("/act/keys/resume",             May(ManageKeys),  &[("key", "{key_id}")]),
    act("/act/keys/used",               May(SeeKeys),     &[("key", "{key_id}")]),
    act("/act/invitations/revoke",      May(ManageMembers), &[("invitation", "{invitation_id}")]),
    act("/act/members/change-role",     May(ManageMembers), &[("place", "{org_id}"), ("user", "{user_id}")]),
    act("/act/members/change-role",     May(ManageMembers), &[("place", "{tenant_id}"), ("user", "{user_id}")]),
    act("/act/members/change-role",     May(ManageMembers), &[("place", "{project_id}"), ("user", "{user_id}")]),
    act("/act/orgs/choose-colour",      May(ManagePlace), &[("org", "{org_id}")]),
    act("/act/orgs/create",             SignedIn,         &[]),
    act("/act/orgs/remove-logo",        May(ManagePlace), &[("org", "{org_id}")]),
    act("/act/orgs/set-service-urls",   May(ManagePlace), &[("org", "{org_id}")]),
    act("/act/places/archive",          May(ManagePlace), &[("place", "{org_id}")]),
    act("/act/places/restore",          May(ManagePlace), &[("place", "{org_id}")]),
    act("/act/places/archive",          May(ManagePlace), &[("place", "{tenant_id}")]),
    act("/act/places/restore",          May(ManagePlace), &[("place", "{tenant_id}")]),
    act("/act/places/archive",          May(ManagePlace), &[("place", "{project_id}")]),
    act("/act/places/restore",          May(ManagePlace), &[("place", "{project_id}")]),
    act("/act/places/archive",          May(ManagePlace), &[("place", "{app_id}")]),
    act("/act/places/restore",          May(ManagePlace), &[("place", "{app_id}")]),
    act("/act/places/delete",           May(OwnOrg),      &[("place", "{org_id}")]),
    act("/act/places/delete",           May(ManagePlace), &[("place", "{tenant_id}")]),
    act("/act/places/delete",           May(ManagePlace), &[("place", "{project_id}")]),
    act("/act/places/delete",           May(ManagePlace), &[("place", "{app_id}")]),
    act("/act/places/edit",             May(ManagePlace), &[("place", "{org_id}")]),
    act("/act/places/edit",             May(ManagePlace), &[("place", "{tenant_id}")]),
    act("/act/places/edit",             May(ManagePlace), &[("place", "{project_id}")]),
    act("/act/places/edit",             May(ManageApps),  &[("place", "{app_id}")]),
    act("/act/places/revoke-keys",      May(ManagePlace), &[("place", "{org_id}")]),
    act("/act/places/revoke-keys",      May(ManagePlace), &[("place", "{project_id}")]),
    act("/act/places/revoke-keys",      May(ManageKeys),  &[("place", "{app_id}")]),
    act("/act/projects/create",         May(CreateProjects), &[("tenant", "{tenant_id}")]),
    act("/act/tenants/create",          May(CreateTenants), &[("org", "{org_id}")]),
    act("/act/views/delete",            May(SeeKeys),     &[("list", "{app_id}"), ("view", "view_000000000000")]),
    act("/act/views/save",              Somewhere(SeeKeys), &[("list", "{org_id}")]),
    act("/act/webhooks/delete",         May(ManageWebhooks), &[("webhook", "{webhook_id}"), ("typed_name", "")]),
    act("/act/webhooks/resend",         May(ManageWebhooks), &[("delivery", "{delivery_id}")]),
    act("/act/webhooks/resend-failed",  May(ManageWebhooks), &[("webhook", "{webhook_id}")]),
    act("/act/webhooks/test",           May(ManageWebhooks), &[("webhook", "{webhook_id}")]),
    // These end what the others need, so they are tried last.
    act("/act/keys/revoke-chosen",      May(ManageKeys),  &[("list", "{app_id}"), ("keys[0]", "{key_id}"), ("reason", "\u{7}")]),
    act("/act/keys/revoke",             May(ManageKeys),  &[("key", "{key_id}")]),
    act("/act/members/hand-over",       May(OwnOrg),      &[("org", "{org_id}"), ("user", "{user_id}")]),
    act("/act/members/leave",           Leaving,          &[("place", "{org_id}")]),
    act("/act/members/leave",           Leaving,          &[("place", "{tenant_id}")]),
    act("/act/members/leave",           Leaving,          &[("place", "{project_id}")]),
    act("/act/members/remove",          May(ManageMembers), &[("place", "{org_id}"), ("user", "{user_id}")]),
    act("/act/members/remove",          May(ManageMembers), &[("place", "{tenant_id}"), ("user", "{user_id}")]),
    act("/act/members/remove",          May(ManageMembers), &[("place", "{project_id}"), ("user", "{user_id}")]),
    of_page("/act/account/change-password"),
    of_page("/act/account/add-authenticator"),
    of_page("/act/account/confirm"),
    of_page("/act/account/create-token"),
    of_page("/act/account/recovery-codes-file"),
    of_page("/act/account/remove-authenticator"),
    of_page("/act/account/renew-recovery-codes"),
    of_page("/act/admin/create-root-token"),
    of_page("/act/approvals/claim"),
    of_page("/act/capabilities/file"),
    of_page("/act/capabilities/mint"),
    of_page("/act/handovers/open"),
    of_page("/act/invitations/accept"),
    of_page("/act/invitations/accept-as-new"),
    of_page("/act/invitations/invite"),
    of_page("/act/invitations/resend"),
    of_page("/act/keys/credentials"),
    of_page("/act/keys/generate"),
    of_page("/act/keys/hand-over"),
    of_page("/act/keys/rotate"),
    of_page("/act/keys/signing-secret"),
    of_page("/act/leaks/report"),
    of_page("/act/orgs/choose-logo"),
    of_page("/act/orgs/set-key-rules"),
    of_page("/act/password-resets/request"),
    of_page("/act/password-resets/use"),
    of_page("/act/sessions/second-factor"),
    of_page("/act/sessions/sign-in"),
    of_page("/act/sessions/sign-out"),
    of_page("/act/setup/create-account"),
    of_page("/act/webhooks/change"),
    of_page("/act/webhooks/change-secret"),
    of_page("/act/webhooks/create"),
];

/// The level of the place that the first id in a template names: keys and their requests are seen with their app.
pub fn level(template: &str) -> PlaceKind {
    let named = template.split('{').nth(1).and_then(|rest| rest.split('}').next());
    match named {
        // That of the world is to the organization.
        Some("org_id" | "invitation_id" | "approval_id" | "webhook_id" | "delivery_id") | None => PlaceKind::Org,
        Some("tenant_id") => PlaceKind::Tenant,
        Some("project_id") => PlaceKind::Project,
        Some(_) => PlaceKind::App,
    }
}

impl ActRule {
    /// The level of its place.
    pub fn level(&self) -> PlaceKind {
        self.form.iter().find(|(_, value)| value.contains('{')).map_or(PlaceKind::Org, |(_, value)| level(value))
    }
}
