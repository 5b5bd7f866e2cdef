-- Once in a rotation the grace period of the old secret can be extended.
ALTER TABLE key_secrets ADD COLUMN extended_at BIGINT;

-- Who uses which secret of a key while it is rotated, by hour: the network and the program, and whether the requests were
-- accepted. Counted until some days after a rotation; without foreign keys, as in `usage_counts`.
CREATE TABLE secret_uses (
    key_id TEXT NOT NULL,
    -- Which secret, as in `key_secrets`.
    n BIGINT NOT NULL,
    -- The beginning of the hour.
    at BIGINT NOT NULL,
    accepted BIGINT NOT NULL CHECK (accepted IN (0, 1)),
    network TEXT NOT NULL,
    agent TEXT NOT NULL,
    requests BIGINT NOT NULL CHECK (requests > 0),
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    PRIMARY KEY (key_id, n, at, accepted, network, agent)
);
CREATE INDEX secret_uses_by_age ON secret_uses (at);
