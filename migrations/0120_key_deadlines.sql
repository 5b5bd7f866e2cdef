-- When a key got its newest secret, if that is not its first one: a rule may say how old a secret gets.
ALTER TABLE keys ADD COLUMN rotated_at BIGINT;
UPDATE keys SET rotated_at = (SELECT MAX(s.created_at) FROM key_secrets s WHERE s.key_id = keys.id AND s.n > 1);
CREATE INDEX keys_by_secret ON keys (org_id, (COALESCE(rotated_at, created_at))) WHERE revoked_at IS NULL;

-- When a key was resumed last: the days without use, after which a rule pauses it, begin anew.
ALTER TABLE keys ADD COLUMN resumed_at BIGINT;

-- Since when nobody had used a key that a rule paused, while it is paused so: a use that is written later resumes it.
ALTER TABLE keys ADD COLUMN idle_pause_since BIGINT;
CREATE INDEX keys_paused_idle ON keys (paused_at) WHERE idle_pause_since IS NOT NULL;

-- What expires soon, in all organizations.
CREATE INDEX keys_by_expiry ON keys (expires_at) WHERE revoked_at IS NULL AND expires_at IS NOT NULL;

-- What people were told about a key, each once: written with the mails.
CREATE TABLE key_notices (
    key_id TEXT NOT NULL REFERENCES keys (id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('expiry', 'rotation', 'pause', 'cut_off')),
    deadline BIGINT NOT NULL,
    -- So many days before.
    days BIGINT NOT NULL,
    -- When; the same for all that one run of the job found, which tells each person about them in one mail.
    told_at BIGINT NOT NULL,
    PRIMARY KEY (key_id, kind, deadline, days)
);
CREATE INDEX key_notices_by_run ON key_notices (told_at);
CREATE INDEX key_notices_pausing ON key_notices (deadline) WHERE kind = 'pause';
