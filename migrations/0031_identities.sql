-- Who signs in by something else than a password: the issuer that vouches for a person, and what it calls them.
CREATE TABLE identities (
    provider TEXT NOT NULL CHECK (length(provider) BETWEEN 1 AND 200),
    subject TEXT NOT NULL CHECK (length(subject) BETWEEN 1 AND 255),
    user_id TEXT NOT NULL REFERENCES users (id),
    created_at BIGINT NOT NULL,
    -- A sign-in looks its person up by this.
    CONSTRAINT identities_unique PRIMARY KEY (provider, subject)
);
-- The identities of one person.
CREATE INDEX identities_of_user ON identities (user_id, created_at);

-- A person may have no password. The column is made anew, since the two databases have no common way to allow NULL.
ALTER TABLE users ADD COLUMN password TEXT;
UPDATE users SET password = password_hash;
ALTER TABLE users DROP COLUMN password_hash;
ALTER TABLE users RENAME COLUMN password TO password_hash;

-- A session holds its person and nothing else, who is in a column of its own.
ALTER TABLE sessions DROP COLUMN data;
