-- Secrets of keys that somebody else had, and reported: each once. Never the secret itself.
CREATE TABLE key_leaks (
    key_id TEXT NOT NULL REFERENCES keys (id) ON DELETE CASCADE,
    -- Which of the key's secrets, as in `key_secrets`.
    n BIGINT NOT NULL,
    reported_at BIGINT NOT NULL,
    -- When people were told last, and how often; a report that tells nothing new is not told again at once.
    told_at BIGINT NOT NULL,
    told BIGINT NOT NULL CHECK (told > 0),
    -- The strongest that was done about it.
    response TEXT NOT NULL CHECK (response IN ('revoke', 'pause', 'announce')),
    -- Where it was found, as the last report that was told says; empty if it does not say.
    place TEXT NOT NULL,
    -- Whether a partner that scans for secrets had signed that report.
    by_partner BIGINT NOT NULL CHECK (by_partner IN (0, 1)),
    PRIMARY KEY (key_id, n)
);

-- A pause because of a leak is ended by owners and admins alone.
ALTER TABLE keys ADD COLUMN leak_paused BIGINT NOT NULL DEFAULT 0 CHECK (leak_paused IN (0, 1));
