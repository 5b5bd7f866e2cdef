-- A key has several secrets, one after another and two at once while it is rotated: they get a table of their own, and so
-- do the secrets that requests are signed with. Label, scopes, limits and history stay with the key.
--
-- SQLite can't drop a column that is unique or refers to another table, and dropping a table deletes what refers to it.
-- So `keys` and the two tables that refer to it are put aside, made anew and filled again, which both databases can.
CREATE TABLE keys_before AS SELECT * FROM keys;
CREATE TABLE key_uses_before AS SELECT * FROM key_uses;
CREATE TABLE key_days_before AS SELECT * FROM key_days;
DROP TABLE key_uses;
DROP TABLE key_days;
DROP TABLE keys;

CREATE TABLE keys (
    id TEXT PRIMARY KEY,
    org_id TEXT NOT NULL REFERENCES orgs (id),
    -- An app's key; a person's and an organization's have none.
    app_id TEXT,
    owner TEXT NOT NULL DEFAULT 'app' CHECK (owner IN ('app', 'member', 'organization')),
    -- Whose personal token it is. A key of an organization and a key of an app have none.
    owner_id TEXT REFERENCES users (id) CHECK ((owner = 'member') = (owner_id IS NOT NULL)),
    label TEXT NOT NULL CHECK (length(label) BETWEEN 1 AND 100),
    -- NULL until the program folded it, right after the migrations.
    label_folded TEXT,
    environment TEXT NOT NULL,
    mode TEXT NOT NULL CHECK (mode IN ('live', 'test')),
    -- Names from the profile's catalogue, a space between.
    scopes TEXT NOT NULL DEFAULT '' CHECK (scopes = trim(scopes)),
    -- The form that asked for it: a form sent twice makes one key.
    form_token BYTEA CONSTRAINT keys_form_token_unique UNIQUE,
    -- Refuse requests that are not signed with a signing secret.
    require_signed BIGINT NOT NULL DEFAULT 0 CHECK (require_signed IN (0, 1)),
    -- CIDR blocks, a space between; empty allows every address. Outside of them is noted, or refused.
    addresses TEXT NOT NULL DEFAULT '' CHECK (length(addresses) <= 4000),
    addresses_enforced BIGINT NOT NULL DEFAULT 0 CHECK (addresses_enforced IN (0, 1)),
    -- Instead of the app's, or of the plan's.
    limit_per_minute BIGINT CHECK (limit_per_minute > 0),
    limit_per_day BIGINT CHECK (limit_per_day > 0),
    -- A JSON object, up to 2 KB.
    metadata TEXT NOT NULL DEFAULT '{}' CHECK (length(metadata) BETWEEN 2 AND 2048),
    created_at BIGINT NOT NULL,
    created_by TEXT REFERENCES users (id),
    expires_at BIGINT,
    paused_at BIGINT,
    paused_by TEXT CHECK ((paused_at IS NULL) = (paused_by IS NULL)),
    revoked_at BIGINT,
    revoked_by TEXT,
    revoke_reason TEXT,
    -- Microseconds from the commit of a revocation until the verifier refused the key; unknown where none served.
    refused_after BIGINT CHECK (refused_after IS NULL OR (refused_after >= 0 AND revoked_at IS NOT NULL)),
    CHECK ((owner = 'app') = (app_id IS NOT NULL)),
    CHECK ((revoked_at IS NULL) = (revoked_by IS NULL)),
    CHECK (expires_at IS NULL OR expires_at > created_at),
    FOREIGN KEY (app_id, org_id) REFERENCES apps (id, org_id)
);
INSERT INTO keys (id, org_id, app_id, owner, owner_id, label, label_folded, environment, mode, scopes, form_token,
    require_signed, addresses, addresses_enforced, limit_per_minute, limit_per_day, metadata, created_at, created_by,
    expires_at, paused_at, paused_by, revoked_at, revoked_by, revoke_reason, refused_after)
SELECT id, org_id, app_id, owner, owner_id, label, label_folded, environment, mode, scopes, form_token,
    require_signed, addresses, addresses_enforced, limit_per_minute, limit_per_day, metadata, created_at, created_by,
    expires_at, paused_at, paused_by, revoked_at, revoked_by, revoke_reason, refused_after
FROM keys_before;

-- As they were: the lists, newest first, with and without the revoked keys; what expires soon; a person's keys; and what is
-- left to be folded.
CREATE INDEX keys_of_app ON keys (app_id, created_at, id);
CREATE INDEX keys_of_org ON keys (org_id, created_at, id);
CREATE INDEX keys_kept_of_app ON keys (app_id, created_at, id) WHERE revoked_at IS NULL;
CREATE INDEX keys_kept_of_org ON keys (org_id, created_at, id) WHERE revoked_at IS NULL;
CREATE INDEX keys_expiring ON keys (org_id, expires_at) WHERE revoked_at IS NULL AND expires_at IS NOT NULL;
CREATE INDEX keys_of_person ON keys (owner_id) WHERE owner_id IS NOT NULL;
CREATE INDEX keys_unfolded ON keys (id) WHERE label_folded IS NULL;

-- As in 0006, which says why.
CREATE TABLE key_uses (
    key_id TEXT PRIMARY KEY REFERENCES keys (id) ON DELETE CASCADE,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    CHECK (last_at >= first_at)
);
INSERT INTO key_uses (key_id, first_at, last_at) SELECT key_id, first_at, last_at FROM key_uses_before;
DROP TABLE key_uses_before;

-- As in 0004, which says why.
CREATE TABLE key_days (
    key_id TEXT NOT NULL REFERENCES keys (id) ON DELETE CASCADE,
    day BIGINT NOT NULL,
    n BIGINT NOT NULL CHECK (n >= 0),
    PRIMARY KEY (key_id, day)
);
INSERT INTO key_days (key_id, day, n) SELECT key_id, day, n FROM key_days_before;
CREATE INDEX key_days_of_day ON key_days (day);
DROP TABLE key_days_before;

-- A secret is good while it was not ended and has not retired. The index on `digest` serves the verifier's look-up, the
-- search for a whole key, and the list of all digests at a start. The primary key serves all else, which begins with a key:
-- what lists show, rotation, revocation, the deletion of a key. Neither `retires_at` nor `ended_at` is looked for.
CREATE TABLE key_secrets (
    key_id TEXT NOT NULL REFERENCES keys (id) ON DELETE CASCADE,
    -- Counts the secrets of a key, from 1.
    n BIGINT NOT NULL CHECK (n > 0),
    -- HMAC-SHA256 under the pepper of that version.
    digest BYTEA NOT NULL CONSTRAINT key_secrets_digest_unique UNIQUE CHECK (length(digest) = 32),
    pepper BIGINT NOT NULL REFERENCES peppers (version),
    -- Prefix, first and last four characters: enough to tell secrets apart, useless to guess the rest.
    shown TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    -- The end of a grace period.
    retires_at BIGINT CHECK (retires_at > created_at),
    -- Ended by a person, or with its key.
    ended_at BIGINT,
    PRIMARY KEY (key_id, n)
);
INSERT INTO key_secrets (key_id, n, digest, pepper, shown, created_at, ended_at)
SELECT id, 1, digest, pepper, shown, created_at, revoked_at FROM keys_before;

-- What requests are signed with: any of a key's that is active, with any of its secrets. Each statement names a key, which
-- the primary key serves.
CREATE TABLE signing_secrets (
    key_id TEXT NOT NULL REFERENCES keys (id) ON DELETE CASCADE,
    -- Counts the signing secrets of a key.
    n BIGINT NOT NULL CHECK (n >= 0),
    -- Sealed, not hashed: whoever checks an HMAC has to know the secret. Associated data: key id and n. Nothing is kept of
    -- one that was ended, by hand or with its key.
    sealed BYTEA,
    created_at BIGINT NOT NULL,
    retires_at BIGINT,
    ended_at BIGINT,
    CHECK ((ended_at IS NULL) = (sealed IS NOT NULL)),
    PRIMARY KEY (key_id, n)
);
-- When one was made was noted in the audit log alone; the one before it is given the key's time.
INSERT INTO signing_secrets (key_id, n, sealed, created_at)
SELECT k.id, k.signing_version, k.signing_secret, COALESCE(
    (SELECT MAX(e.at) FROM events e WHERE e.chain = k.org_id AND e.target_id = k.id
        AND e.action IN ('key.signing_generated', 'key.signing_rotated')),
    k.created_at)
FROM keys_before k WHERE k.signing_secret IS NOT NULL;
INSERT INTO signing_secrets (key_id, n, sealed, created_at, retires_at)
SELECT id, signing_version - 1, signing_before, created_at, signing_before_until
FROM keys_before WHERE signing_before IS NOT NULL;

DROP TABLE keys_before;
