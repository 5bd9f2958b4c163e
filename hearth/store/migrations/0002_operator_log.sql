-- What operators looked at. Whoever or whatever it was may be gone since.
CREATE TABLE operator_log (
    id ID PRIMARY KEY,
    at_ms ID NOT NULL,
    uid ID NOT NULL,
    action TEXT NOT NULL,
    target_id ID NOT NULL
) STRICT;
