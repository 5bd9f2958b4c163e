-- What one user keeps of others, and how they want to be told of things.

-- A row for each side: 1 friends, 2 blocked, 3 has asked, 4 was asked. Both of a pair are written
-- in one transaction.
CREATE TABLE relationships (
    user_id ID NOT NULL REFERENCES users (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    other_id ID NOT NULL REFERENCES users (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    type INTEGER NOT NULL,
    since_ms ID NOT NULL,
    nickname TEXT,
    PRIMARY KEY (user_id, other_id)
) STRICT;

CREATE INDEX relationships_other ON relationships (other_id);

CREATE TABLE notes (
    user_id ID NOT NULL REFERENCES users (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    other_id ID NOT NULL REFERENCES users (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    note TEXT NOT NULL,
    PRIMARY KEY (user_id, other_id)
) STRICT;

CREATE INDEX notes_other ON notes (other_id);

-- kind 0 is JSON, 1 to 3 are the clients' own protocol buffers, which nobody here reads.
CREATE TABLE settings (
    user_id ID NOT NULL REFERENCES users (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    kind INTEGER NOT NULL,
    data BYTES NOT NULL,
    PRIMARY KEY (user_id, kind)
) STRICT;

-- guild_id is 0 for private channels, and has no foreign key: what is kept of a guild that is gone
-- is not shown. overrides is a JSON array, one for each channel that is set apart.
CREATE TABLE notification_settings (
    user_id ID NOT NULL REFERENCES users (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    guild_id ID NOT NULL,
    message_notifications INTEGER NOT NULL DEFAULT 3,
    muted INTEGER NOT NULL DEFAULT 0,
    mute_until_ms ID,
    mute_window_s ID,
    suppress_everyone INTEGER NOT NULL DEFAULT 0,
    suppress_roles INTEGER NOT NULL DEFAULT 0,
    mobile_push INTEGER NOT NULL DEFAULT 1,
    hide_muted_channels INTEGER NOT NULL DEFAULT 0,
    mute_scheduled_events INTEGER NOT NULL DEFAULT 0,
    notify_highlights INTEGER NOT NULL DEFAULT 0,
    flags ID NOT NULL DEFAULT 0,
    version ID NOT NULL DEFAULT 0,
    overrides TEXT NOT NULL DEFAULT '[]',
    PRIMARY KEY (user_id, guild_id)
) STRICT;

-- Up to which of a channel's pins somebody has seen them.
CREATE TABLE pin_acks (
    user_id ID NOT NULL REFERENCES users (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    channel_id ID NOT NULL
        REFERENCES channels (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    at_ms ID NOT NULL,
    PRIMARY KEY (user_id, channel_id)
) STRICT;

CREATE INDEX pin_acks_channel ON pin_acks (channel_id);

-- Who wrote it; 0 of what is older than this.
ALTER TABLE mentions ADD COLUMN author_id ID NOT NULL DEFAULT 0;

-- Mentions that somebody took off their list of recent ones.
CREATE TABLE dismissed_mentions (
    user_id ID NOT NULL REFERENCES users (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    message_id ID NOT NULL,
    PRIMARY KEY (user_id, message_id)
) STRICT;
