-- When each process last wrote a batch of counts, so that the rows of ended processes can be deleted.
ALTER TABLE usage_writers ADD COLUMN last_at BIGINT NOT NULL DEFAULT 0;
