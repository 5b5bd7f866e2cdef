-- Personal tokens: a person uses the API with one, or a command line is signed in with one.
CREATE TABLE personal_tokens (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id),
    kind TEXT NOT NULL CHECK (kind IN ('created', 'command_line')),
    name TEXT NOT NULL,
    -- Names separated by spaces.
    scopes TEXT NOT NULL,
    shown TEXT NOT NULL,
    digest BYTEA NOT NULL,
    pepper BIGINT NOT NULL REFERENCES peppers (version),
    -- Of a command line: its token is refused from then on, and replaced with the refresh token.
    refreshed_until BIGINT,
    refresh_digest BYTEA,
    created_at BIGINT NOT NULL,
    expires_at BIGINT CHECK (expires_at > created_at),
    last_used_at BIGINT,
    last_address TEXT,
    revoked_at BIGINT CHECK (revoked_at >= created_at),
    -- The form that asked for it: a form sent twice makes one.
    form_token BYTEA,
    CHECK ((kind = 'command_line') = (refresh_digest IS NOT NULL)),
    CHECK ((kind = 'command_line') = (refreshed_until IS NOT NULL)),
    CHECK (kind = 'created' OR expires_at IS NOT NULL)
);
CREATE UNIQUE INDEX personal_tokens_digest ON personal_tokens (digest);
CREATE UNIQUE INDEX personal_tokens_refresh ON personal_tokens (refresh_digest);
CREATE UNIQUE INDEX personal_tokens_form_token_unique ON personal_tokens (form_token);
-- The list on the page of the account.
CREATE INDEX personal_tokens_of ON personal_tokens (user_id, created_at) WHERE revoked_at IS NULL;

-- Refresh tokens that were used. If one is used again, somebody else has it: the command line is signed out.
CREATE TABLE used_refresh_tokens (
    digest BYTEA PRIMARY KEY,
    token_id TEXT NOT NULL REFERENCES personal_tokens (id) ON DELETE CASCADE,
    used_at BIGINT NOT NULL
);
CREATE INDEX used_refresh_tokens_of ON used_refresh_tokens (token_id);
-- Old ones are deleted by this.
CREATE INDEX used_refresh_tokens_age ON used_refresh_tokens (used_at);

-- Command lines that ask to be signed in (RFC 8628). Neither code is here: the device code as a digest, the code that a person
-- types as a keyed hash.
CREATE TABLE device_requests (
    digest BYTEA PRIMARY KEY,
    pepper BIGINT NOT NULL REFERENCES peppers (version),
    user_code_hash BYTEA NOT NULL,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    address TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL CHECK (expires_at > created_at),
    -- The least number of seconds between two questions.
    interval_seconds BIGINT NOT NULL CHECK (interval_seconds > 0),
    asked_at BIGINT,
    -- Whether the last question came too soon.
    slowed BIGINT NOT NULL DEFAULT 0 CHECK (slowed IN (0, 1)),
    -- Who approved or denied it.
    user_id TEXT REFERENCES users (id),
    decided_at BIGINT,
    approved BIGINT CHECK (approved IN (0, 1)),
    -- When its tokens were handed out.
    ended_at BIGINT,
    CHECK ((decided_at IS NULL) = (user_id IS NULL)),
    CHECK ((decided_at IS NULL) = (approved IS NULL)),
    CHECK (ended_at IS NULL OR COALESCE(approved, 0) = 1)
);
CREATE UNIQUE INDEX device_requests_user_code ON device_requests (user_code_hash);
-- Old ones are deleted by this, and those that wait are counted.
CREATE INDEX device_requests_expiry ON device_requests (expires_at);
