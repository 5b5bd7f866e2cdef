-- The servers on a PostgreSQL database, which accept keys only while they renew (docs/nodes.md). On SQLite there is one
-- server, and no row. Found by the primary key alone; there are as many rows as servers.
CREATE TABLE nodes (
    id TEXT PRIMARY KEY,
    started_at BIGINT NOT NULL,
    -- When it renewed last, by the clock of the database. Only shown: nothing is decided by it.
    seen_at BIGINT NOT NULL,
    -- The revision up to which it acknowledged all changes.
    applied_revision BIGINT NOT NULL,
    -- How often it joined or renewed.
    renewals BIGINT NOT NULL CHECK (renewals > 0),
    -- 0 once its lease has ended: it can't renew before it joins again.
    is_open BIGINT NOT NULL CHECK (is_open IN (0, 1)),
    version TEXT NOT NULL,
    -- The newest migration that it knows.
    schema_version BIGINT NOT NULL,
    address TEXT NOT NULL
);

-- Leases take the place of the one server that was allowed before.
ALTER TABLE server_lease DROP COLUMN holder;

-- The newest migration that servers have to know, to live with the schema: older ones can't join.
CREATE TABLE oldest_schema (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    version BIGINT NOT NULL
);

INSERT INTO oldest_schema (id, version) VALUES (1, 140);
