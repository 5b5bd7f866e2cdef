-- What the verifier judges beyond a key's scopes: signatures, addresses, limits; and what management over HTTP needs.

-- Refuse requests that are not signed with the signing secret.
ALTER TABLE keys ADD COLUMN require_signed BIGINT NOT NULL DEFAULT 0 CHECK (require_signed IN (0, 1));
-- The signing secret before the last rotation (sealed under its own version), and until when it still verifies.
ALTER TABLE keys ADD COLUMN signing_before BYTEA;
ALTER TABLE keys ADD COLUMN signing_before_until BIGINT CHECK ((signing_before IS NULL) = (signing_before_until IS NULL));
-- CIDR blocks, a space between; empty allows every address. Outside of them is noted, or refused.
ALTER TABLE keys ADD COLUMN addresses TEXT NOT NULL DEFAULT '' CHECK (length(addresses) <= 4000);
ALTER TABLE keys ADD COLUMN addresses_enforced BIGINT NOT NULL DEFAULT 0 CHECK (addresses_enforced IN (0, 1));
-- Instead of the plan's: of a key, else of its app.
ALTER TABLE keys ADD COLUMN limit_per_minute BIGINT CHECK (limit_per_minute > 0);
ALTER TABLE keys ADD COLUMN limit_per_day BIGINT CHECK (limit_per_day > 0);
ALTER TABLE apps ADD COLUMN limit_per_minute BIGINT CHECK (limit_per_minute > 0);
ALTER TABLE apps ADD COLUMN limit_per_day BIGINT CHECK (limit_per_day > 0);

-- Whose personal token it is. A key of an organization and a key of an app have none.
ALTER TABLE keys ADD COLUMN owner_id TEXT REFERENCES users (id) CHECK ((owner = 'member') = (owner_id IS NOT NULL));
CREATE INDEX keys_of_person ON keys (owner_id) WHERE owner_id IS NOT NULL;

-- How much of a day's quota is used up (days since 1970, UTC): a restart must not refill it.
CREATE TABLE key_days (
    key_id TEXT NOT NULL REFERENCES keys (id) ON DELETE CASCADE,
    day BIGINT NOT NULL,
    n BIGINT NOT NULL CHECK (n >= 0),
    PRIMARY KEY (key_id, day)
);
CREATE INDEX key_days_of_day ON key_days (day);

-- What a caller made under an Idempotency-Key: a repeat is answered from here and makes nothing.
CREATE TABLE idempotency (
    -- A root token, or a key that manages its organization.
    caller_id TEXT NOT NULL,
    -- SHA-256 of the header.
    key_digest BYTEA NOT NULL CHECK (length(key_digest) = 32),
    -- SHA-256 of method, path and body: the same header for another request is a mistake.
    request_digest BYTEA NOT NULL CHECK (length(request_digest) = 32),
    made_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (caller_id, key_digest)
);
CREATE INDEX idempotency_age ON idempotency (created_at);
