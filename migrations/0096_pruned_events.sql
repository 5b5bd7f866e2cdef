-- What is left of events that are older than they are kept: their hashes, from which trees and proofs are computed.
CREATE TABLE pruned_events (
    chain TEXT NOT NULL REFERENCES chains (name),
    seq BIGINT NOT NULL CHECK (seq > 0),
    hash BYTEA NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (chain, seq)
);

-- The events of a chain up to this number are pruned; the event with the second number says so.
ALTER TABLE chains ADD COLUMN pruned_until BIGINT NOT NULL DEFAULT 0;
ALTER TABLE chains ADD COLUMN pruned_by BIGINT NOT NULL DEFAULT 0;
