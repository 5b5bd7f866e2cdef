-- The authenticator app of a person: the secret that they share, sealed under the master key. An older server would sign
-- people in without it, so none goes on with this.
CREATE TABLE authenticators (
    user_id TEXT PRIMARY KEY REFERENCES users (id),
    secret BYTEA NOT NULL,
    added_at BIGINT NOT NULL,
    -- The newest step (of 30 seconds since 1970) whose code was used: a code works once.
    last_step BIGINT NOT NULL
);

-- Codes that take the place of the authenticator app, each once. Found by the primary key.
CREATE TABLE recovery_codes (
    user_id TEXT NOT NULL REFERENCES users (id),
    -- SHA-256 over the person and the code, which has 120 random bits.
    digest BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    used_at BIGINT CHECK (used_at >= created_at),
    PRIMARY KEY (user_id, digest)
);

-- When the person of a session proved last that it is them. Those that were started before have to confirm it first.
ALTER TABLE sessions ADD COLUMN proved_at BIGINT NOT NULL DEFAULT 0;
