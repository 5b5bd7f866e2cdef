-- The master keys that this database was sealed with, by their fingerprints: no key is here. Servers of before can't read what is
-- sealed from now on (the format and the fingerprint are authenticated), so none goes on with this. All these tables have few
-- rows.
CREATE TABLE master_keys (
    fingerprint TEXT PRIMARY KEY,
    -- `coming`: servers are to read it. `current`: it seals. `retiring`: something may still be sealed with it. `retired`: nothing
    -- is any more. `removed`: nobody needs it.
    state TEXT NOT NULL CHECK (state IN ('coming', 'current', 'retiring', 'retired', 'removed')),
    since BIGINT NOT NULL
);

CREATE UNIQUE INDEX master_keys_one_current ON master_keys (state) WHERE state = 'current';

-- Which master keys the servers have. On SQLite there is one, called `server`.
CREATE TABLE master_key_holders (
    node TEXT PRIMARY KEY,
    fingerprints TEXT NOT NULL,
    since BIGINT NOT NULL
);

-- Keys that another master key does not replace: of the revocation journal, and of names in Redis.
CREATE TABLE lasting_keys (
    purpose TEXT PRIMARY KEY,
    sealed BYTEA NOT NULL
);
