-- The colour chosen for an organization, one of the palette; NULL: the one that follows from its id.
ALTER TABLE orgs ADD COLUMN colour TEXT CHECK (length(colour) BETWEEN 1 AND 20);
