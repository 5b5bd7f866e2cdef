-- Invitations to a role at a place. The token of a link is a keyed hash over id and generation, so that what is here opens
-- nothing.
CREATE TABLE invitations (
    id TEXT PRIMARY KEY,
    org_id TEXT NOT NULL REFERENCES orgs (id),
    place_kind TEXT NOT NULL,
    place_id TEXT NOT NULL,
    role TEXT NOT NULL,
    email TEXT NOT NULL,
    -- A sentence for the invited person; empty if there is none.
    message TEXT NOT NULL,
    -- The id of the person or the root token that sent it last, whose permission is checked again when it is accepted.
    invited_by TEXT NOT NULL,
    -- Counts how often it was sent: a new link ends those before it.
    generation BIGINT NOT NULL CHECK (generation >= 1),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL CHECK (expires_at > created_at),
    -- When it was accepted or revoked.
    ended_at BIGINT CHECK (ended_at >= created_at),
    FOREIGN KEY (place_kind, role) REFERENCES roles (place_kind, role),
    CHECK ((place_kind = 'organization') = (place_id = org_id))
);
-- The list of a place's open ones; nobody has two to the same place.
CREATE UNIQUE INDEX invitations_open ON invitations (org_id, place_id, email) WHERE ended_at IS NULL;
-- Old ones are deleted by this.
CREATE INDEX invitations_expiry ON invitations (expires_at);
