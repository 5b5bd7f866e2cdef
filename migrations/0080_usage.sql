-- How often keys were used, by minute, hour and day (UTC), with which result. A flush adds to all three in one transaction, for the
-- key and for the app, the project and the organization it belongs to: nothing is summed up later, and what an organization with
-- many keys used is one range of the primary key.
--
-- The primary key serves what is added and what is read: a place, a span, a period. The index serves the deletion of what is old;
-- neither contains what a flush changes. Without foreign keys, which each new minute of each key would have to check: rows of what
-- was deleted are deleted by a job.
CREATE TABLE usage_counts (
    -- A key, an app, a project, an organization; `other:` with an organization for requests that had no room with their key; for keys that were not found, a root token, `gateway:` with its address, or `portal`.
    place TEXT NOT NULL,
    -- Seconds: a minute, an hour or a day.
    span BIGINT NOT NULL CHECK (span IN (60, 3600, 86400)),
    -- When it begins, in microseconds like every time.
    at BIGINT NOT NULL,
    -- A verdict, or `not_counted`.
    code TEXT NOT NULL,
    -- The narrowest scopes that suffice for the accepted requests, a space between; empty if they named neither a scope nor a method.
    scope TEXT NOT NULL,
    n BIGINT NOT NULL CHECK (n > 0),
    PRIMARY KEY (place, span, at, code, scope)
);
CREATE INDEX usage_counts_by_age ON usage_counts (span, at);

-- From where and how a key was used, by hour.
CREATE TABLE usage_attributes (
    key_id TEXT NOT NULL,
    at BIGINT NOT NULL,
    -- `network`, `agent` or `method`.
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    n BIGINT NOT NULL CHECK (n > 0),
    PRIMARY KEY (key_id, at, kind, value)
);
CREATE INDEX usage_attributes_by_age ON usage_attributes (at);

-- The last batch that each process wrote, one row for each start: written with the batch, so that a batch whose commit was not
-- confirmed can be sent again and counts once.
CREATE TABLE usage_writers (
    id BIGINT PRIMARY KEY,
    batch BIGINT NOT NULL
);
