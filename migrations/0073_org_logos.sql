-- Logos of organizations: small pictures, as people sent them. They have a table of their own, which only their address
-- reads; pages read the digest in `orgs`.
CREATE TABLE org_logos (
    org_id TEXT PRIMARY KEY REFERENCES orgs (id) ON DELETE CASCADE,
    media_type TEXT NOT NULL CHECK (media_type IN ('image/png', 'image/jpeg', 'image/webp')),
    bytes BYTEA NOT NULL CHECK (length(bytes) BETWEEN 1 AND 65536),
    -- Of `bytes`, in the address: another logo has another one.
    digest TEXT NOT NULL CHECK (length(digest) = 32),
    changed_at BIGINT NOT NULL
);

-- The digest of its logo; NULL: none.
ALTER TABLE orgs ADD COLUMN logo TEXT CHECK (length(logo) = 32);
