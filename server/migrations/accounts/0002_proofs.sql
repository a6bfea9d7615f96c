-- What a session was opened with, kinds and bounds of API keys, keys to listen with, second factors,
-- and a trail of it all.

ALTER TABLE sessions ADD COLUMN address    TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN user_agent TEXT NOT NULL DEFAULT '';

-- HMAC, where a secret is sealed, or ED25519, where it is the public key.
ALTER TABLE api_keys ADD COLUMN kind      TEXT NOT NULL DEFAULT 'HMAC';
-- What may be done with it, and from which networks, separated by commas; no network is any.
ALTER TABLE api_keys ADD COLUMN scopes    TEXT NOT NULL DEFAULT 'read,trade';
ALTER TABLE api_keys ADD COLUMN addresses TEXT NOT NULL DEFAULT '';
ALTER TABLE api_keys ADD COLUMN last_used INTEGER;

-- One for each API key; ends with it.
CREATE TABLE listen_keys (
    api_key  TEXT NOT NULL PRIMARY KEY REFERENCES api_keys (api_key) ON DELETE CASCADE,
    account  INTEGER NOT NULL,
    -- SHA-256: found by it. Sealed as well, because it is told again.
    key_hash BLOB NOT NULL UNIQUE,
    sealed   BLOB NOT NULL,
    expires  INTEGER NOT NULL
) STRICT;

CREATE TABLE second_factors (
    account   INTEGER PRIMARY KEY REFERENCES users (account),
    -- Sealed with the master key.
    secret    BLOB NOT NULL,
    -- Whether a code has shown that its owner has it; asked for from then on.
    confirmed INTEGER NOT NULL DEFAULT 0,
    -- Of the last code that was taken: none is good twice.
    last_step INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE recovery_codes (
    account   INTEGER NOT NULL REFERENCES second_factors (account) ON DELETE CASCADE,
    -- SHA-256 of the code; the code is random.
    code_hash BLOB NOT NULL,
    PRIMARY KEY (account, code_hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    id         INTEGER PRIMARY KEY,
    account    INTEGER NOT NULL,
    time       INTEGER NOT NULL,
    event      TEXT NOT NULL,
    -- The name of the API key or the id of the session, where there is one.
    subject    TEXT NOT NULL,
    address    TEXT NOT NULL,
    user_agent TEXT NOT NULL
) STRICT;
CREATE INDEX audit_of_account ON audit (account, id);

CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit trail only grows'); END;
CREATE TRIGGER audit_is_not_cut BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit trail only grows'); END;
