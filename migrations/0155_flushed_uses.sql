-- Older servers go on with this.
-- Each node tells up to which change all uses are written, so that a secret that nobody used can be replaced (docs/nodes.md).
ALTER TABLE nodes ADD COLUMN flushed_revision BIGINT NOT NULL DEFAULT 0;
