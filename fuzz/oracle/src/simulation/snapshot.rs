//! A state as it is stored, and what can happen to it there.

use accounts_core::Positions;
use exchange_engine::frame::{Chain, checksum};
use exchange_engine::{Exchange, ExchangeSnapshot};

use super::dice::Dice;
use super::feed::Folds;
use super::state::State;

/// How many bytes come before those of the exchange: where in the log, and a checksum over all.
const HEADER: usize = 24;

/// A state as it is stored.
#[derive(Debug, Clone)]
pub(super) struct Snapshot {
    /// What is written: the frame, the last input, the checksum of the frame, a checksum over these
    /// and what follows, and the bytes of the exchange.
    pub(super) file: Vec<u8>,
    /// What its name says.
    name: Chain,
    /// What else there was. How it is stored is not simulated.
    folds: Folds,
    positions: Positions,
    /// It was damaged; only who has done so knows.
    pub(super) damaged: bool,
}

/// The file is not what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Damaged;

impl Snapshot {
    /// The snapshot of a state.
    pub(super) fn of(state: &State) -> Self {
        let bytes = state.exchange.snapshot().encode();
        Self {
            file: file(state.chain, &bytes),
            name: state.chain,
            folds: state.folds.clone(),
            positions: state.positions.clone(),
            damaged: false,
        }
    }

    /// Which frame its name says.
    pub(super) const fn frame(&self) -> u64 {
        self.name.number()
    }

    /// How many inputs there were.
    pub(super) const fn seq(&self) -> u64 {
        self.name.last_seq()
    }

    /// Where in the log it was made, and the bytes of the exchange.
    pub(super) fn read(&self) -> Result<(Chain, &[u8]), Damaged> {
        let (header, bytes) = self.file.split_at_checked(HEADER).ok_or(Damaged)?;
        let number = |from| u64::from_le_bytes(header[from..from + 8].try_into().expect("eight"));
        let crc = |from| u32::from_le_bytes(header[from..from + 4].try_into().expect("four"));
        let chain = Chain::at(number(0), number(8), crc(16));
        let whole = crc(20) == seal(chain, bytes);
        whole.then_some((chain, bytes)).ok_or(Damaged)
    }

    /// The state that it was made of.
    pub(super) fn restore(&self) -> Result<State, Damaged> {
        let (chain, bytes) = self.read()?;
        let exchange = ExchangeSnapshot::decode(bytes)
            .and_then(|snapshot| Exchange::restore(&snapshot))
            .map_err(|_| Damaged)?;
        Ok(State {
            exchange,
            folds: self.folds.clone(),
            positions: self.positions.clone(),
            chain,
        })
    }

    /// The same exchange behind the same number of frames of another log.
    pub(super) fn of_another_history(&self) -> Self {
        let (chain, bytes) = self.read().expect("an intact snapshot");
        let chain = Chain::at(chain.number(), chain.last_seq(), !chain.crc());
        Self {
            file: file(chain, bytes),
            ..self.clone()
        }
    }

    /// Changes the file as an interrupted write, or a medium that errs, may change it.
    pub(super) fn spoil(&mut self, dice: &mut Dice) -> &'static str {
        let (byte, bit) = (dice.below(self.file.len()), dice.below(8));
        self.damaged = true;
        match dice.below(5) {
            0 => {
                self.file.truncate(byte);
                "a snapshot was cut short"
            }
            1 => {
                self.file.clear();
                "a snapshot was empty"
            }
            2 => {
                let before = self.file.clone();
                self.file[byte..].fill(0);
                if self.file == before {
                    self.file[byte] = 1;
                }
                "a snapshot was half written"
            }
            _ => {
                self.file[byte] ^= 1 << bit;
                "a snapshot had another bit"
            }
        }
    }
}

fn file(chain: Chain, bytes: &[u8]) -> Vec<u8> {
    let mut file = Vec::with_capacity(HEADER + bytes.len());
    file.extend(chain.number().to_le_bytes());
    file.extend(chain.last_seq().to_le_bytes());
    file.extend(chain.crc().to_le_bytes());
    file.extend(seal(chain, bytes).to_le_bytes());
    file.extend(bytes);
    file
}

/// The checksum of a snapshot.
fn seal(chain: Chain, bytes: &[u8]) -> u32 {
    checksum(chain.number(), 0, 0, chain.last_seq(), chain.crc(), bytes)
}
