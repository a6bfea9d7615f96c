//! A checksum over the best levels, by which a client finds out that its book is not the venue's.
//!
//! The checksum is the CRC-32 (IEEE 802.3, as zlib, PNG and Ethernet have it) of a text. What the
//! text is differs by venue: which levels come in which [layout](ChecksumLayout), and how numbers
//! are [written](NumberText).

use core::fmt::{self, Write as _};

use crc32fast::Hasher;
use orderbook_core::{Level, Side, Step};

use crate::depth::levels::Levels;

/// The text of which the checksum is taken.
///
/// ```
/// use marketdata_core::{ChecksumForm, DepthSnapshot};
/// use orderbook_core::{Level, Price, Quantity, Step};
///
/// let level = |price, quantity| Level {
///     price: Price::new(price),
///     quantity: Quantity::new(quantity),
/// };
/// let book = DepthSnapshot {
///     last_update_id: 7,
///     bids: vec![level(33_661, 700), level(33_660, 50)],
///     asks: vec![level(33_665, 800)],
/// };
/// // A tick is worth 0.1, and a lot 0.01.
/// let okx = ChecksumForm::okx(Step::new(1, 1)?, Step::new(1, 2)?);
/// for (form, text) in [
///     (ChecksumForm::CANONICAL, "33661:700:33665:800:33660:50"),
///     (okx, "3366.1:7:3366.5:8:3366:0.5"),
///     (ChecksumForm::KRAKEN, "33665800336617003366050"),
/// ] {
///     assert_eq!(book.checksum(&form), crc32fast::hash(text.as_bytes()));
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ChecksumForm {
    /// The order of the levels.
    pub layout: ChecksumLayout,
    /// The most levels of each side that are part of it.
    pub levels: usize,
    /// How prices are written.
    pub price: NumberText,
    /// How quantities are written.
    pub quantity: NumberText,
}

/// The order in which the levels come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ChecksumLayout {
    /// The best bid, the best ask, the second-best bid, the second-best ask and so on, with colons
    /// in between. A side that has run out is left out.
    Interleaved,
    /// The asks, best first, and then the bids, best first, with nothing in between.
    AsksThenBids,
}

/// How a number is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum NumberText {
    /// The bare number of ticks or lots: `5541300`.
    Whole,
    /// The decimal number that so many steps are, without trailing zeros: `55413`, `0.05`.
    Decimal(Step),
}

impl ChecksumForm {
    /// Our own: up to 25 levels of each side, interleaved, in ticks and lots. For bids of 7 lots at
    /// 101 ticks and 2 at 100, and an ask of 5 at 103: `101:7:103:5:100:2`. The checksum of an empty
    /// book is that of an empty text, zero.
    pub const CANONICAL: Self = Self {
        layout: ChecksumLayout::Interleaved,
        levels: 25,
        price: NumberText::Whole,
        quantity: NumberText::Whole,
    };

    /// That of Kraken: ten levels of each side, the numbers without their decimal point and without
    /// leading zeros. A tick has to be one unit of the last decimal place that the venue writes in
    /// prices, and a lot one of that in quantities.
    /// Source: Kraken, WebSocket API, book checksum.
    pub const KRAKEN: Self = Self {
        layout: ChecksumLayout::AsksThenBids,
        levels: 10,
        price: NumberText::Whole,
        quantity: NumberText::Whole,
    };

    /// That of OKX: 25 levels of each side, interleaved, as decimals. `tick` and `lot` are what a
    /// tick and a lot of the book are worth. The venue publishes the sum as a signed number:
    /// [`i32::cast_unsigned`] makes it comparable.
    /// Source: OKX, WebSocket API, order book channel, checksum.
    pub const fn okx(tick: Step, lot: Step) -> Self {
        Self {
            layout: ChecksumLayout::Interleaved,
            levels: 25,
            price: NumberText::Decimal(tick),
            quantity: NumberText::Decimal(lot),
        }
    }

    /// The checksum of a book, whose levels are given best first. O([`levels`](Self::levels)).
    pub fn checksum(
        &self,
        bids: impl IntoIterator<Item = Level>,
        asks: impl IntoIterator<Item = Level>,
    ) -> u32 {
        let (bids, asks) = (
            bids.into_iter().take(self.levels),
            asks.into_iter().take(self.levels),
        );
        self.layout
            .checksum(bids, asks, |level| LevelText { form: self, level })
    }

    pub(crate) fn checksum_of(&self, levels: &Levels) -> u32 {
        self.checksum(levels.of(Side::Buy), levels.of(Side::Sell))
    }
}

impl ChecksumLayout {
    /// The checksum of all of these levels, which are given best first, for a venue that writes
    /// numbers in a way of its own: `text` gives what it writes for a level.
    ///
    /// ```
    /// use marketdata_core::ChecksumLayout;
    /// use orderbook_core::{Level, Price, Quantity};
    ///
    /// let ask = Level { price: Price::new(1_005), quantity: Quantity::new(3) };
    /// let cents = |level: Level| {
    ///     let ticks = level.price.get();
    ///     format!("{}.{:02}:{}", ticks / 100, ticks % 100, level.quantity)
    /// };
    /// let checksum = ChecksumLayout::Interleaved.checksum([], [ask], cents);
    /// assert_eq!(checksum, crc32fast::hash(b"10.05:3"));
    /// ```
    pub fn checksum<T: fmt::Display>(
        self,
        bids: impl IntoIterator<Item = Level>,
        asks: impl IntoIterator<Item = Level>,
        mut text: impl FnMut(Level) -> T,
    ) -> u32 {
        let (mut bids, mut asks) = (bids.into_iter(), asks.into_iter());
        let mut sum = Sum(Hasher::new());
        match self {
            Self::Interleaved => {
                let mut separator = "";
                loop {
                    let pair = [bids.next(), asks.next()];
                    if pair == [None, None] {
                        break;
                    }
                    for level in pair.into_iter().flatten() {
                        sum.add(format_args!("{separator}{}", text(level)));
                        separator = ":";
                    }
                }
            }
            Self::AsksThenBids => {
                for level in asks.chain(bids) {
                    sum.add(text(level));
                }
            }
        }
        sum.0.finalize()
    }

    /// What is between price and quantity.
    const fn separator(self) -> &'static str {
        match self {
            Self::Interleaved => ":",
            Self::AsksThenBids => "",
        }
    }
}

/// A level as a form writes it.
struct LevelText<'a> {
    form: &'a ChecksumForm,
    level: Level,
}

impl fmt::Display for LevelText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Level { price, quantity } = self.level;
        if price.get() < 0 {
            f.write_str("-")?;
        }
        self.form.price.write(price.get().unsigned_abs(), f)?;
        f.write_str(self.form.layout.separator())?;
        self.form.quantity.write(quantity.get(), f)
    }
}

impl NumberText {
    fn write(self, steps: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let step = match self {
            Self::Whole => return write!(f, "{steps}"),
            Self::Decimal(step) => step,
        };
        // Neither can overflow: 2^64 times 2^64, and 10^28.
        let value = u128::from(steps) * u128::from(step.mantissa());
        let one = 10_u128.pow(u32::from(step.scale()));
        let (whole, mut fraction, mut places) =
            (value / one, value % one, usize::from(step.scale()));
        write!(f, "{whole}")?;
        if fraction == 0 {
            return Ok(());
        }
        while fraction.is_multiple_of(10) {
            fraction /= 10;
            places -= 1;
        }
        write!(f, ".{fraction:0places$}")
    }
}

/// The checksum of what is written to it.
struct Sum(Hasher);

impl Sum {
    fn add(&mut self, text: impl fmt::Display) {
        // Writing to a sum does not fail. A text that cannot be written ends where it failed.
        let _ = write!(self, "{text}");
    }
}

impl fmt::Write for Sum {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.update(text.as_bytes());
        Ok(())
    }
}
