-- A key without scopes has an empty text, not a blank to pass a check. The column is made anew, since the two databases
-- have no common way to drop a check.
ALTER TABLE keys ADD COLUMN granted TEXT NOT NULL DEFAULT '' CHECK (granted = trim(granted));
UPDATE keys SET granted = trim(scopes);
ALTER TABLE keys DROP COLUMN scopes;
ALTER TABLE keys RENAME COLUMN granted TO scopes;
