-- What fees are paid in. A fee is negative where it was paid to the trader: NUMERIC(39) holds that.
--
-- Nothing where the fee is in the asset that its payer received: base for the buyer, quote for the
-- seller. So were all fees before, and which assets those are, the log knows and not this database.
ALTER TABLE trades ADD COLUMN maker_fee_asset BIGINT;
ALTER TABLE trades ADD COLUMN taker_fee_asset BIGINT;
