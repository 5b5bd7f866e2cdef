-- How far the search for keys that nobody uses has come, which reads a part of all keys at a time; and when it ran last. If that
-- is long ago, no server ran or a backup was restored: keys could not be used, and people are told again before one is paused.
CREATE TABLE idle_key_search (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    ran_at BIGINT NOT NULL,
    -- The last key that was looked at, in the order of `keys_kept_of_org`. Empty at the beginning.
    org_id TEXT NOT NULL DEFAULT '',
    created_at BIGINT NOT NULL DEFAULT 0,
    key_id TEXT NOT NULL DEFAULT ''
);
INSERT INTO idle_key_search (one, ran_at) VALUES (1, 0);
-- What people were told about pauses, by key.
DROP INDEX key_notices_pausing;
CREATE INDEX key_notices_pausing ON key_notices (key_id, deadline, told_at) WHERE kind = 'pause';
