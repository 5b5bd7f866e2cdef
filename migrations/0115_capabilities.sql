-- Keys that sign capability tokens. One signs; the public half of those before it stays until what they signed has expired.
CREATE TABLE capability_keys (
    -- The thumbprint of the public half.
    id TEXT PRIMARY KEY,
    public_key BYTEA NOT NULL CHECK (length(public_key) = 32),
    -- Sealed under the master key: the seed while it signs; then its public half again, so that nobody without the master
    -- key can add or replace one.
    sealed BYTEA NOT NULL,
    from_at BIGINT NOT NULL,
    -- When another took over.
    until_at BIGINT,
    -- Not before the end of the last token that it signed.
    kept_until BIGINT NOT NULL
);

-- Tokens of earlier epochs are revoked.
ALTER TABLE apps ADD COLUMN capability_epoch BIGINT NOT NULL DEFAULT 1 CHECK (capability_epoch > 0);
