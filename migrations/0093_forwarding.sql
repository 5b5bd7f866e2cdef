-- How far the events of each chain were sent to the collector. A table of its own, so that sending locks no chain.
CREATE TABLE forwarded (
    chain TEXT PRIMARY KEY REFERENCES chains (name),
    seq BIGINT NOT NULL
);

-- The collector of the running server, and how sending went last. No row if none is set.
CREATE TABLE forwarding (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    -- Its address, without secrets.
    collector TEXT NOT NULL,
    -- Since when events are sent: older ones were never overdue.
    since BIGINT NOT NULL,
    -- After how many microseconds changes are refused; NULL if never.
    refuse_after BIGINT,
    sent_at BIGINT,
    failed_at BIGINT,
    error TEXT
);
