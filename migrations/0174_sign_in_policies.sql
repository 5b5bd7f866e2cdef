-- What an organization demands of its people's sign-ins, beside an issuer (required_sign_ins); no row where nothing. An older
-- server would let others in, so none goes on with this. Read by its primary key.
CREATE TABLE sign_in_policies (
    org_id TEXT PRIMARY KEY REFERENCES orgs (id) ON DELETE CASCADE,
    -- From when on a second factor is required.
    factor_from BIGINT,
    -- Microseconds since a person last proved that it is them, and between two requests.
    lifetime BIGINT CHECK (lifetime > 0),
    idle BIGINT CHECK (idle > 0),
    -- How many sessions of a person get in.
    most_sessions BIGINT CHECK (most_sessions > 0),
    set_at BIGINT NOT NULL
);

-- Whose e-mail addresses get in; every address where an organization has no row. Read by its primary key.
CREATE TABLE sign_in_domains (
    org_id TEXT NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    domain TEXT NOT NULL CHECK (length(domain) BETWEEN 1 AND 253),
    PRIMARY KEY (org_id, domain)
);

-- When the person of a session last showed their second factor in it. Those from before have to show it first where it is required.
ALTER TABLE sessions ADD COLUMN factor_at BIGINT;
-- The longest time (microseconds) without a request since the person last proved that it is them.
ALTER TABLE sessions ADD COLUMN longest_pause BIGINT NOT NULL DEFAULT 0;
-- When the issuer by which a session began last asked the person; NULL without one, where it does not say, and from before.
ALTER TABLE sessions ADD COLUMN asked_at BIGINT;

-- Beside the issuer (provider): whether the person who made a token, or approved a command line, had shown their second factor. Of
-- those from before nothing is known.
ALTER TABLE personal_tokens ADD COLUMN with_factor BIGINT NOT NULL DEFAULT 0 CHECK (with_factor IN (0, 1));
ALTER TABLE personal_tokens ADD COLUMN longest_pause BIGINT NOT NULL DEFAULT 0;
ALTER TABLE device_requests ADD COLUMN with_factor BIGINT NOT NULL DEFAULT 0 CHECK (with_factor IN (0, 1));
-- When the person of that session had signed in (with its issuer). Of those from before it is taken for when the token was made.
ALTER TABLE personal_tokens ADD COLUMN signed_in_at BIGINT;
ALTER TABLE device_requests ADD COLUMN signed_in_at BIGINT;
