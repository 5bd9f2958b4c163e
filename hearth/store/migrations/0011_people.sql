-- What goes on in the background for people, and goes on after a crash.

-- The last export of their data that somebody has asked for; the file is called by id. status: 0
-- waits, 2 failed, 3 is there.
CREATE TABLE harvests (
    user_id ID PRIMARY KEY
        REFERENCES users (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    id ID NOT NULL,
    created_at_ms ID NOT NULL,
    status INTEGER NOT NULL,
    completed_at_ms ID
) STRICT;

-- Whose messages, with ids from oldest to newest, go after a ban.
CREATE TABLE ban_sweeps (
    guild_id ID NOT NULL REFERENCES guilds (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    user_id ID NOT NULL REFERENCES users (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    oldest ID NOT NULL,
    newest ID NOT NULL,
    PRIMARY KEY (guild_id, user_id)
) STRICT;

CREATE INDEX ban_sweeps_user ON ban_sweeps (user_id);
