-- Individual requests of keys, as far as they are kept: for some days, up to some per second of a key and some of an organization.
CREATE TABLE key_requests (
    key_id TEXT NOT NULL,
    at BIGINT NOT NULL,
    request_id TEXT NOT NULL,
    org_id TEXT NOT NULL,
    -- The verdict.
    code TEXT NOT NULL,
    -- The narrowest scopes that suffice for an accepted request, as in usage_counts.
    scope TEXT NOT NULL,
    method TEXT,
    -- Without its query.
    path TEXT,
    -- Of the client, as far as the caller sent it.
    address TEXT,
    user_agent TEXT,
    -- Requests of the key before this one that were only counted.
    left_out BIGINT NOT NULL,
    PRIMARY KEY (key_id, at, request_id)
);
CREATE INDEX key_requests_of_org ON key_requests (org_id, at);
CREATE INDEX key_requests_by_age ON key_requests (at);
