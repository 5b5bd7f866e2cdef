-- A password that an operator set is good for signing in once: the person then chooses another.
ALTER TABLE users ADD COLUMN must_change_password BIGINT NOT NULL DEFAULT 0 CHECK (must_change_password IN (0, 1));
-- A revoked key signs nothing any more, so nothing of its signing secrets is kept.
UPDATE keys SET signing_secret = NULL, signing_before = NULL, signing_before_until = NULL
    WHERE revoked_at IS NOT NULL AND signing_secret IS NOT NULL;
