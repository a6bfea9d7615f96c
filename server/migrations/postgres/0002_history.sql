-- The history of orders, trades and candles, folded from the command log.
--
-- Prices are ticks, quantities lots, amounts smallest units of an asset. Quantities may use all of
-- 64 bits without a sign, amounts and volumes of 128: NUMERIC holds both exactly. Times are those
-- of the commands, so that they are the same whenever the log is folded again.

-- One row: which log the history is folded from, and up to which input. Whoever writes rows first
-- moves seq on from where it expects it, and so holds back everybody else who writes.
CREATE TABLE history_cursor (
    id         SMALLINT    PRIMARY KEY CHECK (id = 1),
    log        TEXT,
    seq        BIGINT      NOT NULL,
    time       TIMESTAMPTZ NOT NULL,
    -- Where the last day ends that hypertables have chunks for.
    room_until TIMESTAMPTZ NOT NULL DEFAULT 'epoch'
);
INSERT INTO history_cursor (id, seq, time) VALUES (1, 0, 'epoch');

CREATE TABLE trades (
    instrument     BIGINT      NOT NULL,
    id             BIGINT      NOT NULL,
    time           TIMESTAMPTZ NOT NULL,
    price          BIGINT      NOT NULL,
    quantity       NUMERIC(20) NOT NULL,
    taker_side     TEXT COLLATE "C" NOT NULL,
    maker_order_id BIGINT      NOT NULL,
    maker_account  BIGINT      NOT NULL,
    taker_order_id BIGINT      NOT NULL,
    taker_account  BIGINT      NOT NULL,
    quote_amount   NUMERIC(39) NOT NULL,
    maker_fee      NUMERIC(39) NOT NULL,
    taker_fee      NUMERIC(39) NOT NULL
);

CREATE TABLE candles (
    instrument             BIGINT      NOT NULL,
    interval               TEXT COLLATE "C" NOT NULL,
    open_time              TIMESTAMPTZ NOT NULL,
    open                   BIGINT      NOT NULL,
    high                   BIGINT      NOT NULL,
    low                    BIGINT      NOT NULL,
    close                  BIGINT      NOT NULL,
    volume                 NUMERIC(39) NOT NULL,
    quote_volume           NUMERIC(39) NOT NULL,
    taker_buy_volume       NUMERIC(39) NOT NULL,
    taker_buy_quote_volume NUMERIC(39) NOT NULL,
    trade_count            BIGINT      NOT NULL,
    first_trade_id         BIGINT      NOT NULL,
    last_trade_id          BIGINT      NOT NULL
);

-- Both are cut by time: into the chunks of hypertables where TimescaleDB can be used, into plain
-- partitions otherwise. Nothing of it is needed that is not under the Apache licence.
DO $$
DECLARE
    hypertables BOOLEAN := FALSE;
BEGIN
    IF coalesce(current_setting('exchange.storage', TRUE), '') <> 'partitions'
        AND EXISTS (SELECT FROM pg_available_extensions WHERE name = 'timescaledb')
        -- Set by the part of it that is loaded with the server. Without that part, to create the
        -- extension would end the session. Who may not see shared_preload_libraries sees this.
        AND current_setting('timescaledb.disable_load', TRUE) IS NOT NULL
    THEN
        BEGIN
            CREATE EXTENSION IF NOT EXISTS timescaledb;
            PERFORM create_hypertable('trades', 'time',
                chunk_time_interval => INTERVAL '1 day', create_default_indexes => FALSE);
            PERFORM create_hypertable('candles', 'open_time',
                chunk_time_interval => INTERVAL '30 days', create_default_indexes => FALSE);
            hypertables := TRUE;
        EXCEPTION WHEN OTHERS THEN
            RAISE WARNING 'TimescaleDB is there but cannot be used: %', SQLERRM;
        END;
    END IF;
    IF NOT hypertables THEN
        ALTER TABLE trades RENAME TO trades_shape;
        CREATE TABLE trades (LIKE trades_shape) PARTITION BY RANGE (time);
        DROP TABLE trades_shape;
        ALTER TABLE candles RENAME TO candles_shape;
        CREATE TABLE candles (LIKE candles_shape) PARTITION BY RANGE (open_time);
        DROP TABLE candles_shape;
    END IF;
END
$$;

-- The time is in it because the partitions are by time; a trade has but one.
ALTER TABLE trades ADD PRIMARY KEY (instrument, id, time);
CREATE INDEX trades_of_maker ON trades (maker_account, instrument, id);
CREATE INDEX trades_of_taker ON trades (taker_account, instrument, id);
CREATE INDEX trades_of_maker_order ON trades (maker_account, instrument, maker_order_id, id);
CREATE INDEX trades_of_taker_order ON trades (taker_account, instrument, taker_order_id, id);

ALTER TABLE candles ADD PRIMARY KEY (instrument, interval, open_time);

CREATE TABLE orders (
    id              BIGINT      NOT NULL,
    account         BIGINT      NOT NULL,
    instrument      BIGINT      NOT NULL,
    client_order_id TEXT COLLATE "C",
    side            TEXT COLLATE "C" NOT NULL,
    kind            TEXT COLLATE "C" NOT NULL,
    price           BIGINT,
    time_in_force   TEXT COLLATE "C",
    quantity        NUMERIC(20) NOT NULL,
    executed        NUMERIC(20) NOT NULL,
    quote_amount    NUMERIC(39) NOT NULL,
    status          TEXT COLLATE "C" NOT NULL,
    time            TIMESTAMPTZ NOT NULL,
    update_time     TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (instrument, id)
) PARTITION BY LIST (instrument);
-- With the time, so that a query for a day does not look at every order before it.
CREATE INDEX orders_of_account ON orders (account, instrument, id, time);
CREATE INDEX orders_by_name ON orders (account, client_order_id, id)
    WHERE client_order_id IS NOT NULL;

-- Adds a partition where there is none yet.
CREATE FUNCTION history_add_partition(parent TEXT, name TEXT, bounds TEXT) RETURNS VOID
LANGUAGE plpgsql AS $$
BEGIN
    IF to_regclass(quote_ident(name)) IS NULL THEN
        EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES %s', name, parent, bounds);
    END IF;
END
$$;

-- Makes room for what traded in candles with these open times, and for orders of these instruments.
-- Only for whoever has moved the cursor: two at a time would add the same partition. Days and months
-- are those of UTC.
--
-- Where a partition or a chunk is added, readers wait until it is committed. For a moment they would
-- see the cursor already, and not yet that the table has another part: they would miss its rows.
CREATE FUNCTION history_make_room(open_times TIMESTAMPTZ[], instruments BIGINT[]) RETURNS VOID
LANGUAGE plpgsql SET timezone = 'UTC' AS $$
DECLARE
    newest TIMESTAMPTZ;
    start TIMESTAMPTZ;
    listed BIGINT;
BEGIN
    IF (SELECT relkind = 'p' FROM pg_class WHERE oid = 'trades'::regclass) THEN
        -- A candle opens on the day of its trades.
        FOR start IN SELECT DISTINCT date_trunc('day', at) FROM unnest(open_times) AS at LOOP
            PERFORM history_add_partition('trades', to_char(start, '"trades_"YYYY_MM_DD'),
                format('FROM (%L) TO (%L)', start, start + INTERVAL '1 day'));
        END LOOP;
        FOR start IN SELECT DISTINCT date_trunc('month', at) FROM unnest(open_times) AS at LOOP
            PERFORM history_add_partition('candles', to_char(start, '"candles_"YYYY_MM'),
                format('FROM (%L) TO (%L)', start, start + INTERVAL '1 month'));
        END LOOP;
    ELSE
        -- Hypertables add their chunks themselves, but hold no reader back. Trades come in the
        -- order of their times, and chunks begin at midnight.
        newest := (SELECT date_trunc('day', max(at)) FROM unnest(open_times) AS at);
        IF newest >= (SELECT room_until FROM history_cursor) THEN
            UPDATE history_cursor SET room_until = newest + INTERVAL '1 day';
            LOCK TABLE ONLY trades, ONLY candles IN ACCESS EXCLUSIVE MODE;
        END IF;
    END IF;
    FOREACH listed IN ARRAY instruments LOOP
        PERFORM history_add_partition('orders', 'orders_' || listed, format('IN (%s)', listed));
    END LOOP;
END
$$;
