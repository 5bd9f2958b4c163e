-- Pictures that somebody set. The bytes are blobs: files beside the database, by their SHA-256.

-- path is the picture's address without its last part, such as avatars/100; hash is the last part,
-- which is null where a path names one picture for ever (emojis). The ids say whose it is: with
-- them it goes.
CREATE TABLE assets (
    path TEXT PRIMARY KEY NOT NULL,
    hash TEXT,
    blob BYTES NOT NULL,
    type TEXT NOT NULL,
    guild_id ID REFERENCES guilds (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    user_id ID REFERENCES users (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    role_id ID REFERENCES roles (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    channel_id ID REFERENCES channels (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    emoji_id ID REFERENCES emojis (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY (guild_id, user_id) REFERENCES members (guild_id, user_id)
        ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED
) STRICT;

CREATE INDEX assets_blob ON assets (blob);
CREATE INDEX assets_guild ON assets (guild_id, user_id);
CREATE INDEX assets_user ON assets (user_id);
CREATE INDEX assets_role ON assets (role_id);
CREATE INDEX assets_channel ON assets (channel_id);
CREATE INDEX assets_emoji ON assets (emoji_id);

ALTER TABLE guilds ADD COLUMN splash TEXT;
ALTER TABLE guilds ADD COLUMN discovery_splash TEXT;
ALTER TABLE guilds ADD COLUMN banner TEXT;
ALTER TABLE members ADD COLUMN banner TEXT;
ALTER TABLE accounts ADD COLUMN banner TEXT;
