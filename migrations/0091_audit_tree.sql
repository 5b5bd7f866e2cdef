-- A key that somebody else may have: what it signed proves nothing any more.
ALTER TABLE audit_keys ADD COLUMN revoked_at BIGINT;

-- The roots of complete subtrees over the hashes of a chain's events: of 2^level leaves each, the n-th from 0. A proof reads
-- these instead of all hashes. They are computed from the events, and can be computed again.
CREATE TABLE tree_nodes (
    chain TEXT NOT NULL REFERENCES chains (name),
    level BIGINT NOT NULL CHECK (level > 0),
    n BIGINT NOT NULL CHECK (n >= 0),
    hash BYTEA NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (chain, level, n)
);
