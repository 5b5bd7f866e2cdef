-- When a checkpoint was sent over HTTP, if an address is set: not together with the file, so that neither waits for the other.
ALTER TABLE checkpoints ADD COLUMN posted_at BIGINT;
CREATE INDEX checkpoints_unposted ON checkpoints (at, chain, size) WHERE posted_at IS NULL;
