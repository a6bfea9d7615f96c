//! Where the money of an exchange is: `cargo run -p examples --example money`.
//!
//! Mia makes the market and is paid for it, Ann and Bob trade with her. Then it is proven that what
//! the exchange owes is what it was given, and told what everybody owns and has earned. Nothing reads
//! a clock: the output is the same each time.

// An example shows its results where one looks for them.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::fmt::Write;

use accounts_core::{
    AssetId, CostMethod, FeeRate, FeeSchedule, Fees, InstrumentId, MarkSource, PositionEvent,
    Positions,
};
use examples::decimal;
use exchange_engine::{Command, Event, Exchange, FEE_ACCOUNT, Input, Listing};
use orderbook_core::{
    AccountId, Instrument, OrderKind, Price, Quantity, Side, Step, TimeInForce, Timestamp, Trade,
};
use rust_decimal::Decimal;

const BTC: AssetId = AssetId::new(0);
const ETH: AssetId = AssetId::new(1);
const USDT: AssetId = AssetId::new(2);
/// A unit of every asset is 0.00000001 of it.
const DECIMALS: u8 = 8;

const BTCUSDT: InstrumentId = InstrumentId::new(0);
const ETHBTC: InstrumentId = InstrumentId::new(1);

const MIA: AccountId = AccountId::new(1);
const ANN: AccountId = AccountId::new(2);
const BOB: AccountId = AccountId::new(3);

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    print!("{}", report()?);
    Ok(())
}

/// An exchange, and the fold that follows what everybody has earned.
struct Venue {
    exchange: Exchange,
    positions: Positions,
    /// What has been said so far.
    text: String,
}

/// All that the example prints.
pub(crate) fn report() -> Result<String> {
    let mut venue = Venue {
        exchange: Exchange::new(),
        positions: Positions::new(CostMethod::AverageCost),
        text: String::new(),
    };
    venue.open()?;
    venue.trade()?;
    venue.prove()?;
    for account in [MIA, ANN, BOB] {
        venue.value(account)?;
    }
    Ok(venue.text)
}

impl Venue {
    /// Two pairs, three traders and their money.
    fn open(&mut self) -> Result<()> {
        for asset in [BTC, ETH, USDT] {
            self.apply(Command::AddAsset {
                asset,
                code: code(asset).into(),
                decimals: DECIMALS,
            })?;
        }
        // Takers pay 0.1 % of what they receive, and a tenth of that goes to the maker.
        let fees = FeeSchedule::flat(FeeRate::new(-100)?, FeeRate::new(1_000)?)?;
        let btcusdt = Instrument::new("BTCUSDT", Step::new(1, 2)?, Step::new(1, 5)?)?;
        let ethbtc = Instrument::new("ETHBTC", Step::new(1, 5)?, Step::new(1, 3)?)?;
        for (id, instrument, base, quote) in
            [(BTCUSDT, btcusdt, BTC, USDT), (ETHBTC, ethbtc, ETH, BTC)]
        {
            let instrument = instrument
                .with_price_limits(Price::new(1), Price::new(100_000_000))?
                .with_quantity_limits(Quantity::new(1), Quantity::new(100_000_000))?;
            self.apply(Command::ListInstrument(Listing {
                id,
                instrument,
                base,
                quote,
                fees: fees.clone(),
            }))?;
        }
        // Before there are trades somebody has to say what a deposit is worth.
        self.mark(BTCUSDT, Some("60000.00"))?;
        self.mark(ETHBTC, Some("0.05000"))?;
        for account in [MIA, ANN, BOB] {
            self.apply(Command::OpenAccount { account })?;
        }
        for (account, asset, amount) in [
            (MIA, BTC, "3"),
            (MIA, ETH, "20"),
            (MIA, USDT, "150000"),
            (ANN, USDT, "100000"),
            (BOB, BTC, "2"),
        ] {
            let mut units: Decimal = amount.parse()?;
            units.rescale(DECIMALS.into());
            self.apply(Command::Deposit {
                account,
                asset,
                amount: u128::try_from(units.mantissa())?.into(),
            })?;
        }
        // From here on the market tells.
        self.mark(BTCUSDT, None)?;
        self.mark(ETHBTC, None)
    }

    fn trade(&mut self) -> Result<()> {
        writeln!(self.text, "Trades")?;
        let (buy, sell) = (Side::Buy, Side::Sell);
        self.place(MIA, BTCUSDT, buy, "1", Some("59990.00"))?;
        self.place(MIA, BTCUSDT, sell, "1.5", Some("60010.00"))?;
        self.place(MIA, BTCUSDT, sell, "0.5", Some("61000.00"))?;
        self.place(MIA, ETHBTC, sell, "10", Some("0.05000"))?;

        self.place(ANN, BTCUSDT, buy, "1.2", None)?;
        self.place(BOB, BTCUSDT, sell, "0.5", None)?;
        self.place(ANN, ETHBTC, buy, "4", None)?;
        // He takes what is left at 60,010 and goes on at 61,000.
        self.place(BOB, BTCUSDT, buy, "0.4", Some("61000.00"))?;
        // This one waits, and what it may cost is held for it.
        self.place(ANN, BTCUSDT, buy, "0.1", Some("59000.00"))
    }

    /// What is owed, to customers and as fees, is what came from outside and has not gone back.
    fn prove(&mut self) -> Result<()> {
        let proof = self.exchange.proof();
        writeln!(self.text, "\nProof of liabilities")?;
        let (owed, fees, given) = ("owed to customers", "fees", "deposits - withdrawals");
        writeln!(self.text, "{:<4} {owed:>18} + {fees:>12} = {given:>22}", "")?;
        for asset in proof.assets() {
            let owed = asset.liabilities().ok_or("too much to count")?;
            let verdict = if asset.adds_up() { "" } else { " IS WRONG" };
            writeln!(
                self.text,
                "{:<4} {:>18} + {:>12} = {:>22}{verdict}",
                code(asset.asset),
                units(owed.get().try_into()?),
                units(asset.fees.get().try_into()?),
                units(asset.external.get().try_into()?),
            )?;
        }
        let verdict = if proof.adds_up() {
            "adds up"
        } else {
            "DOES NOT ADD UP"
        };
        writeln!(self.text, "Everything {verdict}.")?;
        Ok(())
    }

    /// What somebody owns, and has earned.
    fn value(&mut self, account: AccountId) -> Result<()> {
        let portfolio = self.exchange.portfolio(account, USDT);
        let portfolio = portfolio.ok_or("nobody has this account")?;
        let total = units(portfolio.total.get().try_into()?);
        writeln!(self.text, "\n{} owns {total} USDT", name(account))?;
        for item in &portfolio.items {
            let owned = item.balance.total().ok_or("too much to count")?;
            let held = match item.balance.held {
                held if held.is_zero() => String::new(),
                held => format!(", {} of it held", units(held.get().try_into()?)),
            };
            let valuation = item.valuation?;
            let mut by = String::new();
            for hop in valuation.path.hops() {
                let pair = hop.pair.instrument;
                let market = self.exchange.market(pair).ok_or("not listed")?;
                let source = match hop.pair.source {
                    MarkSource::LastTrade => "last trade",
                    _ => "middle of the market",
                };
                write!(by, ", {source} of {}", market.book().instrument().symbol())?;
            }
            writeln!(
                self.text,
                "  {:<4} {:>18} = {:>18} USDT{by}{held}",
                code(item.asset),
                units(owned.get().try_into()?),
                units(valuation.value.get().try_into()?),
            )?;
        }
        for (instrument, position) in self.positions.of(account) {
            let market = self.exchange.market(instrument).ok_or("not listed")?;
            let (base, quote) = (code(market.base()), code(market.quote()));
            let mark = self.positions.mark(instrument).ok_or("no price")?;
            let unrealised = position.unrealised(mark).ok_or("too much to count")?;
            writeln!(
                self.text,
                "  {} {} {base}, realised {} {quote} after {} of fees, unrealised {} {quote}",
                market.book().instrument().symbol(),
                units(position.quantity().get()),
                units(position.realised(Fees::Included).get()),
                units(position.fees().get()),
                units(unrealised.get()),
            )?;
        }
        Ok(())
    }

    /// Says what transfers are worth from now on: as much as at that price, or at the last trade.
    fn mark(&mut self, instrument: InstrumentId, price: Option<&str>) -> Result<()> {
        let market = self.exchange.market(instrument).ok_or("not listed")?;
        let mark = match price {
            Some(price) => {
                let price = market
                    .book()
                    .instrument()
                    .price_from_decimal(price.parse()?)?;
                Some(market.mark_of(price).ok_or("no price")?)
            }
            None => None,
        };
        let marked = PositionEvent::Marked { instrument, mark };
        Ok(self.positions.apply(&marked)?)
    }

    /// A limit order, or without a price a market order.
    fn place(
        &mut self,
        account: AccountId,
        instrument: InstrumentId,
        side: Side,
        quantity: &str,
        price: Option<&str>,
    ) -> Result<()> {
        let market = self.exchange.market(instrument).ok_or("not listed")?;
        let grid = market.book().instrument();
        let kind = match price {
            Some(price) => OrderKind::Limit {
                price: grid.price_from_decimal(price.parse()?)?,
                time_in_force: TimeInForce::GTC,
            },
            None => OrderKind::MARKET,
        };
        self.apply(Command::Place {
            account,
            instrument,
            client_order_id: None,
            side,
            quantity: grid.quantity_from_decimal(quantity.parse()?)?,
            kind,
            self_trade: None,
        })
    }

    fn apply(&mut self, command: Command) -> Result<()> {
        let time = Timestamp::from_millis(1_700_000_000_000);
        let mut events = Vec::new();
        self.exchange.apply(&Input { time, command }, &mut events)?;
        for event in &events {
            if let Some(event) = event.of_positions() {
                self.positions.apply(&event)?;
            }
            self.tell(event)?;
        }
        Ok(())
    }

    /// One line for each trade.
    fn tell(&mut self, event: &Event) -> Result<()> {
        let &Event::Traded {
            instrument,
            trade:
                Trade {
                    maker_account,
                    taker_account,
                    taker_side,
                    price,
                    ..
                },
            base_amount,
            maker_fee,
            taker_fee,
            ..
        } = event
        else {
            return Ok(());
        };
        let market = self.exchange.market(instrument).ok_or("not listed")?;
        let grid = market.book().instrument();
        let does = match taker_side {
            Side::Buy => "buys",
            Side::Sell => "sells",
        };
        writeln!(
            self.text,
            "{} {does} {} {} for {} {} each, fee {} {}, {} is paid {} of it",
            name(taker_account),
            units(base_amount.get().try_into()?),
            code(market.base()),
            grid.price_to_decimal(price).ok_or("no price")?,
            code(market.quote()),
            units(taker_fee.amount.get()),
            code(taker_fee.asset),
            name(maker_account),
            units((-maker_fee.amount).get()),
        )?;
        Ok(())
    }
}

fn code(asset: AssetId) -> &'static str {
    match asset {
        BTC => "BTC",
        ETH => "ETH",
        USDT => "USDT",
        _ => "?",
    }
}

fn name(account: AccountId) -> &'static str {
    match account {
        MIA => "Mia",
        ANN => "Ann",
        BOB => "Bob",
        FEE_ACCOUNT => "the exchange",
        _ => "somebody",
    }
}

/// Smallest units as a decimal number.
fn units(count: i128) -> String {
    Step::new(1, DECIMALS).map_or_else(|_| count.to_string(), |unit| decimal(count, unit))
}
