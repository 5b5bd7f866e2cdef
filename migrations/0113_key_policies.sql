-- The rules for keys of an organization that has its own; others have the profile's.
CREATE TABLE key_policies (
    org_id TEXT PRIMARY KEY REFERENCES orgs (id) ON DELETE CASCADE,
    -- All rules, as JSON.
    policy TEXT NOT NULL,
    -- Counts the changes, so that nobody overwrites what somebody else changed meanwhile.
    version BIGINT NOT NULL CHECK (version > 0),
    changed_at BIGINT NOT NULL,
    -- Repeated from the policy, for what is done in the background for all organizations.
    pause_unused_days BIGINT,
    rotate_every_days BIGINT
);
