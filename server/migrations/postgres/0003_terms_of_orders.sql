-- What orders say beyond side, price and quantity.

-- Of a limit order that may rest: when it expires, in microseconds since the Unix epoch and as late as
-- 64 bits go, which is later than a timestamp does; and what it shows at most.
ALTER TABLE orders ADD COLUMN expires NUMERIC(20);
ALTER TABLE orders ADD COLUMN display NUMERIC(20);
-- What has to trade at once for anything to trade.
ALTER TABLE orders ADD COLUMN minimum NUMERIC(20);
-- Of a market order: what it may spend, in tick-lots. Its price is the worst one it takes.
ALTER TABLE orders ADD COLUMN budget NUMERIC(39);
-- What it says about orders of its own account; nothing where the instrument says it.
ALTER TABLE orders ADD COLUMN self_trade TEXT COLLATE "C";
