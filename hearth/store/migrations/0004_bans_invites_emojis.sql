-- What a guild has beside channels, roles and members.

ALTER TABLE guilds ADD COLUMN features TEXT NOT NULL DEFAULT '[]';
ALTER TABLE guilds ADD COLUMN public_updates_channel_id ID;
ALTER TABLE guilds ADD COLUMN safety_alerts_channel_id ID;
ALTER TABLE guilds ADD COLUMN premium_progress_bar_enabled INTEGER NOT NULL DEFAULT 0;

-- A temporary member leaves with his last session unless he has a role.
ALTER TABLE members ADD COLUMN temporary INTEGER NOT NULL DEFAULT 0;
ALTER TABLE members ADD COLUMN bio TEXT;

-- roles is a JSON array of role ids, ascending. Who made it may be gone since.
CREATE TABLE emojis (
    id ID PRIMARY KEY,
    guild_id ID NOT NULL REFERENCES guilds (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    name TEXT NOT NULL,
    roles TEXT NOT NULL DEFAULT '[]',
    user_id ID,
    animated INTEGER NOT NULL DEFAULT 0,
    available INTEGER NOT NULL DEFAULT 1,
    managed INTEGER NOT NULL DEFAULT 0,
    require_colons INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE INDEX emojis_guild ON emojis (guild_id);

-- The pictures as they were sent, beside the emojis so that a guild loads without them.
CREATE TABLE emoji_images (
    emoji_id ID PRIMARY KEY REFERENCES emojis (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    data BYTES NOT NULL
) STRICT;

CREATE TABLE bans (
    guild_id ID NOT NULL REFERENCES guilds (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    user_id ID NOT NULL REFERENCES users (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    reason TEXT,
    PRIMARY KEY (guild_id, user_id)
) STRICT;

CREATE INDEX bans_user ON bans (user_id);

-- Who invites may be gone since; the channel may not.
CREATE TABLE invites (
    code TEXT PRIMARY KEY NOT NULL,
    guild_id ID NOT NULL REFERENCES guilds (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    channel_id ID NOT NULL
        REFERENCES channels (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    inviter_id ID,
    created_at_ms ID NOT NULL,
    max_age_s INTEGER NOT NULL DEFAULT 0,
    max_uses INTEGER NOT NULL DEFAULT 0,
    uses INTEGER NOT NULL DEFAULT 0,
    temporary INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX invites_guild ON invites (guild_id);
CREATE INDEX invites_channel ON invites (channel_id);
