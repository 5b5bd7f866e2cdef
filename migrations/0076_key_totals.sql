-- What the keys of an app that are not revoked amount to, environment by environment: counted, and their last uses found, by this
-- index alone.
CREATE INDEX keys_in_environment ON keys (app_id, environment, expires_at, paused_at, revoked_at, id) WHERE revoked_at IS NULL;
