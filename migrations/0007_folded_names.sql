-- Names and labels as they are searched and sorted: NFKC, case-folded. SQL can't do that on both databases alike, so the
-- program writes them with the name; what is NULL is from before, and is filled in right after the migrations.
ALTER TABLE users ADD COLUMN name_folded TEXT;
ALTER TABLE orgs ADD COLUMN name_folded TEXT;
ALTER TABLE tenants ADD COLUMN name_folded TEXT;
ALTER TABLE projects ADD COLUMN name_folded TEXT;
ALTER TABLE apps ADD COLUMN name_folded TEXT;
ALTER TABLE keys ADD COLUMN label_folded TEXT;
-- What is left to fill in, and empty from then on: each start looks here.
CREATE INDEX keys_unfolded ON keys (id) WHERE label_folded IS NULL;
