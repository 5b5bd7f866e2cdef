-- The URLs of an organization's own services, which the file that its apps read names.
CREATE TABLE service_urls (
    org_id TEXT PRIMARY KEY REFERENCES orgs (id) ON DELETE CASCADE,
    -- URLs by name, as a JSON object.
    urls TEXT NOT NULL
);
