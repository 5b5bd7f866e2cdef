-- Endpoints that are told what happens in an organization.
CREATE TABLE webhooks (
    id TEXT PRIMARY KEY,
    org_id TEXT NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    url TEXT NOT NULL,
    -- Of events about keys only those of this environment are sent.
    environment TEXT NOT NULL,
    -- Names of events, separated by spaces; * for all.
    events TEXT NOT NULL,
    description TEXT NOT NULL,
    active BIGINT NOT NULL CHECK (active IN (0, 1)),
    -- Why the portal stopped it.
    stopped TEXT CHECK (stopped IN ('gone', 'failing')),
    -- The secret, sealed under its number. NULL if there is none: then nothing is sent.
    sealed BYTEA,
    secret_n BIGINT NOT NULL,
    -- The one before, which signs beside it until that time.
    sealed_before BYTEA,
    before_n BIGINT,
    before_until BIGINT,
    -- Events up to this number of the log happened before it was there, or while it was off.
    since BIGINT NOT NULL,
    -- The number of its last delivery.
    seq BIGINT NOT NULL,
    -- Since when every attempt failed.
    failing_since BIGINT,
    created_at BIGINT NOT NULL,
    -- Identifies the form, so that one that is sent twice makes one.
    form_token BYTEA
);
CREATE INDEX webhooks_of_org ON webhooks (org_id, created_at, id);
CREATE UNIQUE INDEX webhooks_form_token_unique ON webhooks (form_token);

-- What is sent to an endpoint, and how that went.
CREATE TABLE deliveries (
    id TEXT PRIMARY KEY,
    webhook_id TEXT NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    org_id TEXT NOT NULL,
    -- Its number for this endpoint, to order by.
    seq BIGINT NOT NULL,
    event TEXT NOT NULL,
    -- What it is about: the id of a key, a person or a place.
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('pending', 'delivered', 'failed')),
    attempts BIGINT NOT NULL,
    -- When the next attempt is due; NULL once it has ended.
    next_at BIGINT CHECK ((next_at IS NULL) = (status <> 'pending')),
    -- While somebody sends it. Whoever was killed leaves it, and it is sent again after that time.
    lease_until BIGINT,
    -- The last attempt.
    tried_at BIGINT,
    duration_ms BIGINT,
    code BIGINT,
    response TEXT,
    error TEXT
);
CREATE UNIQUE INDEX deliveries_seq_unique ON deliveries (webhook_id, seq);
CREATE INDEX deliveries_due ON deliveries (webhook_id, next_at, seq) WHERE next_at IS NOT NULL;
CREATE INDEX deliveries_of_org ON deliveries (org_id, created_at, id);
CREATE INDEX deliveries_of_webhook ON deliveries (webhook_id, created_at, id);
CREATE INDEX deliveries_of_subject ON deliveries (webhook_id, event, subject, created_at);
CREATE INDEX deliveries_by_age ON deliveries (created_at);

-- How far the log of each organization with an endpoint was turned into deliveries. A table of its own, so that this locks no
-- chain.
CREATE TABLE webhook_cursors (
    chain TEXT PRIMARY KEY REFERENCES chains (name),
    seq BIGINT NOT NULL
);
