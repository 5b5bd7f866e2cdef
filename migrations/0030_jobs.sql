-- Work that is done after the transaction that caused it: mail, webhooks, retention.
CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    -- Which handler does it.
    queue TEXT NOT NULL CHECK (length(queue) BETWEEN 1 AND 100),
    -- JSON, without secrets: it is kept for days after the job ended.
    payload TEXT NOT NULL CHECK (length(payload) BETWEEN 2 AND 100000),
    created_at BIGINT NOT NULL,
    -- When it is due next; NULL once it is over.
    run_at BIGINT,
    -- Microseconds until a job that recurs is due again; NULL where it runs once.
    every BIGINT CHECK (every > 0),
    -- While a worker has it. A worker that was killed leaves it, and another takes the job after that time.
    lease_until BIGINT,
    -- How often it was leased, ever. It names the lease: a worker that lost it writes nothing any more.
    leases BIGINT NOT NULL DEFAULT 0 CHECK (leases >= 0),
    -- How often it was begun since it last ended.
    attempts BIGINT NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    -- How it ended last, and when; a job that recurs is due again all the same.
    outcome TEXT CHECK (outcome IN ('done', 'failed')),
    ended_at BIGINT CHECK ((ended_at IS NULL) = (outcome IS NULL)),
    -- Why the last attempt failed.
    error TEXT CHECK (outcome <> 'failed' OR error IS NOT NULL),
    CHECK (run_at IS NOT NULL OR (outcome IS NOT NULL AND every IS NULL AND lease_until IS NULL))
);
-- Workers look for what is due, and lease it, by this. No column of it changes while a job is leased.
CREATE INDEX jobs_due ON jobs (queue, run_at, id) WHERE run_at IS NOT NULL;
-- What ended long ago is deleted by this.
CREATE INDEX jobs_ended ON jobs (ended_at) WHERE run_at IS NULL;
