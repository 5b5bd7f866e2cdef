-- What the commitments to an event's personal fields are made with (src/audit/personal.rs): NULL for events written before
-- there were commitments, no bytes for one of these whose personal fields were erased.
ALTER TABLE events ADD COLUMN salts BYTEA;

-- The person's name, address and all that was theirs are gone; the row stays, because events and keys refer to it.
ALTER TABLE users ADD COLUMN erased_at BIGINT;
