-- Whether a key is being rotated, which lists ask for each of their rows: few keys are.
CREATE INDEX key_secrets_retiring ON key_secrets (key_id, retires_at) WHERE retires_at IS NOT NULL AND ended_at IS NULL;
