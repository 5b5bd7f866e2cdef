-- How many keys a person made, on the page of members; which those are, in the list and when the person is removed.
CREATE INDEX keys_by_creator ON keys (org_id, created_by, created_at, id) WHERE revoked_at IS NULL;
