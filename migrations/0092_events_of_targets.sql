-- The activity's filters by target and by address: who did what to this, and what came from there. Keys are targets, too.
CREATE INDEX events_of_target ON events (chain, target_id, seq);
DROP INDEX events_of_key;
CREATE INDEX events_of_address ON events (chain, address, seq);
