-- Places get descriptions and can be archived; keys can be paused, and carry what their owner notes on them.

ALTER TABLE orgs ADD COLUMN archived_at BIGINT;

ALTER TABLE tenants ADD COLUMN description TEXT NOT NULL DEFAULT '';
ALTER TABLE tenants ADD COLUMN archived_at BIGINT;

ALTER TABLE projects ADD COLUMN description TEXT NOT NULL DEFAULT '';
ALTER TABLE projects ADD COLUMN archived_at BIGINT;

ALTER TABLE apps ADD COLUMN archived_at BIGINT;

ALTER TABLE keys ADD COLUMN paused_at BIGINT;
ALTER TABLE keys ADD COLUMN paused_by TEXT CHECK ((paused_at IS NULL) = (paused_by IS NULL));
-- A JSON object, up to 2 KB.
ALTER TABLE keys ADD COLUMN metadata TEXT NOT NULL DEFAULT '{}' CHECK (length(metadata) BETWEEN 2 AND 2048);

-- The lists without the revoked keys: a page must not walk over thousands of those.
CREATE INDEX keys_kept_of_app ON keys (app_id, created_at, id) WHERE revoked_at IS NULL;
CREATE INDEX keys_kept_of_org ON keys (org_id, created_at, id) WHERE revoked_at IS NULL;
-- What an overview tells: the keys that end soon, and those that nobody used for long.
CREATE INDEX keys_expiring ON keys (org_id, expires_at) WHERE revoked_at IS NULL AND expires_at IS NOT NULL;
CREATE INDEX keys_idle ON keys (org_id, COALESCE(last_used_at, created_at)) WHERE revoked_at IS NULL;
