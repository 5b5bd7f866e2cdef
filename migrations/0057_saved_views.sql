-- Views of a list of keys that a person saved: filters and sort order under a name, for that person alone. They are deleted
-- with the person, the organization or the app, and when the person leaves the organization.
CREATE TABLE saved_views (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    org_id TEXT NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    -- NULL: of the list of the whole organization.
    app_id TEXT,
    -- Whose list it is: the app's, or the organization's.
    place_id TEXT NOT NULL CHECK (place_id = COALESCE(app_id, org_id)),
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 60),
    name_folded TEXT NOT NULL,
    -- As in the address of the list, without the page: known filters alone.
    query TEXT NOT NULL CHECK (length(query) BETWEEN 1 AND 2000),
    created_at BIGINT NOT NULL,
    -- A list shows the views of its place by this, in the order of their names.
    CONSTRAINT saved_views_name_unique UNIQUE (user_id, place_id, name_folded),
    FOREIGN KEY (app_id, org_id) REFERENCES apps (id, org_id) ON DELETE CASCADE
);
-- The deletion of an organization or an app, and the departure of a person, look for their views.
CREATE INDEX saved_views_of_place ON saved_views (org_id, app_id);
