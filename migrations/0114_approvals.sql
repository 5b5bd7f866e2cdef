-- Keys, and changes that give a key more, which wait for the approval of another person. There is no secret before the claim.
CREATE TABLE approvals (
    id TEXT PRIMARY KEY,
    org_id TEXT NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    -- Whose the key is: its app, else the person of `owner_id`, else the organization.
    app_id TEXT REFERENCES apps (id) ON DELETE CASCADE,
    owner_id TEXT REFERENCES users (id),
    -- The key to change, or the one that was made of this.
    key_id TEXT REFERENCES keys (id) ON DELETE CASCADE,
    label TEXT NOT NULL,
    environment TEXT NOT NULL,
    -- What was asked for, as JSON.
    asked TEXT NOT NULL,
    -- Identifies the form, so that one that is sent twice asks once.
    form_token BYTEA,
    asked_by_kind TEXT NOT NULL,
    asked_by TEXT NOT NULL,
    -- The person behind it, who does not decide: who asked, or who made the key that asked.
    person_id TEXT,
    asked_at BIGINT NOT NULL,
    -- Until when it can be decided; then until when it can be claimed.
    expires_at BIGINT NOT NULL,
    decided_by_kind TEXT,
    decided_by TEXT,
    decided_at BIGINT,
    approved BIGINT CHECK (approved IN (0, 1)),
    reason TEXT NOT NULL DEFAULT '',
    withdrawn_at BIGINT,
    claimed_at BIGINT
);
-- The lists of an organization, and of a person; how many of an app are open.
CREATE INDEX approvals_of_org ON approvals (org_id, asked_at, id);
CREATE INDEX approvals_of_person ON approvals (org_id, asked_by, asked_at, id);
CREATE INDEX approvals_of_app ON approvals (app_id);
CREATE INDEX approvals_of_key ON approvals (key_id);
CREATE INDEX approvals_of_owner ON approvals (owner_id);
CREATE INDEX approvals_by_end ON approvals (expires_at);
CREATE UNIQUE INDEX approvals_form_token_unique ON approvals (form_token);
