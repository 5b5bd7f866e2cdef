-- When a secret was set aside, while it is decided whether another one replaces it. If that never ends, as its process was
-- killed, the secret is accepted again soon.
ALTER TABLE key_secrets ADD COLUMN set_aside_at BIGINT;
CREATE INDEX key_secrets_set_aside ON key_secrets (set_aside_at) WHERE set_aside_at IS NOT NULL;

-- When the grace period of a secret began. Rotating again can't extend it without limit.
ALTER TABLE key_secrets ADD COLUMN retired_at BIGINT;
UPDATE key_secrets SET retired_at =
    (SELECT MIN(s.created_at) FROM key_secrets s WHERE s.key_id = key_secrets.key_id AND s.n > key_secrets.n)
WHERE retires_at IS NOT NULL;
