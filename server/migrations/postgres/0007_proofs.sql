-- What a session was opened with, kinds and bounds of API keys, keys to listen with, second factors,
-- and a trail of it all. Times are milliseconds since the Unix epoch.

ALTER TABLE sessions
    ADD COLUMN address    TEXT NOT NULL DEFAULT '',
    ADD COLUMN user_agent TEXT NOT NULL DEFAULT '';

ALTER TABLE api_keys
    -- HMAC, where a secret is sealed, or ED25519, where it is the public key.
    ADD COLUMN kind      TEXT NOT NULL DEFAULT 'HMAC',
    -- What may be done with it, and from which networks, separated by commas; no network is any.
    ADD COLUMN scopes    TEXT NOT NULL DEFAULT 'read,trade',
    ADD COLUMN addresses TEXT NOT NULL DEFAULT '',
    ADD COLUMN last_used BIGINT;

-- One for each API key; ends with it.
CREATE TABLE listen_keys (
    api_key  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    account  BIGINT NOT NULL,
    -- SHA-256: found by it. Sealed as well, because it is told again.
    key_hash BYTEA  NOT NULL UNIQUE,
    sealed   BYTEA  NOT NULL,
    expires  BIGINT NOT NULL,
    FOREIGN KEY (api_key, account) REFERENCES api_keys (api_key, account) ON DELETE CASCADE
);

CREATE TABLE second_factors (
    account   BIGINT  NOT NULL PRIMARY KEY REFERENCES users (account),
    -- Sealed with the master key.
    secret    BYTEA   NOT NULL,
    -- Whether a code has shown that its owner has it; asked for from then on.
    confirmed BOOLEAN NOT NULL DEFAULT false,
    -- Of the last code that was taken: none is good twice.
    last_step BIGINT  NOT NULL DEFAULT 0
);

CREATE TABLE recovery_codes (
    account   BIGINT NOT NULL REFERENCES second_factors (account) ON DELETE CASCADE,
    -- SHA-256 of the code; the code is random.
    code_hash BYTEA  NOT NULL,
    PRIMARY KEY (account, code_hash)
);

-- Account 0, which has no user, stands for the exchange itself.
CREATE TABLE audit (
    id         BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account    BIGINT NOT NULL,
    time       BIGINT NOT NULL,
    event      TEXT   NOT NULL,
    -- The name of the API key or the id of the session, where there is one.
    subject    TEXT   NOT NULL,
    address    TEXT   NOT NULL,
    user_agent TEXT   NOT NULL
);
CREATE INDEX audit_of_account ON audit (account, id);

CREATE FUNCTION keep_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail only grows';
END
$$;
CREATE TRIGGER audit_is_kept BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION keep_audit();
