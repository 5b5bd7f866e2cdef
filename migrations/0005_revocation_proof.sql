-- Microseconds from the commit of a revocation until the verifier refused the key; unknown where none served.
ALTER TABLE keys ADD COLUMN refused_after BIGINT
    CHECK (refused_after IS NULL OR (refused_after >= 0 AND revoked_at IS NOT NULL));
