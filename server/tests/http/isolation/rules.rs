//! Permissions: a line for each address of the portal.
//!
//! A form is sent empty to check whether it is accepted or refused; one that would delete something has to refuse
//! that (by requiring a name), or the following addresses would find nothing.

use Who::{Everybody, Members, SignedIn};

/// Who may use an address. Others are refused: redirected to the sign-in, told that it does not exist, or, within the
/// organization, that their role is too low.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code, reason = "a rule that no address has today may have one tomorrow")]
pub enum Who {
    /// Signed in or not, with this status.
    Everybody(u16),
    /// People who are not signed in; others are redirected.
    Guests,
    /// Anyone with an account.
    SignedIn,
    /// Members of the organization of the address.
    Members,
    /// Its admins and owners.
    Admins,
    /// Its owners.
    Owners,
    /// Operators of the portal, members or not. For others the page does not exist.
    Operators,
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
    rule("/sign-out",                             None,                  Some(Everybody(303))),
    rule("/theme",                                None,                  Some(Everybody(303))),
    rule("/search",                               Some(SignedIn),        Some(SignedIn)),
    rule("/docs",                                 Some(Everybody(200)),  None),
    rule("/account",                              Some(SignedIn),        Some(SignedIn)),
    rule("/account/password",                     Some(SignedIn),        Some(SignedIn)),
    rule("/orgs/new",                             Some(SignedIn),        Some(SignedIn)),
    rule("/orgs/{org_id}",                        Some(Members),         None),
    rule("/orgs/{org_id}/keys",                   Some(Members),         Some(Members)),
    rule("/orgs/{org_id}/keys.csv",               Some(Members),         None),
    rule("/orgs/{org_id}/keys.jsonl",             Some(Members),         None),
    rule("/orgs/{org_id}/keys/search",            None,                  Some(Members)),
    rule("/orgs/{org_id}/keys/chosen",            Some(Members),         Some(Members)),
    rule("/orgs/{org_id}/keys/revoke-all",        Some(Who::Admins),     Some(Who::Admins)),
    rule("/orgs/{org_id}/activity",               Some(Members),         None),
    rule("/orgs/{org_id}/activity.csv",           Some(Members),         None),
    rule("/orgs/{org_id}/activity.jsonl",         Some(Members),         None),
    rule("/orgs/{org_id}/activity/refused",       Some(Members),         None),
    rule("/orgs/{org_id}/members",                Some(Members),         Some(Members)),
    rule("/orgs/{org_id}/members.csv",            Some(Members),         None),
    rule("/orgs/{org_id}/members.jsonl",          Some(Members),         None),
    rule("/orgs/{org_id}/settings",               Some(Members),         Some(Who::Admins)),
    rule("/orgs/{org_id}/settings/archive",       Some(Who::Admins),      Some(Who::Admins)),
    rule("/orgs/{org_id}/settings/restore",       None,                  Some(Who::Admins)),
    rule("/orgs/{org_id}/settings/delete",        Some(Who::Owners),     Some(Who::Owners)),
    rule("/orgs/{org_id}/tenants/new",            Some(Who::Admins),     Some(Who::Admins)),
    rule("/tenants/{tenant_id}",                  Some(Members),         None),
    rule("/tenants/{tenant_id}/projects/new",     Some(Members),         Some(Members)),
    rule("/tenants/{tenant_id}/settings",         Some(Members),         Some(Who::Admins)),
    rule("/tenants/{tenant_id}/settings/archive", Some(Who::Admins),      Some(Who::Admins)),
    rule("/tenants/{tenant_id}/settings/restore", None,                  Some(Who::Admins)),
    rule("/tenants/{tenant_id}/settings/delete",  Some(Who::Admins),     Some(Who::Admins)),
    rule("/projects/{project_id}",                Some(Members),         None),
    rule("/projects/{project_id}/apps/new",       Some(Members),         Some(Members)),
    rule("/projects/{project_id}/settings",       Some(Members),         Some(Members)),
    rule("/projects/{project_id}/settings/archive", Some(Who::Admins),      Some(Who::Admins)),
    rule("/projects/{project_id}/settings/restore", None,                  Some(Who::Admins)),
    rule("/projects/{project_id}/settings/delete", Some(Who::Admins),     Some(Who::Admins)),
    rule("/apps/{app_id}",                        Some(Members),         None),
    rule("/apps/{app_id}/identifiers.json",       Some(Members),         None),
    rule("/apps/{app_id}/keys",                   Some(Members),         Some(Members)),
    rule("/apps/{app_id}/keys.csv",               Some(Members),         None),
    rule("/apps/{app_id}/keys.jsonl",             Some(Members),         None),
    rule("/apps/{app_id}/keys/search",            None,                  Some(Members)),
    rule("/apps/{app_id}/keys/chosen",            Some(Members),         Some(Members)),
    rule("/apps/{app_id}/keys/revoke-all",        Some(Members),         Some(Members)),
    rule("/apps/{app_id}/ingestion",              Some(Who::Operators),  Some(Who::Operators)),
    rule("/apps/{app_id}/limits",                 Some(Members),         Some(Members)),
    rule("/apps/{app_id}/activity",               Some(Members),         None),
    rule("/apps/{app_id}/activity.csv",           Some(Members),         None),
    rule("/apps/{app_id}/activity.jsonl",         Some(Members),         None),
    rule("/apps/{app_id}/activity/refused",       Some(Members),         None),
    rule("/apps/{app_id}/settings",               Some(Members),         Some(Members)),
    rule("/apps/{app_id}/settings/archive",       Some(Who::Admins),      Some(Who::Admins)),
    rule("/apps/{app_id}/settings/restore",       None,                  Some(Who::Admins)),
    rule("/apps/{app_id}/settings/delete",        Some(Who::Admins),     Some(Who::Admins)),
    rule("/keys/{key_id}",                        Some(Members),         None),
    rule("/keys/{key_id}/activity",               Some(Members),         None),
    rule("/keys/{key_id}/settings",               Some(Members),         None),
    rule("/keys/{key_id}/edit",                   Some(Members),         Some(Members)),
    rule("/keys/{key_id}/change",                 Some(Members),         Some(Members)),
    rule("/keys/{key_id}/restrictions",           Some(Members),         Some(Members)),
    rule("/keys/{key_id}/signing-secret",         Some(Members),         Some(Members)),
    rule("/keys/{key_id}/credentials",            None,                  Some(Members)),
    rule("/keys/{key_id}/pause",                  None,                  Some(Members)),
    rule("/keys/{key_id}/resume",                 None,                  Some(Members)),
    rule("/keys/{key_id}/revoke",                 Some(Members),         Some(Members)),
    rule("/keys/{key_id}/test",                   Some(Members),         Some(Members)),
    rule("/requests/{request_id}",                Some(Members),         None),
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

/// One for each server function. Destructive ones are sent without a required field.
#[rustfmt::skip]
pub const ACTS: &[ActRule] = &[
    //  act                             who may run it    with
    act("/act/account/end-other-sessions", SignedIn,      &[]),
    act("/act/account/end-session",     SignedIn,         &[("session", "")]),
    act("/act/account/rename",          SignedIn,         &[("name", "")]),
    act("/act/activity/newer",          Members,          &[("place", "{app_id}"), ("after", "0")]),
    act("/act/apps/create",             Members,          &[("project", "{project_id}")]),
    act("/act/apps/limit",              Members,          &[("app", "{app_id}"), ("limit_per_day", "many")]),
    act("/act/apps/verify-for-ingestion", Who::Operators, &[("app", "{app_id}"), ("verified", "true")]),
    act("/act/keys/change",             Members,          &[("key", "{key_id}")]),
    act("/act/keys/edit",               Members,          &[("key", "{key_id}")]),
    act("/act/keys/pause",              Members,          &[("key", "{key_id}")]),
    act("/act/keys/pause-chosen",       Members,          &[("list", "{app_id}"), ("keys[0]", "{key_id}")]),
    act("/act/keys/restrict",           Members,          &[("key", "{key_id}"), ("limit_per_day", "many")]),
    act("/act/keys/resume",             Members,          &[("key", "{key_id}")]),
    act("/act/keys/used",               Members,          &[("key", "{key_id}")]),
    act("/act/members/change-role",     Who::Admins,      &[("org", "{org_id}"), ("user", "{user_id}")]),
    act("/act/orgs/create",             SignedIn,         &[]),
    act("/act/places/archive",          Who::Admins,      &[("place", "{tenant_id}")]),
    act("/act/places/delete",           Who::Admins,      &[("place", "{app_id}")]),
    act("/act/places/edit",             Members,          &[("place", "{project_id}")]),
    act("/act/places/restore",          Who::Admins,      &[("place", "{tenant_id}")]),
    act("/act/places/revoke-keys",      Who::Admins,      &[("place", "{org_id}")]),
    act("/act/projects/create",         Members,          &[("tenant", "{tenant_id}")]),
    act("/act/tenants/create",          Who::Admins,      &[("org", "{org_id}")]),
    // These end what the others need, so they are tried last.
    act("/act/keys/revoke-chosen",      Members,          &[("list", "{app_id}"), ("keys[0]", "{key_id}"), ("reason", "\u{7}")]),
    act("/act/keys/revoke",             Members,          &[("key", "{key_id}")]),
    act("/act/members/remove",          Who::Admins,      &[("org", "{org_id}"), ("user", "{user_id}")]),
    of_page("/act/account/change-password"),
    of_page("/act/keys/credentials"),
    of_page("/act/keys/generate"),
    of_page("/act/keys/signing-secret"),
    of_page("/act/sessions/sign-in"),
    of_page("/act/sessions/sign-out"),
    of_page("/act/setup/create-account"),
];

/// Queries that open something on a page; the page's rule applies to them too.
#[rustfmt::skip]
pub const QUERIES: &[(&str, &str)] = &[
    ("/orgs/{org_id}/keys",     "panel=generate"),
    ("/orgs/{org_id}/keys",     "panel=generate&like=key_0000000000000000"),
    ("/orgs/{org_id}/keys",     "include_revoked=1"),
    ("/orgs/{org_id}/keys",     "status=unused&sort=last_used&scope=read"),
    ("/orgs/{org_id}/keys",     "created_by=usr_000000000000"),
    ("/orgs/{org_id}/keys.csv", "status=active&label=C"),
    ("/orgs/{org_id}/activity", "actor=Ada+Byron&before=3"),
    ("/orgs/{org_id}/keys",     "tenant={tenant_id}"),
    ("/orgs/{org_id}/keys/chosen", "do=revoke&key={key_id}"),
    ("/apps/{app_id}/keys/chosen", "do=pause&key={key_id}"),
    ("/apps/{app_id}/keys",     "panel=generate"),
    ("/apps/{app_id}/keys",     "include_revoked=1"),
    ("/apps/{app_id}/keys",     "label=C&sort=label"),
    ("/apps/{app_id}/activity", "action=app.created"),
    ("/apps/{app_id}/activity/refused", "reason=insufficient_scope"),
];
