-- What verifiers write of a key has a row of its own: a flush of uses neither rewrites a row of `keys` with all its
-- indexes nor waits for a revocation, which waits for no flush. There is no index on what changes with each flush.
-- Counts by hour go into a table beside it, written by the same flush.
--
-- The foreign key is there so that nothing is kept of a deleted key. On PostgreSQL the insert of a key's first use takes
-- FOR KEY SHARE on its row of `keys`. Revoking, pausing and editing take FOR NO KEY UPDATE, which does not conflict
-- with that; deleting does.
CREATE TABLE key_uses (
    key_id TEXT PRIMARY KEY REFERENCES keys (id) ON DELETE CASCADE,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    CHECK (last_at >= first_at)
);

-- The first use was noted in the audit log alone, within seconds.
INSERT INTO key_uses (key_id, first_at, last_at)
SELECT k.id, CASE WHEN e.at < k.last_used_at THEN e.at ELSE k.last_used_at END, k.last_used_at
FROM keys k
LEFT JOIN (
    SELECT target_id, MIN(at) AS at FROM events WHERE action = 'key.first_used' GROUP BY target_id
) e ON e.target_id = k.id
WHERE k.last_used_at IS NOT NULL;

DROP INDEX keys_idle;
ALTER TABLE keys DROP COLUMN last_used_at;
