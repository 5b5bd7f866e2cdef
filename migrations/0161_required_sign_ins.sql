-- The issuer with which people have to sign in to see an organization; no row where every sign-in will do. An older server would
-- let others in, so none goes on with this. Read by its primary key.
CREATE TABLE required_sign_ins (
    org_id TEXT PRIMARY KEY REFERENCES orgs (id) ON DELETE CASCADE,
    provider TEXT NOT NULL CHECK (length(provider) BETWEEN 1 AND 200),
    set_at BIGINT NOT NULL
);

-- Until when a session of an owner sees the organization without that issuer, after a password and a code. All owners were
-- told. It ends with the session, and stays with it when it gets another token.
CREATE TABLE broken_glass (
    org_id TEXT NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    session BYTEA NOT NULL REFERENCES sessions (id_digest) ON UPDATE CASCADE ON DELETE CASCADE,
    until_at BIGINT NOT NULL,
    PRIMARY KEY (org_id, session)
);
-- For a session that ends.
CREATE INDEX broken_glass_of_session ON broken_glass (session);

-- The issuer by which the session was signed in that made a personal token, or approved a command line; NULL for a password.
ALTER TABLE personal_tokens ADD COLUMN provider TEXT;
ALTER TABLE device_requests ADD COLUMN provider TEXT;
