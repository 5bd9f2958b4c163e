-- The hash of a group DM's picture; the picture itself is a row of assets.
ALTER TABLE channels ADD COLUMN icon TEXT;
