-- The operators' list of the events of all chains, newest first.
CREATE INDEX events_by_time ON events (at, chain, seq);
