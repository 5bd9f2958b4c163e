-- Mentions by age, for what trims them.
CREATE INDEX mentions_message ON mentions (message_id);
