-- An operator suspends an organization: every request with one of its keys is refused until it is opened again.
ALTER TABLE orgs ADD COLUMN suspended_at BIGINT;
ALTER TABLE orgs ADD COLUMN suspend_reason TEXT;

-- A root token is refused from then on.
ALTER TABLE root_tokens ADD COLUMN expires_at BIGINT;

-- When a root token was last used, to the minute. Not in its row, which writes with the token hold.
CREATE TABLE token_uses (
    token_id TEXT PRIMARY KEY REFERENCES root_tokens (id) ON DELETE CASCADE,
    last_at BIGINT NOT NULL
);

-- The lists of the operator's console, newest first.
CREATE INDEX orgs_by_age ON orgs (created_at, id);
CREATE INDEX users_by_age ON users (created_at, id);
CREATE INDEX apps_by_age ON apps (created_at, id);
CREATE INDEX root_tokens_by_age ON root_tokens (created_at, id);
CREATE INDEX jobs_by_age ON jobs (created_at, id);

-- The form that asked for a root token: a form sent twice makes one.
ALTER TABLE root_tokens ADD COLUMN form_token BYTEA;
CREATE UNIQUE INDEX root_tokens_form_token_unique ON root_tokens (form_token);
