-- The server that accepts keys, or nobody after it ended in order: who takes its place otherwise waits until it can have
-- accepted none for long enough. PostgreSQL alone uses it; on SQLite a lock of the operating system does.
CREATE TABLE server_lease (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    holder TEXT,
    -- What was written last to see whether the database takes writes; it means nothing.
    write_check BYTEA
);

INSERT INTO server_lease (id) VALUES (1);
