-- Users, and what they prove themselves with. Times are milliseconds since the Unix epoch.

CREATE TABLE users (
    -- AUTOINCREMENT: an id is never used again. The first is 1.
    account       INTEGER PRIMARY KEY AUTOINCREMENT,
    -- NOCASE folds ASCII, which is all a username has.
    username      TEXT NOT NULL UNIQUE COLLATE NOCASE,
    password_hash TEXT NOT NULL,
    created       INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
    id         INTEGER PRIMARY KEY,
    token_hash BLOB NOT NULL UNIQUE,
    account    INTEGER NOT NULL REFERENCES users (account),
    created    INTEGER NOT NULL,
    last_used  INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_of_account ON sessions (account, id);
CREATE INDEX sessions_by_age ON sessions (created);

CREATE TABLE api_keys (
    id      INTEGER PRIMARY KEY,
    api_key TEXT NOT NULL UNIQUE,
    account INTEGER NOT NULL REFERENCES users (account),
    label   TEXT NOT NULL,
    secret  BLOB NOT NULL,
    created INTEGER NOT NULL
) STRICT;
CREATE INDEX api_keys_of_account ON api_keys (account, id);

-- A known text sealed with the master key: tells the right key from a wrong one.
CREATE TABLE master_key_check (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    sealed BLOB NOT NULL
) STRICT;
