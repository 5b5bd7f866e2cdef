-- Older servers go on with this.
-- The issuer by which the person of a session signed in; NULL for a password. Signing out ends the session there, too.
ALTER TABLE sessions ADD COLUMN provider TEXT;

-- The issuer whose groups gave a role; NULL for roles that people gave, which no synchronization touches. Read and
-- written with the other columns of a person's grants in one organization, and found by `grants_of_subject`.
ALTER TABLE grants ADD COLUMN synced_by TEXT;
