-- Peppers that replace each other. NULL in `active_at`: servers are to read it, and nothing is digested with it yet. Once
-- `dropped_at` is set, `sealed` is empty: what is still digested with it is refused as unknown.
ALTER TABLE peppers ADD COLUMN active_at BIGINT;
ALTER TABLE peppers ADD COLUMN dropped_at BIGINT;
UPDATE peppers SET active_at = created_at;

-- Which peppers a server has, a space between.
ALTER TABLE master_key_holders ADD COLUMN peppers TEXT NOT NULL DEFAULT '';

-- The digest before the pepper was replaced, until that pepper is dropped: a cache may still have it. Read by the primary key or
-- by `digest`.
ALTER TABLE key_secrets ADD COLUMN former_digest BYTEA;
ALTER TABLE root_tokens ADD COLUMN former_digest BYTEA;
