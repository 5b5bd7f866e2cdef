-- Older servers go on with this.
-- What is not settled yet about a database that is older than its revocation journals. `held`: why no key may be judged until an
-- operator decides; `held_up_to`: it ends without one if whole journals reach this change, NULL if not. `common` and `last`: changes
-- after `common` and up to `last` were lost and are not all applied; no number up to `last` is used again.
CREATE TABLE journal_state (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    held TEXT,
    held_up_to BIGINT,
    common BIGINT,
    last BIGINT
);
INSERT INTO journal_state (id) VALUES (1);
