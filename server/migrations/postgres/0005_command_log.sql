-- The command log. What a frame is, and how a log is found to be whole, is as in a file.

-- One row for each group commit.
CREATE TABLE frames (
    log       BIGINT NOT NULL,
    number    BIGINT NOT NULL,
    epoch     BIGINT NOT NULL,
    first_seq BIGINT NOT NULL,
    last_seq  BIGINT NOT NULL,
    -- Checksums are unsigned numbers of 32 bits.
    prev_crc  BIGINT NOT NULL,
    crc       BIGINT NOT NULL,
    payload   BYTEA  NOT NULL,
    PRIMARY KEY (log, number)
);

-- Whoever appends waits for it: there is no time to compress.
ALTER TABLE frames ALTER COLUMN payload SET STORAGE EXTERNAL;

-- The epoch under which frames may be appended, and which start of which process has taken the log
-- under it. Whoever appends holds a share of the row; whoever takes the log changes it, and so waits
-- for an append in flight and lets none happen after it.
CREATE TABLE logs (
    log    BIGINT PRIMARY KEY,
    epoch  BIGINT NOT NULL,
    writer TEXT   NOT NULL
);

-- Until when nobody else tries to take the log. A table of its own: it changes every second, and no
-- append waits for that.
CREATE TABLE log_leases (
    log     BIGINT      PRIMARY KEY,
    holder  TEXT        NOT NULL,
    -- By the clock of the server.
    expires TIMESTAMPTZ NOT NULL
);
