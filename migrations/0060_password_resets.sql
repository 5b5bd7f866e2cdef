-- Links to reset passwords. The token in a link is a keyed hash over the id, so what is here opens
-- nothing.
CREATE TABLE password_resets (
    id TEXT PRIMARY KEY,
    -- NULL if no account had the e-mail address: the same is written for every address, so that the time of the response
    -- reveals nothing.
    user_id TEXT REFERENCES users (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL CHECK (expires_at > created_at),
    -- When it was used, or the password was changed in another way.
    ended_at BIGINT CHECK (ended_at >= created_at)
);
-- A change of the password ends the open ones of its person by this.
CREATE INDEX password_resets_open ON password_resets (user_id) WHERE ended_at IS NULL;
-- Old ones are deleted by this.
CREATE INDEX password_resets_expiry ON password_resets (expires_at);
