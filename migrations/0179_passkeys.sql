-- The passkeys of people (WebAuthn): with one they sign in by itself, or after their password. An older server would sign people
-- in without it, so none goes on with this.
CREATE TABLE passkeys (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id),
    -- The host for which it was made: browsers offer it there alone.
    rp_id TEXT NOT NULL CHECK (length(rp_id) BETWEEN 1 AND 253),
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    -- The authenticator's name for it. Found by it at a sign-in: the unique index.
    credential_id BYTEA NOT NULL UNIQUE CHECK (length(credential_id) BETWEEN 1 AND 1023),
    -- Its public key and its counter, as JSON. No secret.
    credential TEXT NOT NULL,
    added_at BIGINT NOT NULL,
    last_used_at BIGINT CHECK (last_used_at >= added_at),
    -- Whether it signs in by itself. 0 after the account was recovered, or a copy was noticed: then it is only a second factor, until it
    -- was used beside another proof.
    alone BIGINT NOT NULL DEFAULT 1 CHECK (alone IN (0, 1))
);

-- Those of a person are listed, and counted at each sign-in with a password.
CREATE INDEX passkeys_of_user ON passkeys (user_id);

-- The challenges that were answered, so that none is answered twice; until nobody can hold them any more. Found by the primary key.
CREATE TABLE used_challenges (
    digest BYTEA PRIMARY KEY,
    until_at BIGINT NOT NULL
);
