-- Who sent a file; of earlier ones nobody wrote it down. How long a sound or video lasts, and
-- whether a picture moves, of files that are sent before their message.
ALTER TABLE attachments ADD COLUMN user_id ID;
CREATE INDEX attachments_user ON attachments (user_id, size);

ALTER TABLE uploads ADD COLUMN duration_ms ID;
ALTER TABLE uploads ADD COLUMN animated INTEGER NOT NULL DEFAULT 0;

-- Pictures that a guild's messages may have. format_type is Discord's: 1 PNG, 2 APNG, 4 GIF. Who
-- made it may be gone since.
CREATE TABLE stickers (
    id ID PRIMARY KEY,
    guild_id ID NOT NULL REFERENCES guilds (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    name TEXT NOT NULL,
    description TEXT,
    tags TEXT NOT NULL,
    format_type INTEGER NOT NULL,
    user_id ID,
    available INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE INDEX stickers_guild ON stickers (guild_id);

ALTER TABLE assets
    ADD COLUMN sticker_id ID REFERENCES stickers (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;
CREATE INDEX assets_sticker ON assets (sticker_id);
