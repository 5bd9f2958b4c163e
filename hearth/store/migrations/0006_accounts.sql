-- What belongs to a person's account and to nobody's sight of them.

-- What a name looks like: no two people may look alike. Those who are older than it have none.
ALTER TABLE users ADD COLUMN skeleton TEXT;

CREATE UNIQUE INDEX users_skeleton ON users (skeleton);

-- address is a keyed hash of where the token was given out: who comes from there again is heard.
ALTER TABLE tokens ADD COLUMN os TEXT;
ALTER TABLE tokens ADD COLUMN platform TEXT;
ALTER TABLE tokens ADD COLUMN address BYTES;

-- Apart from the tokens, because it is written again and again.
CREATE TABLE token_uses (
    hash BYTES PRIMARY KEY NOT NULL
        REFERENCES tokens (hash) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    used_at_ms ID NOT NULL
) STRICT;

-- disabled: 0 no, 1 by oneself, 2 by the operator, 3 deleted. claim is the hash of the link that
-- made it: of two who use one link at once, one makes an account.
CREATE TABLE accounts (
    user_id ID PRIMARY KEY
        REFERENCES users (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    operator INTEGER NOT NULL DEFAULT 0,
    disabled INTEGER NOT NULL DEFAULT 0,
    locale TEXT NOT NULL DEFAULT 'en-US',
    bio TEXT NOT NULL DEFAULT '',
    pronouns TEXT NOT NULL DEFAULT '',
    accent_color INTEGER,
    claim BYTES
) STRICT;

CREATE UNIQUE INDEX accounts_claim ON accounts (claim);

-- secret is sealed with the key of the data directory; step is the last that was used.
CREATE TABLE second_factors (
    user_id ID PRIMARY KEY
        REFERENCES users (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    secret BYTES NOT NULL,
    step ID NOT NULL
) STRICT;

-- hash is keyed as well: such a code is short.
CREATE TABLE recovery_codes (
    user_id ID NOT NULL REFERENCES users (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    hash BYTES NOT NULL,
    PRIMARY KEY (user_id, hash)
) STRICT;

-- Links that are used once: kind is claim, or reset of the user's password. hash is the SHA-256 of
-- what the link ends with.
CREATE TABLE links (
    hash BYTES PRIMARY KEY NOT NULL,
    kind TEXT NOT NULL,
    user_id ID REFERENCES users (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    expires_at_ms ID NOT NULL
) STRICT;

CREATE INDEX links_user ON links (user_id);
