-- Older servers go on with this.
-- Whose ID tokens are exchanged for short-lived keys of an app.
CREATE TABLE trust_rules (
    id TEXT PRIMARY KEY,
    org_id TEXT NOT NULL,
    app_id TEXT NOT NULL,
    name TEXT NOT NULL,
    issuer TEXT NOT NULL,
    audience TEXT NOT NULL,
    -- By the name of each claim what it has to be, as a JSON object.
    claims TEXT NOT NULL,
    environment TEXT NOT NULL,
    scopes TEXT NOT NULL,
    -- How long a key is valid.
    lifetime_seconds BIGINT NOT NULL CHECK (lifetime_seconds BETWEEN 60 AND 900),
    -- Blocks from which a key may be used; empty for all.
    addresses TEXT NOT NULL,
    paused_at BIGINT,
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    used_at BIGINT,
    -- Identifies the form, so that one that is sent twice makes one.
    form_token BYTEA,
    FOREIGN KEY (app_id, org_id) REFERENCES apps (id, org_id) ON DELETE CASCADE
);
CREATE INDEX trust_rules_of_app ON trust_rules (app_id, created_at, id);
CREATE UNIQUE INDEX trust_rules_form_token_unique ON trust_rules (form_token);

-- ID tokens that were exchanged, until they have expired: each once. By a digest of issuer and `jti`.
CREATE TABLE exchanged_tokens (
    digest BYTEA PRIMARY KEY CHECK (length(digest) = 32),
    expires_at BIGINT NOT NULL
);
CREATE INDEX exchanged_tokens_by_end ON exchanged_tokens (expires_at);

-- The rule that gave a short-lived key, which is listed apart from those of people, and deleted when it is over. The rule may be
-- gone.
ALTER TABLE keys ADD COLUMN trust_rule_id TEXT;
-- Of a rule that is taken away, of an app's page, and those that are over.
CREATE INDEX keys_of_trust_rule ON keys (trust_rule_id) WHERE trust_rule_id IS NOT NULL;
CREATE INDEX keys_given_to_jobs ON keys (app_id, created_at, id) WHERE trust_rule_id IS NOT NULL;
CREATE INDEX keys_given_by_end ON keys (expires_at) WHERE trust_rule_id IS NOT NULL;

-- Lists, which leave these out, and their counts are still read from the index.
DROP INDEX keys_kept_of_app;
DROP INDEX keys_kept_of_org;
CREATE INDEX keys_kept_of_app ON keys (app_id, created_at, id, revoked_at, trust_rule_id) WHERE revoked_at IS NULL;
CREATE INDEX keys_kept_of_org ON keys (org_id, created_at, id, revoked_at, trust_rule_id) WHERE revoked_at IS NULL;
