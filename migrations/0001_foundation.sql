-- One SQL for SQLite and PostgreSQL: TEXT identifiers, BIGINT microseconds since 1970 (UTC), BYTEA digests.
-- No BOOLEAN or TIMESTAMP columns: the two databases disagree about them.

-- Counts every change that a verdict depends on. Verifiers in other processes poll it.
CREATE TABLE revision (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    n BIGINT NOT NULL
);
INSERT INTO revision (id, n) VALUES (1, 0);

-- What digests the keys, itself sealed under the master key. One is current; retired ones still recognise keys.
CREATE TABLE peppers (
    version BIGINT PRIMARY KEY,
    sealed BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    retired_at BIGINT
);

CREATE TABLE users (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    -- Lower case: one person, one account, however the address is typed.
    email TEXT NOT NULL CONSTRAINT users_email_unique UNIQUE CHECK (email = lower(email)),
    password_hash TEXT NOT NULL,
    operator BIGINT NOT NULL DEFAULT 0 CHECK (operator IN (0, 1)),
    created_at BIGINT NOT NULL,
    disabled_at BIGINT
);

-- Only a digest of the session's id: a stolen copy of the database signs nobody in.
CREATE TABLE sessions (
    id_digest BYTEA PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id),
    data TEXT NOT NULL,
    address TEXT,
    user_agent TEXT,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_of_user ON sessions (user_id);

CREATE TABLE orgs (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    description TEXT NOT NULL DEFAULT '',
    plan TEXT NOT NULL CHECK (plan IN ('starter', 'pro', 'enterprise')),
    created_at BIGINT NOT NULL
);

CREATE TABLE members (
    org_id TEXT NOT NULL REFERENCES orgs (id),
    user_id TEXT NOT NULL REFERENCES users (id),
    role TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'member')),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (org_id, user_id)
);
CREATE INDEX members_of_user ON members (user_id);

-- The organization is repeated in each thing below it, and the pair is a foreign key: a project can't end up in
-- another organization than its tenant, whatever the code does.
CREATE TABLE tenants (
    id TEXT PRIMARY KEY,
    org_id TEXT NOT NULL REFERENCES orgs (id),
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    created_at BIGINT NOT NULL,
    CONSTRAINT tenants_name_unique UNIQUE (org_id, name),
    UNIQUE (id, org_id)
);

CREATE TABLE projects (
    id TEXT PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    org_id TEXT NOT NULL,
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    created_at BIGINT NOT NULL,
    CONSTRAINT projects_name_unique UNIQUE (tenant_id, name),
    UNIQUE (id, tenant_id, org_id),
    FOREIGN KEY (tenant_id, org_id) REFERENCES tenants (id, org_id)
);
CREATE INDEX projects_of_org ON projects (org_id);

CREATE TABLE apps (
    id TEXT PRIMARY KEY,
    project_id TEXT NOT NULL,
    tenant_id TEXT NOT NULL,
    org_id TEXT NOT NULL,
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    os TEXT NOT NULL CHECK (os IN ('android', 'ios', 'macos', 'windows', 'linux', 'web', 'backend')),
    bundle_id TEXT,
    description TEXT NOT NULL DEFAULT '',
    -- An operator's switch: the app may push data.
    ingestion_verified BIGINT NOT NULL DEFAULT 0 CHECK (ingestion_verified IN (0, 1)),
    created_at BIGINT NOT NULL,
    CONSTRAINT apps_name_unique UNIQUE (project_id, name),
    UNIQUE (id, org_id),
    FOREIGN KEY (project_id, tenant_id, org_id) REFERENCES projects (id, tenant_id, org_id)
);
CREATE INDEX apps_of_org ON apps (org_id);

CREATE TABLE keys (
    id TEXT PRIMARY KEY,
    org_id TEXT NOT NULL REFERENCES orgs (id),
    -- An app's key today; a person's and an organization's have none, which is why it may be NULL.
    app_id TEXT,
    owner TEXT NOT NULL DEFAULT 'app' CHECK (owner IN ('app', 'member', 'organization')),
    label TEXT NOT NULL CHECK (length(label) BETWEEN 1 AND 100),
    environment TEXT NOT NULL,
    mode TEXT NOT NULL CHECK (mode IN ('live', 'test')),
    -- Prefix, first and last four characters: enough to tell keys apart, useless to guess the rest.
    shown TEXT NOT NULL,
    -- HMAC-SHA256 under the pepper of that version.
    digest BYTEA NOT NULL CONSTRAINT keys_digest_unique UNIQUE CHECK (length(digest) = 32),
    pepper BIGINT NOT NULL REFERENCES peppers (version),
    -- Names from the profile's catalogue, a space between.
    scopes TEXT NOT NULL CHECK (length(scopes) > 0),
    -- The form that asked for it: a form sent twice makes one key.
    form_token BYTEA CONSTRAINT keys_form_token_unique UNIQUE,
    -- Sealed, not hashed: whoever checks an HMAC has to know the secret. Associated data: key id and version.
    signing_secret BYTEA,
    signing_version BIGINT NOT NULL DEFAULT 1,
    created_at BIGINT NOT NULL,
    created_by TEXT REFERENCES users (id),
    expires_at BIGINT,
    last_used_at BIGINT,
    revoked_at BIGINT,
    revoked_by TEXT,
    revoke_reason TEXT,
    CHECK ((owner = 'app') = (app_id IS NOT NULL)),
    CHECK ((revoked_at IS NULL) = (revoked_by IS NULL)),
    CHECK (expires_at IS NULL OR expires_at > created_at),
    FOREIGN KEY (app_id, org_id) REFERENCES apps (id, org_id)
);
-- The lists, newest first, a page at a time.
CREATE INDEX keys_of_app ON keys (app_id, created_at, id);
CREATE INDEX keys_of_org ON keys (org_id, created_at, id);

CREATE TABLE root_tokens (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    shown TEXT NOT NULL,
    digest BYTEA NOT NULL UNIQUE CHECK (length(digest) = 32),
    pepper BIGINT NOT NULL REFERENCES peppers (version),
    manage BIGINT NOT NULL CHECK (manage IN (0, 1)),
    org_id TEXT REFERENCES orgs (id),
    created_at BIGINT NOT NULL,
    revoked_at BIGINT
);

-- The head of each chain of events; writers queue here, so sequence numbers have no holes.
CREATE TABLE chains (
    name TEXT PRIMARY KEY,
    seq BIGINT NOT NULL,
    hash BYTEA NOT NULL
);

CREATE TABLE events (
    chain TEXT NOT NULL REFERENCES chains (name),
    seq BIGINT NOT NULL CHECK (seq > 0),
    at BIGINT NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id TEXT NOT NULL,
    actor_name TEXT NOT NULL,
    action TEXT NOT NULL,
    target_kind TEXT NOT NULL,
    target_id TEXT NOT NULL,
    target_name TEXT NOT NULL,
    -- No foreign key: events outlive what they tell of.
    app_id TEXT,
    -- 0 is done; else the HTTP status of the refusal.
    outcome BIGINT NOT NULL CHECK (outcome >= 0),
    address TEXT,
    user_agent TEXT,
    request_id TEXT,
    details TEXT NOT NULL,
    -- SHA-256 over the hash before and this event: a change in the past breaks every hash after it.
    hash BYTEA NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (chain, seq)
);
CREATE INDEX events_of_app ON events (app_id, chain, seq);
