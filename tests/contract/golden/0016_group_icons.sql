BEGIN TRANSACTION;
CREATE TABLE _sqlite_migrations (id INTEGER PRIMARY KEY, migration_set TEXT, name TEXT, applied_at TEXT);
INSERT INTO "_sqlite_migrations" VALUES(1,'hearth','0001_metadata','2026-11-28 02:10:11.444471+00:00');
INSERT INTO "_sqlite_migrations" VALUES(2,'hearth','0002_operator_log','2026-11-28 02:10:11.444579+00:00');
INSERT INTO "_sqlite_migrations" VALUES(3,'hearth','0003_private_channels','2026-11-28 02:10:11.445193+00:00');
INSERT INTO "_sqlite_migrations" VALUES(4,'hearth','0004_bans_invites_emojis','2026-11-28 02:10:11.447119+00:00');
INSERT INTO "_sqlite_migrations" VALUES(5,'hearth','0006_accounts','2026-11-28 02:10:11.449486+00:00');
INSERT INTO "_sqlite_migrations" VALUES(6,'hearth','0008_social','2026-11-28 02:10:11.450875+00:00');
INSERT INTO "_sqlite_migrations" VALUES(7,'hearth','0010_mentions','2026-11-28 02:10:11.450956+00:00');
INSERT INTO "_sqlite_migrations" VALUES(8,'hearth','0011_people','2026-11-28 02:10:11.451156+00:00');
INSERT INTO "_sqlite_migrations" VALUES(9,'hearth','0012_assets','2026-11-28 02:10:11.458571+00:00');
INSERT INTO "_sqlite_migrations" VALUES(10,'hearth','0013_attachments','2026-11-28 02:10:11.459347+00:00');
INSERT INTO "_sqlite_migrations" VALUES(11,'hearth','0015_media','2026-11-28 02:10:11.466199+00:00');
INSERT INTO "_sqlite_migrations" VALUES(12,'hearth','0016_group_icons','2026-11-28 02:10:11.466660+00:00');
CREATE TABLE accounts (
    user_id INTEGER PRIMARY KEY
        REFERENCES users (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    operator INTEGER NOT NULL DEFAULT 0,
    disabled INTEGER NOT NULL DEFAULT 0,
    locale TEXT NOT NULL DEFAULT 'en-US',
    bio TEXT NOT NULL DEFAULT '',
    pronouns TEXT NOT NULL DEFAULT '',
    accent_color INTEGER,
    claim BLOB
, banner TEXT) STRICT;
INSERT INTO "accounts" VALUES(100,1,1,'de','It''s me','she',16777215,X'01FE','b3');
CREATE TABLE applications (
    id INTEGER PRIMARY KEY,
    bot_id INTEGER NOT NULL UNIQUE
        REFERENCES users (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    owner_id INTEGER NOT NULL REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED,
    name TEXT NOT NULL,
    flags INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO "applications" VALUES(103,102,100,'Bot',262144);
CREATE TABLE assets (
    path TEXT PRIMARY KEY NOT NULL,
    hash TEXT,
    blob BLOB NOT NULL,
    type TEXT NOT NULL,
    guild_id INTEGER REFERENCES guilds (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    user_id INTEGER REFERENCES users (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    role_id INTEGER REFERENCES roles (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    channel_id INTEGER REFERENCES channels (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    emoji_id INTEGER REFERENCES emojis (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED, sticker_id INTEGER REFERENCES stickers (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY (guild_id, user_id) REFERENCES members (guild_id, user_id)
        ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED
) STRICT;
INSERT INTO "assets" VALUES('guilds/1000/users/100/avatars','a_0f',X'05FA','gif',1000,100,NULL,NULL,NULL,NULL);
INSERT INTO "assets" VALUES('role-icons/1003','i2',X'05FB','png',NULL,NULL,1003,NULL,NULL,NULL);
INSERT INTO "assets" VALUES('channel-icons/1008','i3',X'05','png',NULL,NULL,NULL,1008,NULL,NULL);
INSERT INTO "assets" VALUES('emojis/1004',NULL,X'05','webp',NULL,NULL,NULL,NULL,1004,NULL);
INSERT INTO "assets" VALUES('stickers/1009',NULL,X'06','gif',NULL,NULL,NULL,NULL,NULL,1009);
CREATE TABLE attachments (
    id INTEGER PRIMARY KEY,
    channel_id INTEGER NOT NULL
        REFERENCES channels (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    blob BLOB NOT NULL,
    size INTEGER NOT NULL,
    filename TEXT NOT NULL,
    content_type TEXT,
    message_id INTEGER
, user_id INTEGER) STRICT;
INSERT INTO "attachments" VALUES(1005,1002,X'07F8',5,'a.png','image/png',501,100);
CREATE TABLE audit_log (
    id INTEGER PRIMARY KEY,
    guild_id INTEGER NOT NULL REFERENCES guilds (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    user_id INTEGER,
    action_type INTEGER NOT NULL,
    target_id INTEGER,
    changes TEXT,
    options TEXT,
    reason TEXT
) STRICT;
INSERT INTO "audit_log" VALUES(1010,1000,100,11,1002,'[{"key":"name","old_value":"ä"}]','{"count":"1"}','because');
INSERT INTO "audit_log" VALUES(1011,1000,NULL,20,NULL,NULL,NULL,NULL);
CREATE TABLE ban_sweeps (
    guild_id INTEGER NOT NULL REFERENCES guilds (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    oldest INTEGER NOT NULL,
    newest INTEGER NOT NULL,
    PRIMARY KEY (guild_id, user_id)
) STRICT;
INSERT INTO "ban_sweeps" VALUES(1000,101,1,4611686018427387904);
CREATE TABLE bans (
    guild_id INTEGER NOT NULL REFERENCES guilds (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    reason TEXT,
    PRIMARY KEY (guild_id, user_id)
) STRICT;
INSERT INTO "bans" VALUES(1000,101,'spam');
CREATE TABLE channels (
    id INTEGER PRIMARY KEY,
    guild_id INTEGER REFERENCES guilds (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    type INTEGER NOT NULL,
    name TEXT NOT NULL,
    position INTEGER NOT NULL DEFAULT 0,
    parent_id INTEGER,
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
    flags INTEGER NOT NULL DEFAULT 0,
    owner_id INTEGER
, pair TEXT, icon TEXT) STRICT;
INSERT INTO "channels" VALUES(1001,1000,4,'talk',0,NULL,NULL,0,0,'[]',NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL);
INSERT INTO "channels" VALUES(1002,1000,2,'general',7,1001,'',1,5,'[{"id":1000,"type":0,"allow":4503599627370497,"deny":1024},{"id":101,"type":1,"allow":0,"deny":2048}]',64000,3,'home',2,60,9,32768,100,NULL,NULL);
INSERT INTO "channels" VALUES(1008,NULL,1,'',0,NULL,NULL,0,0,'[]',NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,'100-101','i2');
CREATE TABLE credentials (
    user_id INTEGER PRIMARY KEY
        REFERENCES users (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    password_hash TEXT NOT NULL
) STRICT;
INSERT INTO "credentials" VALUES(100,'$argon2id$v=19$m=8,t=1,p=1$c2FsdA$aGFzaA');
CREATE TABLE cursors (
    consumer TEXT PRIMARY KEY NOT NULL,
    n INTEGER NOT NULL
) STRICT;
INSERT INTO "cursors" VALUES('unread',9);
CREATE TABLE dismissed_mentions (
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    message_id INTEGER NOT NULL,
    PRIMARY KEY (user_id, message_id)
) STRICT;
INSERT INTO "dismissed_mentions" VALUES(100,499);
CREATE TABLE emoji_images (
    emoji_id INTEGER PRIMARY KEY REFERENCES emojis (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    data BLOB NOT NULL
) STRICT;
INSERT INTO "emoji_images" VALUES(1004,X'47494638396100FF');
CREATE TABLE emojis (
    id INTEGER PRIMARY KEY,
    guild_id INTEGER NOT NULL REFERENCES guilds (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    name TEXT NOT NULL,
    roles TEXT NOT NULL DEFAULT '[]',
    user_id INTEGER,
    animated INTEGER NOT NULL DEFAULT 0,
    available INTEGER NOT NULL DEFAULT 1,
    managed INTEGER NOT NULL DEFAULT 0,
    require_colons INTEGER NOT NULL DEFAULT 1
) STRICT;
INSERT INTO "emojis" VALUES(1004,1000,'wave','[1003]',100,1,0,1,0);
CREATE TABLE guilds (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    owner_id INTEGER NOT NULL REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED,
    icon TEXT,
    description TEXT,
    afk_channel_id INTEGER,
    afk_timeout INTEGER NOT NULL DEFAULT 300,
    system_channel_id INTEGER,
    system_channel_flags INTEGER NOT NULL DEFAULT 0,
    rules_channel_id INTEGER,
    verification_level INTEGER NOT NULL DEFAULT 0,
    default_message_notifications INTEGER NOT NULL DEFAULT 0,
    explicit_content_filter INTEGER NOT NULL DEFAULT 0,
    preferred_locale TEXT NOT NULL DEFAULT 'en-US',
    mfa_level INTEGER NOT NULL DEFAULT 0,
    nsfw_level INTEGER NOT NULL DEFAULT 0
, features TEXT NOT NULL DEFAULT '[]', public_updates_channel_id INTEGER, safety_alerts_channel_id INTEGER, premium_progress_bar_enabled INTEGER NOT NULL DEFAULT 0, splash TEXT, discovery_splash TEXT, banner TEXT) STRICT;
INSERT INTO "guilds" VALUES(1000,'Gärten 🌱',100,'i1','It''s "here"
',1002,60,1002,3,1002,1,1,2,'de',1,2,'["COMMUNITY"]',1002,1002,1,'s1','s2','b1');
CREATE TABLE harvests (
    user_id INTEGER PRIMARY KEY
        REFERENCES users (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    id INTEGER NOT NULL,
    created_at_ms INTEGER NOT NULL,
    status INTEGER NOT NULL,
    completed_at_ms INTEGER
) STRICT;
INSERT INTO "harvests" VALUES(100,999,1760000000009,3,1760000000010);
CREATE TABLE invites (
    code TEXT PRIMARY KEY NOT NULL,
    guild_id INTEGER NOT NULL REFERENCES guilds (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    channel_id INTEGER NOT NULL
        REFERENCES channels (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    inviter_id INTEGER,
    created_at_ms INTEGER NOT NULL,
    max_age_s INTEGER NOT NULL DEFAULT 0,
    max_uses INTEGER NOT NULL DEFAULT 0,
    uses INTEGER NOT NULL DEFAULT 0,
    temporary INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO "invites" VALUES('aB3',1000,1002,100,1760000000002,60,9,1,1);
CREATE TABLE links (
    hash BLOB PRIMARY KEY NOT NULL,
    kind TEXT NOT NULL,
    user_id INTEGER REFERENCES users (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    expires_at_ms INTEGER NOT NULL
) STRICT;
INSERT INTO "links" VALUES(X'04FB','reset',100,1760000000004);
CREATE TABLE members (
    guild_id INTEGER NOT NULL REFERENCES guilds (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    joined_at_ms INTEGER NOT NULL,
    nick TEXT,
    avatar TEXT,
    roles TEXT NOT NULL DEFAULT '[]',
    communication_disabled_until_ms INTEGER,
    deaf INTEGER NOT NULL DEFAULT 0,
    mute INTEGER NOT NULL DEFAULT 0,
    flags INTEGER NOT NULL DEFAULT 0, temporary INTEGER NOT NULL DEFAULT 0, bio TEXT, banner TEXT,
    PRIMARY KEY (guild_id, user_id)
) STRICT;
INSERT INTO "members" VALUES(1000,100,1420070400000,'Annie','a2','[1003]',1760000000001,1,1,2,1,'hi','b2');
INSERT INTO "members" VALUES(1000,101,1420070400000,NULL,NULL,'[1003]',NULL,0,0,0,0,NULL,NULL);
CREATE TABLE mentions (
    channel_id INTEGER NOT NULL
        REFERENCES channels (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    message_id INTEGER NOT NULL,
    target_id INTEGER NOT NULL, author_id INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (channel_id, message_id, target_id)
) STRICT;
INSERT INTO "mentions" VALUES(1002,501,100,101);
CREATE TABLE notes (
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    other_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    note TEXT NOT NULL,
    PRIMARY KEY (user_id, other_id)
) STRICT;
INSERT INTO "notes" VALUES(100,101,'owes me a book');
CREATE TABLE notification_settings (
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    guild_id INTEGER NOT NULL,
    message_notifications INTEGER NOT NULL DEFAULT 3,
    muted INTEGER NOT NULL DEFAULT 0,
    mute_until_ms INTEGER,
    mute_window_s INTEGER,
    suppress_everyone INTEGER NOT NULL DEFAULT 0,
    suppress_roles INTEGER NOT NULL DEFAULT 0,
    mobile_push INTEGER NOT NULL DEFAULT 1,
    hide_muted_channels INTEGER NOT NULL DEFAULT 0,
    mute_scheduled_events INTEGER NOT NULL DEFAULT 0,
    notify_highlights INTEGER NOT NULL DEFAULT 0,
    flags INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 0,
    overrides TEXT NOT NULL DEFAULT '[]',
    PRIMARY KEY (user_id, guild_id)
) STRICT;
INSERT INTO "notification_settings" VALUES(100,1000,1,1,1760000000003,900,1,1,0,1,1,1,2048,7,'[{"channel_id":1002,"message_notifications":2,"muted":true,"mute_until_ms":1760000000004,"mute_window_s":60,"collapsed":true,"flags":1}]');
CREATE TABLE operator_log (
    id INTEGER PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    uid INTEGER NOT NULL,
    action TEXT NOT NULL,
    target_id INTEGER NOT NULL
) STRICT;
INSERT INTO "operator_log" VALUES(1009,1420070400000,0,'read_messages',1002);
CREATE TABLE pin_acks (
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    channel_id INTEGER NOT NULL
        REFERENCES channels (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (user_id, channel_id)
) STRICT;
INSERT INTO "pin_acks" VALUES(100,1002,1760000000005);
CREATE TABLE read_states (
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    channel_id INTEGER NOT NULL
        REFERENCES channels (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    last_message_id INTEGER NOT NULL,
    PRIMARY KEY (user_id, channel_id)
) STRICT;
INSERT INTO "read_states" VALUES(100,1002,500);
CREATE TABLE recipients (
    channel_id INTEGER NOT NULL
        REFERENCES channels (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    joined_at_ms INTEGER NOT NULL,
    open INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (channel_id, user_id)
) STRICT;
INSERT INTO "recipients" VALUES(1008,100,1420070400000,1);
INSERT INTO "recipients" VALUES(1008,101,1420070400000,0);
CREATE TABLE recovery_codes (
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    hash BLOB NOT NULL,
    PRIMARY KEY (user_id, hash)
) STRICT;
INSERT INTO "recovery_codes" VALUES(100,X'03FC');
CREATE TABLE relationships (
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    other_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    type INTEGER NOT NULL,
    since_ms INTEGER NOT NULL,
    nickname TEXT,
    PRIMARY KEY (user_id, other_id)
) STRICT;
INSERT INTO "relationships" VALUES(100,101,1,1420070400000,'Bo');
CREATE TABLE roles (
    id INTEGER PRIMARY KEY,
    guild_id INTEGER NOT NULL REFERENCES guilds (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    name TEXT NOT NULL,
    permissions INTEGER NOT NULL DEFAULT 0,
    position INTEGER NOT NULL DEFAULT 0,
    color INTEGER NOT NULL DEFAULT 0,
    secondary_color INTEGER,
    tertiary_color INTEGER,
    hoist INTEGER NOT NULL DEFAULT 0,
    mentionable INTEGER NOT NULL DEFAULT 0,
    managed INTEGER NOT NULL DEFAULT 0,
    icon TEXT,
    unicode_emoji TEXT,
    flags INTEGER NOT NULL DEFAULT 0,
    bot_id INTEGER
) STRICT;
INSERT INTO "roles" VALUES(1000,1000,'@everyone',9007199254740991,0,0,NULL,NULL,0,0,0,NULL,NULL,0,NULL);
INSERT INTO "roles" VALUES(1003,1000,'makers',4503599627370496,2,16777215,1,2,1,1,1,'i2','🔥',1,102);
CREATE TABLE second_factors (
    user_id INTEGER PRIMARY KEY
        REFERENCES users (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    secret BLOB NOT NULL,
    step INTEGER NOT NULL
) STRICT;
INSERT INTO "second_factors" VALUES(100,X'02FD',58666667);
CREATE TABLE settings (
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    kind INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (user_id, kind)
) STRICT;
INSERT INTO "settings" VALUES(100,1,X'0A00FF');
CREATE TABLE stickers (
    id INTEGER PRIMARY KEY,
    guild_id INTEGER NOT NULL REFERENCES guilds (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    name TEXT NOT NULL,
    description TEXT,
    tags TEXT NOT NULL,
    format_type INTEGER NOT NULL,
    user_id INTEGER,
    available INTEGER NOT NULL DEFAULT 1
) STRICT;
INSERT INTO "stickers" VALUES(1009,1000,'hello','a hand','👋',4,100,0);
CREATE TABLE token_uses (
    hash BLOB PRIMARY KEY NOT NULL
        REFERENCES tokens (hash) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    used_at_ms INTEGER NOT NULL
) STRICT;
INSERT INTO "token_uses" VALUES(X'E0E1E2E3E4E5E6E7E8E9EAEBECEDEEEFF0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF',1760000000003);
CREATE TABLE tokens (
    hash BLOB PRIMARY KEY NOT NULL,
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    created_at_ms INTEGER NOT NULL
, os TEXT, platform TEXT, address BLOB) STRICT;
INSERT INTO "tokens" VALUES(X'E0E1E2E3E4E5E6E7E8E9EAEBECEDEEEFF0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF',100,1760000000000,'Linux','Firefox',X'00FF');
CREATE TABLE uploads (
    name TEXT PRIMARY KEY NOT NULL,
    channel_id INTEGER NOT NULL
        REFERENCES channels (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    created_at_ms INTEGER NOT NULL,
    filename TEXT NOT NULL,
    size INTEGER NOT NULL,
    blob BLOB,
    content_type TEXT,
    width INTEGER,
    height INTEGER,
    placeholder TEXT
, duration_ms INTEGER, animated INTEGER NOT NULL DEFAULT 0) STRICT;
INSERT INTO "uploads" VALUES('xyz',1002,100,1760000000006,'a b.png',6,X'07F9','image/png',3,2,'AAAA',1500,1);
CREATE TABLE users (
    id INTEGER PRIMARY KEY,
    username TEXT NOT NULL UNIQUE,
    global_name TEXT,
    avatar TEXT,
    bot INTEGER NOT NULL DEFAULT 0,
    flags INTEGER NOT NULL DEFAULT 0
, skeleton TEXT) STRICT;
INSERT INTO "users" VALUES(100,'ann','Ann','a1',1,1099511627776,'ann');
INSERT INTO "users" VALUES(101,'bob',NULL,NULL,0,0,NULL);
INSERT INTO "users" VALUES(102,'bot',NULL,NULL,1,0,NULL);
CREATE UNIQUE INDEX idx__sqlite_migrations_migration_set_name ON _sqlite_migrations (migration_set, name);
CREATE INDEX tokens_user ON tokens (user_id);
CREATE INDEX applications_owner ON applications (owner_id);
CREATE INDEX guilds_owner ON guilds (owner_id);
CREATE INDEX channels_guild ON channels (guild_id);
CREATE INDEX roles_guild ON roles (guild_id);
CREATE INDEX members_user ON members (user_id);
CREATE INDEX audit_log_guild ON audit_log (guild_id, id);
CREATE INDEX read_states_channel ON read_states (channel_id);
CREATE INDEX mentions_target ON mentions (target_id, channel_id, message_id);
CREATE UNIQUE INDEX channels_pair ON channels (pair);
CREATE INDEX recipients_user ON recipients (user_id);
CREATE INDEX emojis_guild ON emojis (guild_id);
CREATE INDEX bans_user ON bans (user_id);
CREATE INDEX invites_guild ON invites (guild_id);
CREATE INDEX invites_channel ON invites (channel_id);
CREATE UNIQUE INDEX users_skeleton ON users (skeleton);
CREATE UNIQUE INDEX accounts_claim ON accounts (claim);
CREATE INDEX links_user ON links (user_id);
CREATE INDEX relationships_other ON relationships (other_id);
CREATE INDEX notes_other ON notes (other_id);
CREATE INDEX pin_acks_channel ON pin_acks (channel_id);
CREATE INDEX mentions_message ON mentions (message_id);
CREATE INDEX ban_sweeps_user ON ban_sweeps (user_id);
CREATE INDEX assets_blob ON assets (blob);
CREATE INDEX assets_guild ON assets (guild_id, user_id);
CREATE INDEX assets_user ON assets (user_id);
CREATE INDEX assets_role ON assets (role_id);
CREATE INDEX assets_channel ON assets (channel_id);
CREATE INDEX assets_emoji ON assets (emoji_id);
CREATE INDEX attachments_blob ON attachments (blob);
CREATE INDEX attachments_channel ON attachments (channel_id);
CREATE INDEX attachments_message ON attachments (message_id, id);
CREATE INDEX uploads_blob ON uploads (blob);
CREATE INDEX uploads_channel ON uploads (channel_id);
CREATE INDEX uploads_user ON uploads (user_id);
CREATE INDEX uploads_created ON uploads (created_at_ms);
CREATE INDEX attachments_user ON attachments (user_id, size);
CREATE INDEX stickers_guild ON stickers (guild_id);
CREATE INDEX assets_sticker ON assets (sticker_id);
COMMIT;
