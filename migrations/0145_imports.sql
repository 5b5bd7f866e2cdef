-- Older servers go on with this.
-- Keys that were made elsewhere: what was uploaded, and how far it was imported. Of a key only the digest is kept.
CREATE TABLE imports (
    id TEXT PRIMARY KEY,
    org_id TEXT NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    app_id TEXT NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    -- The shape of its keys. A presented key of another shape is not looked up as one of them.
    prefix TEXT NOT NULL,
    min_length BIGINT NOT NULL CHECK (min_length > 0),
    max_length BIGINT NOT NULL CHECK (max_length >= min_length),
    -- How many lines it has.
    lines BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    -- Who uploaded it: the kind of actor, and its id.
    created_by_kind TEXT NOT NULL,
    created_by TEXT NOT NULL,
    -- NULL while it was only looked through: then nothing is imported, and it is deleted after an hour.
    started_at BIGINT,
    finished_at BIGINT CHECK (finished_at IS NULL OR started_at IS NOT NULL)
);
CREATE INDEX imports_of_app ON imports (app_id, created_at, id);
CREATE INDEX imports_of_org ON imports (org_id);
CREATE INDEX imports_not_started ON imports (created_at) WHERE started_at IS NULL;

-- The lines of an import, a hundred in a row. Each row is imported by one transaction.
CREATE TABLE import_parts (
    import_id TEXT NOT NULL REFERENCES imports (id) ON DELETE CASCADE,
    n BIGINT NOT NULL CHECK (n > 0),
    -- JSON: what each line says, with peppered digests instead of keys; once it is done, what came of each.
    lines TEXT NOT NULL,
    imported BIGINT NOT NULL,
    repeated BIGINT NOT NULL,
    refused BIGINT NOT NULL,
    done_at BIGINT,
    PRIMARY KEY (import_id, n)
);

-- The import of a secret that was made elsewhere.
ALTER TABLE key_secrets ADD COLUMN import_id TEXT;

-- Whether an import was started, so that verifiers read the shapes of imported keys again.
ALTER TABLE changes ADD COLUMN added_imports BIGINT NOT NULL DEFAULT 0;
