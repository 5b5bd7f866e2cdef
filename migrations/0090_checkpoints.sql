-- Keys that sign checkpoints of the audit log. One signs; the public half of each stays, so that what it signed is verified.
CREATE TABLE audit_keys (
    n BIGINT PRIMARY KEY,
    public_key BYTEA NOT NULL CHECK (length(public_key) = 32),
    -- Sealed under the master key: the seed while it signs; then its public half again, so that nobody without the master
    -- key can add or replace one.
    sealed BYTEA NOT NULL,
    from_at BIGINT NOT NULL,
    until_at BIGINT
);

-- The primary key serves all statements that name a chain: its newest checkpoint, one of a size, and all in order.
CREATE TABLE checkpoints (
    chain TEXT NOT NULL REFERENCES chains (name),
    -- The number of events that it covers.
    size BIGINT NOT NULL CHECK (size >= 0),
    -- The root of the tree over their hashes.
    root BYTEA NOT NULL CHECK (length(root) = 32),
    -- The signed text.
    note TEXT NOT NULL,
    -- The roots of the tree's complete subtrees: the next checkpoint reads only what came after this one.
    frontier BYTEA NOT NULL,
    at BIGINT NOT NULL,
    -- When it was written to the file outside, if one is set.
    sent_at BIGINT,
    PRIMARY KEY (chain, size)
);
CREATE INDEX checkpoints_unsent ON checkpoints (at, chain, size) WHERE sent_at IS NULL;
