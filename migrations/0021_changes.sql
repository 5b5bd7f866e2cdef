-- What verifiers are told of: each commit that a verdict depends on leaves a row, under the revision that it made. A node
-- reads what is above the last revision it knows of, over the primary key; where rows are missing it forgets all it holds.
-- Old rows are removed by their revision, over the primary key too.
CREATE TABLE changes (
    revision BIGINT PRIMARY KEY,
    -- Digests of secrets and root tokens to be looked up anew, 32 bytes each; NULL is all.
    touched BYTEA CHECK (length(touched) % 32 = 0),
    -- Digests that nobody had before: of keys' secrets, and of root tokens.
    added_secrets BYTEA NOT NULL CHECK (length(added_secrets) % 32 = 0),
    added_tokens BYTEA NOT NULL CHECK (length(added_tokens) % 32 = 0),
    at BIGINT NOT NULL
);
