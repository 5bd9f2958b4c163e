-- The metadata of the first release. Rules of these files: a statement ends where a line ends with
-- a semicolon; ID, BYTES and STRICT are replaced per engine; a released file never changes.
-- Foreign keys are deferred, so that the order of nouns within one commit does not matter.

CREATE TABLE users (
    id ID PRIMARY KEY,
    username TEXT NOT NULL UNIQUE,
    global_name TEXT,
    avatar TEXT,
    bot INTEGER NOT NULL DEFAULT 0,
    flags ID NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE credentials (
    user_id ID PRIMARY KEY
        REFERENCES users (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    password_hash TEXT NOT NULL
) STRICT;

-- hash is the SHA-256 of the token's text.
CREATE TABLE tokens (
    hash BYTES PRIMARY KEY NOT NULL,
    user_id ID NOT NULL REFERENCES users (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    created_at_ms ID NOT NULL
) STRICT;

CREATE INDEX tokens_user ON tokens (user_id);

-- An owner of bots cannot go before his bots do.
CREATE TABLE applications (
    id ID PRIMARY KEY,
    bot_id ID NOT NULL UNIQUE
        REFERENCES users (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    owner_id ID NOT NULL REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED,
    name TEXT NOT NULL,
    flags ID NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX applications_owner ON applications (owner_id);

-- An owner cannot go before the guild does. The channel columns name no foreign key: a channel
-- that goes is taken out of them by the verb, which tells about the guild too.
CREATE TABLE guilds (
    id ID PRIMARY KEY,
    name TEXT NOT NULL,
    owner_id ID NOT NULL REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED,
    icon TEXT,
    description TEXT,
    afk_channel_id ID,
    afk_timeout INTEGER NOT NULL DEFAULT 300,
    system_channel_id ID,
    system_channel_flags ID NOT NULL DEFAULT 0,
    rules_channel_id ID,
    verification_level INTEGER NOT NULL DEFAULT 0,
    default_message_notifications INTEGER NOT NULL DEFAULT 0,
    explicit_content_filter INTEGER NOT NULL DEFAULT 0,
    preferred_locale TEXT NOT NULL DEFAULT 'en-US',
    mfa_level INTEGER NOT NULL DEFAULT 0,
    nsfw_level INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX guilds_owner ON guilds (owner_id);

-- overwrites is a JSON array of {"id", "type", "allow", "deny"}. A direct message channel will
-- have no guild. parent_id has no foreign key: a category leaves its channels behind, a channel
-- takes its threads along, and the verb saves or deletes them because it tells about each.
CREATE TABLE channels (
    id ID PRIMARY KEY,
    guild_id ID REFERENCES guilds (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    type INTEGER NOT NULL,
    name TEXT NOT NULL,
    position INTEGER NOT NULL DEFAULT 0,
    parent_id ID,
    topic TEXT,
    nsfw INTEGER NOT NULL DEFAULT 0,
    rate_limit_per_user INTEGER NOT NULL DEFAULT 0,
    overwrites TEXT NOT NULL DEFAULT '[]',
    bitrate INTEGER,
    user_limit INTEGER,
    rtc_region TEXT,
    video_quality_mode INTEGER,
    default_auto_archive_duration INTEGER,
    default_thread_rate_limit_per_user INTEGER,
    flags ID NOT NULL DEFAULT 0,
    owner_id ID
) STRICT;

CREATE INDEX channels_guild ON channels (guild_id);

CREATE TABLE roles (
    id ID PRIMARY KEY,
    guild_id ID NOT NULL REFERENCES guilds (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    name TEXT NOT NULL,
    permissions ID NOT NULL DEFAULT 0,
    position INTEGER NOT NULL DEFAULT 0,
    color INTEGER NOT NULL DEFAULT 0,
    secondary_color INTEGER,
    tertiary_color INTEGER,
    hoist INTEGER NOT NULL DEFAULT 0,
    mentionable INTEGER NOT NULL DEFAULT 0,
    managed INTEGER NOT NULL DEFAULT 0,
    icon TEXT,
    unicode_emoji TEXT,
    flags ID NOT NULL DEFAULT 0,
    bot_id ID
) STRICT;

CREATE INDEX roles_guild ON roles (guild_id);

-- roles is a JSON array of role ids, ascending, without @everyone.
CREATE TABLE members (
    guild_id ID NOT NULL REFERENCES guilds (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    user_id ID NOT NULL REFERENCES users (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    joined_at_ms ID NOT NULL,
    nick TEXT,
    avatar TEXT,
    roles TEXT NOT NULL DEFAULT '[]',
    communication_disabled_until_ms ID,
    deaf INTEGER NOT NULL DEFAULT 0,
    mute INTEGER NOT NULL DEFAULT 0,
    flags ID NOT NULL DEFAULT 0,
    PRIMARY KEY (guild_id, user_id)
) STRICT;

CREATE INDEX members_user ON members (user_id);

-- changes and options are JSON as the API shows them. Who acted may be gone since.
CREATE TABLE audit_log (
    id ID PRIMARY KEY,
    guild_id ID NOT NULL REFERENCES guilds (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    user_id ID,
    action_type INTEGER NOT NULL,
    target_id ID,
    changes TEXT,
    options TEXT,
    reason TEXT
) STRICT;

CREATE INDEX audit_log_guild ON audit_log (guild_id, id);

CREATE TABLE read_states (
    user_id ID NOT NULL REFERENCES users (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    channel_id ID NOT NULL
        REFERENCES channels (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    last_message_id ID NOT NULL,
    PRIMARY KEY (user_id, channel_id)
) STRICT;

CREATE INDEX read_states_channel ON read_states (channel_id);

-- target_id is a user, a role, or the guild for @everyone.
CREATE TABLE mentions (
    channel_id ID NOT NULL
        REFERENCES channels (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    message_id ID NOT NULL,
    target_id ID NOT NULL,
    PRIMARY KEY (channel_id, message_id, target_id)
) STRICT;

CREATE INDEX mentions_target ON mentions (target_id, channel_id, message_id);

-- The last journal row that each consumer has finished.
CREATE TABLE cursors (
    consumer TEXT PRIMARY KEY NOT NULL,
    n ID NOT NULL
) STRICT;
