-- Who may do what where: a person has a role at a place, which holds there and at all that is in it. Today a place is an
-- organization; the roles of other places need rows in `roles`, and no other table.
CREATE TABLE roles (
    place_kind TEXT NOT NULL,
    role TEXT NOT NULL,
    PRIMARY KEY (place_kind, role)
);
INSERT INTO roles (place_kind, role) VALUES
    ('organization', 'owner'), ('organization', 'admin'), ('organization', 'member');

-- The primary key serves what names an organization: the check of a permission, the place of a page, an organization's
-- members and owners, whether the person of a personal key still belongs there, the end of a grant, and the deletion of an
-- organization. The index serves what begins with a person: their organizations, the frame of a page, search. A grant that
-- is neither given nor taken changes no row of either.
CREATE TABLE grants (
    -- The organization is repeated, as in each thing that belongs to one: a grant never outlasts it.
    org_id TEXT NOT NULL REFERENCES orgs (id),
    subject TEXT NOT NULL REFERENCES users (id),
    place_kind TEXT NOT NULL,
    place_id TEXT NOT NULL,
    role TEXT NOT NULL,
    -- The id of the person, root token or key that gave this role; NULL where the command line did, or nobody knows.
    granted_by TEXT,
    -- Since when the person has had a role there. Another role keeps it.
    granted_at BIGINT NOT NULL,
    PRIMARY KEY (org_id, subject, place_id, role),
    FOREIGN KEY (place_kind, role) REFERENCES roles (place_kind, role),
    CHECK ((place_kind = 'organization') = (place_id = org_id))
);

-- Who gave a role, the log alone knows: the last event about it, or the creation of the organization by its owner.
INSERT INTO grants (org_id, subject, place_kind, place_id, role, granted_by, granted_at)
SELECT m.org_id, m.user_id, 'organization', m.org_id, m.role,
    NULLIF(COALESCE(given.actor_id, created.actor_id), ''), m.created_at
FROM members m
LEFT JOIN (
    SELECT chain, target_id, MAX(seq) AS seq FROM events
    WHERE action IN ('member.added', 'member.role_changed') AND outcome = 0 GROUP BY chain, target_id
) latest ON latest.chain = m.org_id AND latest.target_id = m.user_id
LEFT JOIN events given ON given.chain = latest.chain AND given.seq = latest.seq
LEFT JOIN events created ON created.chain = m.org_id AND created.seq = 1 AND created.action = 'organization.created'
    AND created.actor_id = m.user_id;
DROP TABLE members;
CREATE INDEX grants_of_subject ON grants (subject, org_id);
