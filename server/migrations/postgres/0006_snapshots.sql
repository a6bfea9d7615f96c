-- Snapshots of what the command log has led to, each in parts: what a start begins with.
CREATE TABLE snapshots (
    log   BIGINT  NOT NULL,
    -- The last frame and the last input that are in it.
    frame BIGINT  NOT NULL,
    seq   BIGINT  NOT NULL,
    part  INTEGER NOT NULL,
    bytes BYTEA   NOT NULL,
    PRIMARY KEY (log, frame, seq, part)
);

-- Amounts and ids are compact already.
ALTER TABLE snapshots ALTER COLUMN bytes SET STORAGE EXTERNAL;
