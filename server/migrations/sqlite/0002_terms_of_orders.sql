-- What orders say beyond side, price and quantity.

-- Of a limit order that may rest: when it expires, in microseconds since the Unix epoch, and what it
-- shows at most. Both hold 64 bits, as quantities do.
ALTER TABLE orders ADD COLUMN expires INTEGER;
ALTER TABLE orders ADD COLUMN display INTEGER;
-- What has to trade at once for anything to trade.
ALTER TABLE orders ADD COLUMN minimum INTEGER;
-- Of a market order: what it may spend, in tick-lots. Its price is the worst one it takes.
ALTER TABLE orders ADD COLUMN budget TEXT;
-- What it says about orders of its own account; nothing where the instrument says it.
ALTER TABLE orders ADD COLUMN self_trade TEXT;
