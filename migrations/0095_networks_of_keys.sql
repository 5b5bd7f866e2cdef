-- From which networks each key was used, and the day of the last use: `usage_attributes` has them by the hour, and counting them
-- there for all keys of an organization would read each hour of each key. Of a key about 64 are kept.
CREATE TABLE usage_networks (
    key_id TEXT NOT NULL,
    network TEXT NOT NULL,
    -- The beginning of a day.
    last_at BIGINT NOT NULL,
    PRIMARY KEY (key_id, network)
);
INSERT INTO usage_networks (key_id, network, last_at)
    SELECT key_id, value, MAX(at - at % 86400000000) FROM usage_attributes WHERE kind = 'network' GROUP BY key_id, value;
CREATE INDEX usage_networks_by_age ON usage_networks (last_at);

-- Which scopes the keys of a place have: from one set to the next, however many keys there are.
CREATE INDEX keys_scopes_of_app ON keys (app_id, scopes) WHERE revoked_at IS NULL;
CREATE INDEX keys_scopes_of_org ON keys (org_id, scopes) WHERE revoked_at IS NULL;
