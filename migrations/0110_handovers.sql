-- Credentials that are handed to one person by a link. They are sealed with a code that only the link contains: neither this
-- table nor a copy of it opens them.
CREATE TABLE handovers (
    id TEXT PRIMARY KEY,
    org_id TEXT NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    key_id TEXT NOT NULL REFERENCES keys (id) ON DELETE CASCADE,
    -- The name of the file.
    name TEXT NOT NULL,
    -- NULL once it was opened, or has ended otherwise.
    sealed BYTEA,
    -- SHA-256 of what shows that somebody has the code.
    token_hash BYTEA NOT NULL CHECK (length(token_hash) = 32),
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    -- The one person who can open it; NULL for whoever has the link.
    user_id TEXT,
    passphrase_hash TEXT,
    -- Wrong passphrases that are still accepted.
    tries BIGINT NOT NULL,
    opened_at BIGINT,
    -- Attempts after it was opened.
    again BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX handovers_by_end ON handovers (expires_at);
CREATE INDEX handovers_of_key ON handovers (key_id);
CREATE INDEX handovers_of_org ON handovers (org_id);
