-- The history of orders, trades and candles, folded from the command log.
--
-- Prices are ticks, quantities lots, amounts smallest units of an asset, times microseconds since
-- the Unix epoch. What has 128 bits is decimal text: SQLite counts in 64 bits, and beyond that in
-- floats. It is only added up in the program, never in SQL.

-- One row: which log the history is folded from, and up to which input.
CREATE TABLE history_cursor (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    log  TEXT,
    seq  INTEGER NOT NULL,
    time INTEGER NOT NULL
) STRICT;
INSERT INTO history_cursor (id, seq, time) VALUES (1, 0, 0);

-- The columns with a quantity hold its 64 bits: beyond 2^63 lots they look negative.
CREATE TABLE trades (
    instrument     INTEGER NOT NULL,
    id             INTEGER NOT NULL,
    time           INTEGER NOT NULL,
    price          INTEGER NOT NULL,
    quantity       INTEGER NOT NULL,
    taker_side     TEXT    NOT NULL,
    maker_order_id INTEGER NOT NULL,
    maker_account  INTEGER NOT NULL,
    taker_order_id INTEGER NOT NULL,
    taker_account  INTEGER NOT NULL,
    quote_amount   TEXT    NOT NULL,
    maker_fee      TEXT    NOT NULL,
    taker_fee      TEXT    NOT NULL,
    PRIMARY KEY (instrument, id)
) STRICT, WITHOUT ROWID;
-- With the time, so that a query for a day does not look at every trade before it.
CREATE INDEX trades_of_maker ON trades (maker_account, instrument, id, time);
CREATE INDEX trades_of_taker ON trades (taker_account, instrument, id, time);
CREATE INDEX trades_of_maker_order ON trades (maker_account, instrument, maker_order_id, id);
CREATE INDEX trades_of_taker_order ON trades (taker_account, instrument, taker_order_id, id);

CREATE TABLE candles (
    instrument             INTEGER NOT NULL,
    interval               TEXT    NOT NULL,
    open_time              INTEGER NOT NULL,
    open                   INTEGER NOT NULL,
    high                   INTEGER NOT NULL,
    low                    INTEGER NOT NULL,
    close                  INTEGER NOT NULL,
    volume                 TEXT    NOT NULL,
    quote_volume           TEXT    NOT NULL,
    taker_buy_volume       TEXT    NOT NULL,
    taker_buy_quote_volume TEXT    NOT NULL,
    trade_count            INTEGER NOT NULL,
    first_trade_id         INTEGER NOT NULL,
    last_trade_id          INTEGER NOT NULL,
    PRIMARY KEY (instrument, interval, open_time)
) STRICT, WITHOUT ROWID;

CREATE TABLE orders (
    id              INTEGER PRIMARY KEY,
    account         INTEGER NOT NULL,
    instrument      INTEGER NOT NULL,
    client_order_id TEXT,
    side            TEXT    NOT NULL,
    kind            TEXT    NOT NULL,
    price           INTEGER,
    time_in_force   TEXT,
    quantity        INTEGER NOT NULL,
    executed        INTEGER NOT NULL,
    quote_amount    TEXT    NOT NULL,
    status          TEXT    NOT NULL,
    time            INTEGER NOT NULL,
    update_time     INTEGER NOT NULL
) STRICT;
CREATE INDEX orders_of_account ON orders (account, instrument, id, time);
CREATE INDEX orders_by_name ON orders (account, client_order_id, id)
    WHERE client_order_id IS NOT NULL;
