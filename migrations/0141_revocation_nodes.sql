-- When each node refused a revoked key: JSON, a list of [node, microseconds after the commit, or null if the node was cut off
-- and refused everything]. NULL for keys that were revoked before, or by a process that is no server.
ALTER TABLE keys ADD COLUMN refused_by TEXT CHECK (refused_by IS NULL OR refused_after IS NOT NULL);
