-- Older servers go on with this.
-- What a commit changed, as the revocation journals of all nodes have it (src/journal): ids and times. NULL if the server that
-- committed it did not know of journals.
ALTER TABLE changes ADD COLUMN journal TEXT;

-- When changes were committed that are no longer kept: whether a journal belongs to this database is found out by that.
CREATE TABLE past_changes (
    revision BIGINT PRIMARY KEY,
    at BIGINT NOT NULL
);

-- Restores: the changes from `first` to `last` were lost with the database before, and what they took away was taken away again.
CREATE TABLE forks (
    revision BIGINT PRIMARY KEY,
    first BIGINT NOT NULL,
    last BIGINT NOT NULL,
    at BIGINT NOT NULL
);
