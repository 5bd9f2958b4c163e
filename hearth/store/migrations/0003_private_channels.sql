-- DMs and group DMs: channels without a guild, and who is in them.

-- pair names the two of a DM ("lesser id-greater id"): two who open it at once make one.
ALTER TABLE channels ADD COLUMN pair TEXT;

CREATE UNIQUE INDEX channels_pair ON channels (pair);

-- open says whether the user's list of channels shows it.
CREATE TABLE recipients (
    channel_id ID NOT NULL
        REFERENCES channels (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    user_id ID NOT NULL REFERENCES users (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    joined_at_ms ID NOT NULL,
    open INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (channel_id, user_id)
) STRICT;

CREATE INDEX recipients_user ON recipients (user_id);
