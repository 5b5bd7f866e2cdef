-- Several nodes count what keys use up of a day: each writes what it counted itself, in a row of its own, and the sum is what
-- was used up. So a count is added to and never overwritten by another's, and a write that is repeated counts once.
CREATE TABLE key_days_before AS SELECT key_id, day, n FROM key_days;
DROP TABLE key_days;
-- The primary key serves what names a key: the sum of a day, what a node writes, the deletion of a key. The index serves the
-- deletion of old days.
CREATE TABLE key_days (
    key_id TEXT NOT NULL REFERENCES keys (id) ON DELETE CASCADE,
    day BIGINT NOT NULL,
    -- The process that counted: a random number; 0 is whoever counted before there were several.
    node BIGINT NOT NULL DEFAULT 0,
    n BIGINT NOT NULL CHECK (n >= 0),
    PRIMARY KEY (key_id, day, node)
);
INSERT INTO key_days (key_id, day, n) SELECT key_id, day, n FROM key_days_before;
CREATE INDEX key_days_of_day ON key_days (day);
DROP TABLE key_days_before;
