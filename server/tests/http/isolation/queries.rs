//! Permissions of queries, in addition to those of their pages.

use sallyport::member::Permission::ManageKeys;

use super::rules::Who::{self, May, Passing, Somewhere};

/// Queries that open something on a page: the page's rule applies to them too, and this one, at the place that the query
/// names or else that of the page.
#[rustfmt::skip]
pub const QUERIES: &[(&str, &str, Option<Who>)] = &[
    ("/account",                "changed=command-line", None),
    ("/device",                 "user_code=WDJB-MJHT", None),
    ("/device",                 "done=approve", None),
    ("/orgs/{org_id}/keys",     "panel=generate", Some(Somewhere(ManageKeys))),
    ("/orgs/{org_id}/keys",     "panel=generate&like=key_0000000000000000", Some(Somewhere(ManageKeys))),
    ("/orgs/{org_id}/keys",     "include_revoked=1", None),
    ("/orgs/{org_id}/keys",     "status=unused&sort=last_used&scope=read", None),
    ("/orgs/{org_id}/keys",     "created_by=usr_000000000000", None),
    ("/orgs/{org_id}/keys",     "panel=generate&like=key_0000000000000000&narrower=1", Some(Somewhere(ManageKeys))),
    ("/orgs/{org_id}/keys",     "check=no_expiry", None),
    ("/orgs/{org_id}/hygiene",  "check=never_used&sort=oldest", None),
    ("/orgs/{org_id}/expiring", "status=rotation_due&sort=label", None),
    ("/orgs/{org_id}/keys",     "status=paused_soon", None),
    ("/orgs/{org_id}/keys",     "created_by={user_id}", None),
    ("/orgs/{org_id}/keys.csv", "status=active&label=C", None),
    ("/orgs/{org_id}/activity", "actor=Ada+Byron&before=3", None),
    ("/orgs/{org_id}/keys",     "tenant={tenant_id}", Some(Passing)),
    ("/orgs/{org_id}/keys/views",  "do=save&status=active", None),
    ("/apps/{app_id}/keys/views",  "do=delete&view=view_000000000000", None),
    ("/orgs/{org_id}/keys/chosen", "do=revoke&key={key_id}", Some(May(ManageKeys))),
    ("/apps/{app_id}/keys/chosen", "do=pause&key={key_id}", Some(May(ManageKeys))),
    ("/orgs/{org_id}/keys/chosen", "do=rotate&expiring=expiring&key={key_id}", Some(May(ManageKeys))),
    ("/apps/{app_id}/keys/chosen", "do=extend&key={key_id}", Some(May(ManageKeys))),
    ("/orgs/{org_id}/webhooks", "status=failed&event=key.revoked", None),
    ("/apps/{app_id}/keys",     "panel=generate", Some(May(ManageKeys))),
    ("/apps/{app_id}/keys",     "include_revoked=1", None),
    ("/apps/{app_id}/keys",     "label=C&sort=label", None),
    ("/apps/{app_id}/activity", "action=app.created", None),
    ("/apps/{app_id}/activity/refused", "reason=insufficient_scope", None),
    ("/admin/organizations",    "q=focus&before=org_x_1.17", None),
    ("/admin/users",            "q=ada&after=usr_x.17", None),
    ("/admin/apps",             "q=c", None),
    ("/admin/mail",             "q=usr_x", None),
    ("/admin/audit",            "action=session.created&outcome=done", None),
    ("/admin/audit/all",        "action=key.generated&outcome=done&before=org_x.7.17", None),
];
