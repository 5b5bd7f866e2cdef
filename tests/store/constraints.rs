//! Violates every constraint of the schema, as a defect in the code above would.

use sallyport::{identity::Identity, member::Role, testing::TestStore};
use sqlx::AssertSqlSafe;

use crate::opening::raw;

sallyport::on_both_databases!(each_constraint_refuses);

async fn each_constraint_refuses(store: &TestStore) {
    let person = store.person("Ada").await;
    let act = store.act(&person);
    let (org, other) = (store.org(&act, "Focus").await, store.org(&act, "Other").await);
    let app = store.app(&act, &org, "Focus and calm").await;
    let key = store.key(&act, &app, "CI").await.key;
    let (ada, org, other) = (person.id.as_str(), org.id.as_str(), other.id.as_str());
    let (tenant, project, app) = (app.tenant_id.as_str(), app.project_id.as_str(), app.id.as_str());
    let key = key.id.as_str();

    let place = sallyport::id::OrgId::parse(org).expect("an id");
    let account = store.create_service_account(&act, &place, "Import", Role::Viewer).await.expect("made").id;
    let account = account.as_str();

    // Each is valid except for the named constraint.
    let service_token = |account: &str, expires: i64| {
        format!(
            "INSERT INTO service_tokens (id, account_id, name, scopes, shown, digest, pepper, created_at, expires_at) \
             VALUES ('svt_x', '{account}', 'x', 'read', 'x', %DIGEST%, 1, 1, {expires})"
        )
    };
    let user = |id: &str, name: &str, email: &str, operator: i64| {
        format!(
            "INSERT INTO users (id, name, email, password_hash, operator, created_at) \
             VALUES ('{id}', '{name}', '{email}', 'h', {operator}, 1)"
        )
    };
    let linked = Identity { provider: "https://idp.example".to_owned(), subject: "ada".to_owned() };
    store.link_identity(&act, &person, linked).await.expect("linked");
    let identity = |provider: &str, subject: &str, user: &str| {
        format!(
            "INSERT INTO identities (provider, subject, user_id, created_at) VALUES ('{provider}', '{subject}', '{user}', 1)"
        )
    };
    let reset = |values: &str| {
        format!(
            "INSERT INTO password_resets (id, user_id, created_at, expires_at, ended_at) VALUES ('rst_x', {values})"
        )
    };
    let invitation = |org: &str, place: &str, what: &str| {
        format!(
            "INSERT INTO invitations (id, org_id, place_kind, place_id, role, email, message, invited_by, generation, \
             created_at, expires_at, ended_at) \
             VALUES ('inv_x', '{org}', 'organization', '{place}', {what})"
        )
    };
    let job = |what: &str, state: &str| {
        format!(
            "INSERT INTO jobs (id, queue, payload, created_at, run_at, every, lease_until, outcome, ended_at, error) \
             VALUES ('job_x', {what}, {state})"
        )
    };
    let grant = |org: &str, subject: &str, kind: &str, place: &str, role: &str| {
        format!(
            "INSERT INTO grants (org_id, subject, place_kind, place_id, role, granted_at) \
             VALUES ('{org}', '{subject}', '{kind}', '{place}', '{role}', 1)"
        )
    };
    let rule = |org: &str, app: &str, lifetime: i64| {
        format!(
            "INSERT INTO trust_rules (id, org_id, app_id, name, issuer, audience, claims, environment, scopes, \
             lifetime_seconds, addresses, created_at, created_by) \
             VALUES ('tru_x', '{org}', '{app}', 'n', 'i', 'a', '{{}}', 'production', 'read', {lifetime}, '', 1, 'x')"
        )
    };
    let personal = |values: &str| {
        format!(
            "INSERT INTO personal_tokens (id, user_id, kind, name, scopes, shown, digest, pepper, refreshed_until, \
             refresh_digest, created_at, expires_at) VALUES ('pat_x', {values})"
        )
    };
    let device = |values: &str| {
        format!(
            "INSERT INTO device_requests (digest, pepper, user_code_hash, name, scopes, created_at, expires_at, \
             interval_seconds, user_id, decided_at, approved, ended_at) \
             VALUES (%DIGEST%, 1, %DIGEST%, 'x', 'read', {values})"
        )
    };
    let checkpoint = |chain: &str, size: i64, root: &str| {
        format!(
            "INSERT INTO checkpoints (chain, size, root, note, frontier, at) \
             VALUES ('{chain}', {size}, {root}, 'x', %DIGEST%, 1)"
        )
    };
    let covered = store.checkpoint("keys.example.com/audit", org).await.expect("made").size;
    let long = "x".repeat(101);
    let set_secret = |what: &str| format!("UPDATE key_secrets SET {what} WHERE key_id = '{key}'");
    let set_key = |what: &str| format!("UPDATE keys SET {what} WHERE id = '{key}'");
    let violations = [
        ("one revision", "INSERT INTO revision (id, n) VALUES (2, 0)".to_owned()),
        ("user name", user("u", "", "a@b", 0)),
        ("user name length", user("u", &long, "a@b", 0)),
        ("email in lower case", user("u", "A", "A@b", 0)),
        ("email unique", user("u", "A", "ada@example.com", 0)),
        ("operator is a flag", user("u", "A", "a@b", 2)),
        ("user id unique", user(ada, "A", "a@b", 0)),
        (
            "session of nobody",
            "INSERT INTO sessions (id_digest, user_id, created_at, last_seen_at, expires_at) \
            VALUES (%DIGEST%, 'usr_nobody', 1, 1, 2)"
                .to_owned(),
        ),
        ("reset of nobody", reset("'usr_nobody', 1, 2, NULL")),
        ("reset that never works", reset("NULL, 2, 2, NULL")),
        ("reset that ended before it began", reset("NULL, 2, 3, 1")),
        ("invitation to nothing", invitation("org_none", "org_none", "'viewer', 'a@b', '', 'usr_x', 1, 1, 2, NULL")),
        ("invitation to another", invitation(org, other, "'viewer', 'a@b', '', 'usr_x', 1, 1, 2, NULL")),
        ("invitation to a strange role", invitation(org, org, "'king', 'a@b', '', 'usr_x', 1, 1, 2, NULL")),
        ("invitation that was never sent", invitation(org, org, "'viewer', 'a@b', '', 'usr_x', 0, 1, 2, NULL")),
        ("invitation that never works", invitation(org, org, "'viewer', 'a@b', '', 'usr_x', 1, 2, 2, NULL")),
        ("invitation that ended before it began", invitation(org, org, "'viewer', 'a@b', '', 'usr_x', 1, 2, 3, 1")),
        ("identity of nobody", identity("https://idp.example", "other", "usr_nobody")),
        ("identity of nobody's vouching", identity("", "other", ada)),
        ("identity without a subject", identity("https://idp.example", "", ada)),
        ("identity length", identity("https://idp.example", &"x".repeat(256), ada)),
        ("identity unique", identity("https://idp.example", "ada", ada)),
        ("limit of a key", set_key("limit_per_minute = 0")),
        ("day's limit of a key", set_key("limit_per_day = -1")),
        ("limit of an app", format!("UPDATE apps SET limit_per_minute = 0 WHERE id = '{app}'")),
        ("day's limit of an app", format!("UPDATE apps SET limit_per_day = 0 WHERE id = '{app}'")),
        ("count of no key", "INSERT INTO key_days (key_id, day, n) VALUES ('key_none', 1, 1)".to_owned()),
        ("use of no key", "INSERT INTO key_uses (key_id, first_at, last_at) VALUES ('key_none', 1, 1)".to_owned()),
        (
            "last used before it was used first",
            format!("INSERT INTO key_uses (key_id, first_at, last_at) VALUES ('{key}', 2, 1)"),
        ),
        ("count below nothing", format!("INSERT INTO key_days (key_id, day, n) VALUES ('{key}', 1, -1)")),
        ("job without a queue", job("'', '{}', 1", "1, NULL, NULL, NULL, NULL, NULL")),
        ("job without a payload", job("'q', '', 1", "1, NULL, NULL, NULL, NULL, NULL")),
        ("job that is not due and not over", job("'q', '{}', 1", "NULL, NULL, NULL, NULL, NULL, NULL")),
        ("job that recurs and is over", job("'q', '{}', 1", "NULL, 1, NULL, 'done', 1, NULL")),
        ("job that is over and leased", job("'q', '{}', 1", "NULL, NULL, 1, 'done', 1, NULL")),
        ("job that recurs at no distance", job("'q', '{}', 1", "1, 0, NULL, NULL, NULL, NULL")),
        ("job with a strange outcome", job("'q', '{}', 1", "NULL, NULL, NULL, 'lost', 1, NULL")),
        ("job with an outcome at no time", job("'q', '{}', 1", "NULL, NULL, NULL, 'done', NULL, NULL")),
        ("job that failed for no reason", job("'q', '{}', 1", "NULL, NULL, NULL, 'failed', 1, NULL")),
        ("plan", format!("UPDATE orgs SET plan = 'gold' WHERE id = '{org}'")),
        ("org name", format!("UPDATE orgs SET name = '' WHERE id = '{org}'")),
        ("member of nothing", grant("org_none", ada, "organization", "org_none", "owner")),
        ("nobody as member", grant(org, "usr_nobody", "organization", org, "owner")),
        ("member twice", grant(org, ada, "organization", org, "owner")),
        ("role at a place that has none", grant(org, ada, "tenant", tenant, "owner")),
        ("organization in another", grant(org, ada, "organization", other, "owner")),
        ("role", format!("UPDATE grants SET role = 'king' WHERE org_id = '{org}'")),
        (
            "tenant of nothing",
            "INSERT INTO tenants (id, org_id, name, created_at) VALUES ('ten_x', 'org_none', 'X', 1)".to_owned(),
        ),
        (
            "tenant name unique",
            format!("INSERT INTO tenants (id, org_id, name, created_at) VALUES ('ten_x', '{org}', 'Development', 1)"),
        ),
        ("tenant name", format!("INSERT INTO tenants (id, org_id, name, created_at) VALUES ('ten_x', '{org}', '', 1)")),
        (
            "project in another org",
            format!(
                "INSERT INTO projects (id, tenant_id, org_id, name, created_at) VALUES ('prj_x', '{tenant}', '{other}', 'X', 1)"
            ),
        ),
        (
            "project name unique",
            format!(
                "INSERT INTO projects (id, tenant_id, org_id, name, created_at) VALUES ('prj_x', '{tenant}', '{org}', 'Project of Focus and calm', 1)"
            ),
        ),
        ("app in another org", format!("UPDATE apps SET org_id = '{other}' WHERE id = '{app}'")),
        (
            "app name unique",
            format!(
                "INSERT INTO apps (id, project_id, tenant_id, org_id, name, os, created_at) \
             VALUES ('app_x', '{project}', '{tenant}', '{org}', 'Focus and calm', 'web', 1)"
            ),
        ),
        ("app os", format!("UPDATE apps SET os = 'amiga' WHERE id = '{app}'")),
        ("app flag", format!("UPDATE apps SET ingestion_verified = 2 WHERE id = '{app}'")),
        ("app with keys stays", format!("DELETE FROM apps WHERE id = '{app}'")),
        ("org with tenants stays", format!("DELETE FROM orgs WHERE id = '{org}'")),
        ("key in another org", set_key(&format!("org_id = '{other}'"))),
        ("key of an app names it", set_key("app_id = NULL")),
        ("key owner", set_key("owner = 'nobody'")),
        ("key of a member names no app", set_key("owner = 'member'")),
        ("key label", set_key("label = ''")),
        ("key label length", set_key(&format!("label = '{long}'"))),
        ("key mode", set_key("mode = 'prod'")),
        ("key scopes", set_key("scopes = ' '")),
        ("key digest length", set_secret("digest = %SHORT%")),
        ("key pepper", set_secret("pepper = 99")),
        ("secrets are counted from 1", set_secret("n = 0")),
        ("retirement after creation", set_secret("retires_at = created_at")),
        ("secret of no key", set_secret("key_id = 'key_none'")),
        (
            "a secret twice",
            "INSERT INTO key_secrets SELECT key_id, n + 1, digest, pepper, shown, 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM key_secrets"
                .to_owned(),
        ),
        ("secret number twice", "INSERT INTO signing_secrets SELECT * FROM signing_secrets".to_owned()),
        ("signing secret of no key", "UPDATE signing_secrets SET key_id = 'key_none'".to_owned()),
        ("what was ended signs nothing", "UPDATE signing_secrets SET ended_at = 5".to_owned()),
        ("what is not ended signs", "UPDATE signing_secrets SET sealed = NULL".to_owned()),
        ("whole digests in a change", "UPDATE changes SET touched = %SHORT%".to_owned()),
        ("one change of a revision", "INSERT INTO changes SELECT * FROM changes".to_owned()),
        ("revoked by somebody", set_key("revoked_at = 5")),
        ("proof of what was not revoked", set_key("refused_after = 5")),
        (
            "proof before the commit",
            set_key("revoked_at = 5, revoked_by = 'Ada', revoke_reason = '', refused_after = -1"),
        ),
        ("revoked at some time", set_key("revoked_by = 'Eve'")),
        ("paused by somebody", set_key("paused_at = 5")),
        ("paused at some time", set_key("paused_by = 'Eve'")),
        ("key metadata", set_key("metadata = ''")),
        ("key metadata length", set_key(&format!("metadata = '{}'", "x".repeat(2049)))),
        ("expiry after creation", set_key("expires_at = created_at")),
        ("created by somebody", set_key("created_by = 'usr_nobody'")),
        (
            "token flag",
            "INSERT INTO root_tokens (id, name, shown, digest, pepper, manage, created_at) \
            VALUES ('tok_x', 'x', 'x', %DIGEST%, 1, 2, 1)"
                .to_owned(),
        ),
        (
            "token org",
            "INSERT INTO root_tokens (id, name, shown, digest, pepper, manage, org_id, created_at) \
            VALUES ('tok_x', 'x', 'x', %DIGEST%, 1, 0, 'org_none', 1)"
                .to_owned(),
        ),
        (
            "personal token of nobody",
            personal("'usr_nobody', 'created', 'x', 'read', 'x', %DIGEST%, 1, NULL, NULL, 1, NULL"),
        ),
        (
            "strange personal token",
            personal(&format!("'{ada}', 'odd', 'x', 'read', 'x', %DIGEST%, 1, NULL, NULL, 1, 2")),
        ),
        (
            "command line without a refresh token",
            personal(&format!("'{ada}', 'command_line', 'x', 'read', 'x', %DIGEST%, 1, NULL, NULL, 1, 2")),
        ),
        (
            "personal token that never works",
            personal(&format!("'{ada}', 'created', 'x', 'read', 'x', %DIGEST%, 1, NULL, NULL, 2, 2")),
        ),
        ("device request decided by nobody", device("1, 2, 5, NULL, 1, 1, NULL")),
        ("device request ended without an approval", device("1, 2, 5, NULL, NULL, NULL, 1")),
        ("device request that never works", device("2, 2, 5, NULL, NULL, NULL, NULL")),
        (
            "authenticator of nobody",
            "INSERT INTO authenticators (user_id, secret, added_at, last_step) VALUES ('usr_nobody', %DIGEST%, 1, 1)"
                .to_owned(),
        ),
        (
            "recovery code used before it was made",
            format!("INSERT INTO recovery_codes (user_id, digest, created_at, used_at) VALUES ('{ada}', %DIGEST%, 2, 1)"),
        ),
        (
            "passkey of nobody",
            "INSERT INTO passkeys (id, user_id, rp_id, name, credential_id, credential, added_at) \
             VALUES ('pky_x', 'usr_nobody', 'localhost', 'x', %DIGEST%, '{}', 1)"
                .to_owned(),
        ),
        (
            "passkey used before it was made",
            format!(
                "INSERT INTO passkeys (id, user_id, rp_id, name, credential_id, credential, added_at, last_used_at) \
                 VALUES ('pky_x', '{ada}', 'localhost', 'x', %DIGEST%, '{{}}', 2, 1)"
            ),
        ),
        (
            "passkey that signs in by itself in part",
            format!(
                "INSERT INTO passkeys (id, user_id, rp_id, name, credential_id, credential, added_at, alone) \
                 VALUES ('pky_x', '{ada}', 'localhost', 'x', %DIGEST%, '{{}}', 1, 2)"
            ),
        ),
        ("event of no chain", "UPDATE events SET chain = 'nowhere'".to_owned()),
        ("event numbers", format!("UPDATE events SET seq = 1 WHERE chain = '{org}' AND seq = 2")),
        ("event numbers begin at 1", format!("UPDATE events SET seq = 0 WHERE chain = '{org}' AND seq = 1")),
        ("event outcome", format!("UPDATE events SET outcome = -1 WHERE chain = '{org}' AND seq = 1")),
        ("checkpoint of no chain", checkpoint("nowhere", 1, "%DIGEST%")),
        ("checkpoint of less than nothing", checkpoint(org, -1, "%DIGEST%")),
        ("checkpoint with half a root", checkpoint(org, 1, "%SHORT%")),
        ("checkpoint made twice", checkpoint(org, covered, "%DIGEST%")),
        (
            "key of capability tokens, half",
            "INSERT INTO capability_keys (id, public_key, sealed, from_at, kept_until) VALUES ('k', %SHORT%, %DIGEST%, 1, 1)"
                .to_owned(),
        ),
        ("role of a service account that is none", grant(org, "sva_none", "organization", org, "admin")),
        ("service account that owns", grant(org, account, "organization", org, "owner")),
        (
            "two service accounts of a name",
            format!(
                "INSERT INTO service_accounts (id, org_id, name, name_folded, created_at) \
                 VALUES ('sva_x', '{org}', 'Import', 'import', 1)"
            ),
        ),
        (
            "service account of no organization",
            "INSERT INTO service_accounts (id, org_id, name, name_folded, created_at) VALUES ('sva_x', 'org_x', 'x', 'x', 1)"
                .to_owned(),
        ),
        ("service token of nobody", service_token("sva_none00000000", 2)),
        ("service token that never works", service_token(account, 1)),
        ("service account with a role", format!("DELETE FROM service_accounts WHERE id = '{account}'")),
        ("trust rule of an app elsewhere", rule(other, app, 900)),
        ("trust rule of no app", rule(org, "app_none", 900)),
        ("trust rule for too long", rule(org, app, 901)),
        ("trust rule for too short", rule(org, app, 59)),
        (
            "exchanged token, half",
            "INSERT INTO exchanged_tokens (digest, expires_at) VALUES (%SHORT%, 1)".to_owned(),
        ),
        ("epochs begin at 1", format!("UPDATE apps SET capability_epoch = 0 WHERE id = '{app}'")),
        (
            "two master keys that seal",
            "INSERT INTO master_keys (fingerprint, state, since) VALUES ('00000000', 'current', 1)".to_owned(),
        ),
        ("master key in no state", "UPDATE master_keys SET state = 'lost'".to_owned()),
        ("key of the audit log, half", "UPDATE audit_keys SET public_key = %SHORT%".to_owned()),
    ];
    let pool = raw(store.location()).await;
    let postgres = matches!(store.location(), sallyport::store::Location::Postgres(_));
    let blob = |bytes: usize| {
        let hex = "00".repeat(bytes);
        if postgres { format!("'\\x{hex}'::bytea") } else { format!("X'{hex}'") }
    };
    for (what, sql) in violations {
        let sql = sql.replace("%DIGEST%", &blob(32)).replace("%SHORT%", &blob(31));
        let error = sqlx::query(AssertSqlSafe(sql.clone())).execute(&pool).await;
        let error = error.expect_err(&format!("{what} was not refused: {sql}"));
        let error = error.as_database_error().unwrap_or_else(|| panic!("{what}: {error}"));
        let kind = (
            error.is_unique_violation() || error.is_foreign_key_violation() || error.is_check_violation(),
            error.message().to_owned(),
        );
        assert!(kind.0, "{what}: {}", kind.1);
    }
    pool.close().await;
}
