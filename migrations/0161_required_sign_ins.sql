-- The issuer with which people have to sign in to see an organization; no row where every sign-in will do. An older server would
-- let others in, so none goes on with this. Read by its primary key.
CREATE TABLE required_sign_ins (
    org_id TEXT PRIMARY KEY REFERENCES orgs (id),
    provider TEXT NOT NULL CHECK (length(provider) BETWEEN 1 AND 200),
    set_at BIGINT NOT NULL
);

-- Until when an owner sees the organization without that issuer, by password and second factor. All owners were told.
CREATE TABLE broken_glass (
    org_id TEXT NOT NULL REFERENCES orgs (id),
    user_id TEXT NOT NULL REFERENCES users (id),
    until_at BIGINT NOT NULL,
    PRIMARY KEY (org_id, user_id)
);
