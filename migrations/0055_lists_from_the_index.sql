-- A list counts its keys by the index alone: SQLite reads each row where a column of the condition is not in it, although
-- the index holds none of another kind.
DROP INDEX keys_kept_of_app;
DROP INDEX keys_kept_of_org;
CREATE INDEX keys_kept_of_app ON keys (app_id, created_at, id, revoked_at) WHERE revoked_at IS NULL;
CREATE INDEX keys_kept_of_org ON keys (org_id, created_at, id, revoked_at) WHERE revoked_at IS NULL;
