-- When an endpoint was deleted. From then on it exists for nobody; a job deletes its deliveries in parts, and then the row.
ALTER TABLE webhooks ADD COLUMN deleted_at BIGINT;
CREATE INDEX webhooks_deleted ON webhooks (deleted_at) WHERE deleted_at IS NOT NULL;
