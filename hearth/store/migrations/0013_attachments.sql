-- Files of messages, for who has their address. What is shown of one is in its message's record;
-- message_id is set when the journal was followed up to it.
CREATE TABLE attachments (
    id ID PRIMARY KEY,
    channel_id ID NOT NULL
        REFERENCES channels (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    blob BYTES NOT NULL,
    size ID NOT NULL,
    filename TEXT NOT NULL,
    content_type TEXT,
    message_id ID
) STRICT;

CREATE INDEX attachments_blob ON attachments (blob);
CREATE INDEX attachments_channel ON attachments (channel_id);
CREATE INDEX attachments_message ON attachments (message_id, id);

-- Files that are sent before their message, for a day at most.
CREATE TABLE uploads (
    name TEXT PRIMARY KEY NOT NULL,
    channel_id ID NOT NULL
        REFERENCES channels (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    user_id ID NOT NULL REFERENCES users (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    created_at_ms ID NOT NULL,
    filename TEXT NOT NULL,
    size ID NOT NULL,
    blob BYTES,
    content_type TEXT,
    width INTEGER,
    height INTEGER,
    placeholder TEXT
) STRICT;

CREATE INDEX uploads_blob ON uploads (blob);
CREATE INDEX uploads_channel ON uploads (channel_id);
CREATE INDEX uploads_user ON uploads (user_id);
CREATE INDEX uploads_created ON uploads (created_at_ms);
