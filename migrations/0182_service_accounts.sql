-- Older servers go on with this.
-- Service accounts: members of an organization that are no people. Each has one role, in `grants`.
CREATE TABLE service_accounts (
    id TEXT PRIMARY KEY,
    org_id TEXT NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    disabled_at BIGINT
);
-- The list of an organization.
CREATE UNIQUE INDEX service_accounts_name_unique ON service_accounts (org_id, name_folded);

CREATE TABLE service_tokens (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES service_accounts (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    -- Names separated by spaces.
    scopes TEXT NOT NULL,
    shown TEXT NOT NULL,
    digest BYTEA NOT NULL,
    pepper BIGINT NOT NULL REFERENCES peppers (version),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL CHECK (expires_at > created_at),
    last_used_at BIGINT,
    last_address TEXT,
    revoked_at BIGINT CHECK (revoked_at >= created_at),
    -- When people were told that it ends soon.
    told_at BIGINT,
    -- The form that asked for it: a form sent twice makes one.
    form_token BYTEA
);
CREATE UNIQUE INDEX service_tokens_digest ON service_tokens (digest);
CREATE UNIQUE INDEX service_tokens_form_token_unique ON service_tokens (form_token);
-- The list of an account.
CREATE INDEX service_tokens_of ON service_tokens (account_id, created_at) WHERE revoked_at IS NULL;
-- Those that end soon, and old ones that are deleted.
CREATE INDEX service_tokens_expiry ON service_tokens (expires_at);

-- A role is given to a person or to a service account, by their id: `subject`. Of the two columns that follow from it, one is
-- set, so that a grant never outlasts whom it was given to. What lists people leaves service accounts out by them.
CREATE TABLE grants_of_both (
    org_id TEXT NOT NULL REFERENCES orgs (id),
    subject TEXT NOT NULL,
    person TEXT GENERATED ALWAYS AS (CASE WHEN substr(subject, 1, 4) = 'sva_' THEN NULL ELSE subject END) STORED
        REFERENCES users (id),
    service_account TEXT GENERATED ALWAYS AS (CASE WHEN substr(subject, 1, 4) = 'sva_' THEN subject END) STORED
        REFERENCES service_accounts (id),
    place_kind TEXT NOT NULL,
    place_id TEXT NOT NULL,
    role TEXT NOT NULL,
    -- The id of the person, root token, key or service account that gave this role; NULL where the command line did, or nobody
    -- knows.
    granted_by TEXT,
    -- Since when they have had a role there. Another role keeps it.
    granted_at BIGINT NOT NULL,
    -- The issuer whose groups gave a role.
    synced_by TEXT,
    PRIMARY KEY (org_id, subject, place_id, role),
    FOREIGN KEY (place_kind, role) REFERENCES roles (place_kind, role),
    CHECK ((place_kind = 'organization') = (place_id = org_id)),
    CHECK (service_account IS NULL OR role <> 'owner')
);
INSERT INTO grants_of_both (org_id, subject, place_kind, place_id, role, granted_by, granted_at, synced_by)
SELECT org_id, subject, place_kind, place_id, role, granted_by, granted_at, synced_by FROM grants;
DROP TABLE grants;
ALTER TABLE grants_of_both RENAME TO grants;
CREATE INDEX grants_of_subject ON grants (subject, org_id);
-- Removing a service account looks for its grants.
CREATE INDEX grants_of_service_account ON grants (service_account) WHERE service_account IS NOT NULL;
