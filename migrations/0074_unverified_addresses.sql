-- Whether the link of an invitation was shown to the person who invites, because mail is off: who opens it has not shown that the
-- e-mail address is theirs.
ALTER TABLE invitations ADD COLUMN handed_over BIGINT NOT NULL DEFAULT 0 CHECK (handed_over IN (0, 1));

-- The account was made with such a link.
ALTER TABLE users ADD COLUMN unverified BIGINT NOT NULL DEFAULT 0 CHECK (unverified IN (0, 1));
