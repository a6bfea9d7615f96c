-- Users, and what they prove themselves with. Times are milliseconds since the Unix epoch.
--
-- Users and their API keys are spread over eight partitions by account, names by the name. Each
-- partition is a table of its own and may be moved to a server of its own.

-- An id is never used again. The first is 1: 0 is the fee account of the engine. What is lost is
-- lost: a registration that fails may leave a gap.
CREATE SEQUENCE accounts AS BIGINT START 1;

CREATE TABLE users (
    account       BIGINT NOT NULL DEFAULT nextval('accounts') PRIMARY KEY,
    -- As registered; which names are taken, in any case, is told by usernames.
    username      TEXT   NOT NULL,
    password_hash TEXT   NOT NULL,
    created       BIGINT NOT NULL
) PARTITION BY HASH (account);

ALTER SEQUENCE accounts OWNED BY users.account;

-- Names are unique over all partitions of users, which no index on users can promise.
CREATE TABLE usernames (
    -- Lower case. A username is ASCII, so C compares and folds all there is.
    folded  TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (folded = lower(folded)),
    account BIGINT NOT NULL REFERENCES users (account)
) PARTITION BY HASH (folded);

CREATE TABLE sessions (
    -- SHA-256 of the token.
    token_hash BYTEA  NOT NULL PRIMARY KEY,
    -- Tells the age of sessions of an account, even when a clock is set back.
    id         BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY,
    account    BIGINT NOT NULL REFERENCES users (account),
    created    BIGINT NOT NULL,
    last_used  BIGINT NOT NULL
);
CREATE INDEX sessions_of_account ON sessions (account, id);
CREATE INDEX sessions_by_age ON sessions (created);

CREATE SEQUENCE api_key_ids AS BIGINT;

CREATE TABLE api_keys (
    -- Tells the order in which keys were made.
    id      BIGINT NOT NULL DEFAULT nextval('api_key_ids'),
    account BIGINT NOT NULL REFERENCES users (account),
    api_key TEXT COLLATE "C" NOT NULL,
    label   TEXT   NOT NULL,
    -- Sealed with the master key.
    secret  BYTEA  NOT NULL,
    created BIGINT NOT NULL,
    PRIMARY KEY (account, id),
    -- The account is there because the partitions are by account; a name is random and long
    -- enough to be unique by itself. Whoever has only the name finds it by this index as well.
    UNIQUE (api_key, account)
) PARTITION BY HASH (account);

ALTER SEQUENCE api_key_ids OWNED BY api_keys.id;

-- Which API keys were revoked, in the order in which that became visible: processes that keep keys
-- in memory follow it. Stays, as a trail; revoking is rare.
CREATE TABLE revoked_api_keys (
    id      BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    api_key TEXT COLLATE "C" NOT NULL,
    account BIGINT NOT NULL,
    -- By the clock of the server: for whoever reads the trail.
    revoked TIMESTAMPTZ NOT NULL DEFAULT now()
);

-- By trigger, so that a key deleted by hand is revoked everywhere as well.
CREATE FUNCTION note_revoked_api_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Held to the end of the transaction: who draws the next id does so after this one is visible.
    -- The number is arbitrary.
    PERFORM pg_advisory_xact_lock(6359438103865720834);
    INSERT INTO revoked_api_keys (api_key, account) VALUES (OLD.api_key, OLD.account);
    RETURN NULL;
END
$$;
CREATE TRIGGER api_key_revoked AFTER DELETE ON api_keys
    FOR EACH ROW EXECUTE FUNCTION note_revoked_api_key();

-- A known text sealed with the master key: tells the right key from a wrong one.
CREATE TABLE master_key_check (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    sealed BYTEA NOT NULL
);

DO $$
BEGIN
    FOR part IN 0..7 LOOP
        EXECUTE format('CREATE TABLE users_%s PARTITION OF users
                        FOR VALUES WITH (MODULUS 8, REMAINDER %s)', part, part);
        EXECUTE format('CREATE TABLE usernames_%s PARTITION OF usernames
                        FOR VALUES WITH (MODULUS 8, REMAINDER %s)', part, part);
        EXECUTE format('CREATE TABLE api_keys_%s PARTITION OF api_keys
                        FOR VALUES WITH (MODULUS 8, REMAINDER %s)', part, part);
    END LOOP;
END
$$;
