-- Roles of organizations, tenants and projects. A role can be granted at its own level and above; what each allows is the
-- table in `src/member/role.rs`.
INSERT INTO roles (place_kind, role) VALUES
    ('organization', 'tenant_admin'), ('organization', 'tenant_member'), ('organization', 'project_admin'),
    ('organization', 'developer'), ('organization', 'viewer'),
    ('tenant', 'tenant_admin'), ('tenant', 'tenant_member'), ('tenant', 'project_admin'), ('tenant', 'developer'),
    ('tenant', 'viewer'),
    ('project', 'project_admin'), ('project', 'developer'), ('project', 'viewer');

-- A member of an organization now sees names only. Those who are members already keep working with its apps and keys.
INSERT INTO grants (org_id, subject, place_kind, place_id, role, granted_by, granted_at)
SELECT org_id, subject, place_kind, place_id, 'developer', granted_by, granted_at FROM grants WHERE role = 'member';
