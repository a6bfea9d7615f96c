//! Damaged logs and snapshots: whatever the bytes, the exchange refuses them or works on.

use std::sync::OnceLock;

use exchange_engine::{Exchange, ExchangeSnapshot, Input};

use crate::engine::Exchange as Model;
use crate::engine_commands::{self, Inputs};

/// How many inputs lead to the snapshot that is damaged.
const INPUTS: usize = 150;

/// Decodes the bytes as what the exchange reads back, and carries on with whatever comes out.
///
/// The first byte chooses, modulo 5: 0 a snapshot with header and hash, 1 the inside of a snapshot,
/// 2 a list of inputs, 3 the inside of a good snapshot with some bytes changed, 4 a good list of
/// inputs with some bytes changed. Of the changes each takes three bytes: where (two, little
/// endian) and what. Without a header there is no hash to get past, as for somebody who computes
/// it anew.
///
/// Returns whether the bytes were taken for good.
///
/// # Panics
///
/// Where the exchange does, or where what it was restored to breaks an invariant.
pub fn damage(bytes: &[u8]) -> bool {
    let Some((what, rest)) = bytes.split_first() else {
        return false;
    };
    let good = good();
    match what % 5 {
        0 => ExchangeSnapshot::decode(rest).is_ok_and(|snapshot| restore(&snapshot)),
        1 => restore_bytes(rest),
        2 => apply_bytes(rest),
        3 => restore_bytes(&changed(&good.snapshot, rest)),
        _ => apply_bytes(&changed(&good.inputs, rest)),
    }
}

/// Something to damage.
struct Good {
    snapshot: Vec<u8>,
    inputs: Vec<u8>,
    /// What happens next.
    tail: Vec<Input>,
}

fn good() -> &'static Good {
    static GOOD: OnceLock<Good> = OnceLock::new();
    GOOD.get_or_init(|| {
        let mut bytes = engine_commands::seeded(3, 0, 2 * INPUTS);
        // Start with pairs, fees and money, and deposit no extreme amounts.
        bytes[..4].copy_from_slice(&[0, 1, 0b0001_0010, 0b0110_1010]);
        let mut exchange = Exchange::new();
        let mut model = Model::default();
        let mut inputs = Inputs::new(&bytes);
        let mut log = Vec::new();
        let mut snapshot = exchange.snapshot();
        while let Some(input) = inputs.next_input(&model, &model.open_orders()) {
            // What is refused is a part of the log like everything else. The model only tells
            // which orders are open.
            let _ = model.apply(&input);
            let _ = exchange.apply(&input, &mut Vec::new());
            log.push(input);
            if log.len() == INPUTS {
                snapshot = exchange.snapshot();
            }
        }
        let tail = log.split_off(INPUTS);
        Good {
            snapshot: postcard::to_allocvec(&snapshot).expect("plain data"),
            inputs: postcard::to_allocvec(&log).expect("plain data"),
            tail,
        }
    })
}

fn changed(good: &[u8], changes: &[u8]) -> Vec<u8> {
    let mut bytes = good.to_vec();
    let (changes, _) = changes.as_chunks::<3>();
    for [low, high, value] in changes {
        let place = usize::from(u16::from_le_bytes([*low, *high])) % bytes.len();
        bytes[place] = *value;
    }
    bytes
}

fn restore_bytes(bytes: &[u8]) -> bool {
    postcard::from_bytes(bytes).is_ok_and(|snapshot| restore(&snapshot))
}

fn restore(snapshot: &ExchangeSnapshot) -> bool {
    let Ok(mut exchange) = Exchange::restore(snapshot) else {
        return false;
    };
    let mut events = Vec::new();
    for input in &good().tail {
        events.clear();
        let time = exchange.time();
        let input = Input {
            time,
            command: input.command.clone(),
        };
        // The time is right; the rest may well be refused.
        let _ = exchange.apply(&input, &mut events);
    }
    sound(&exchange);
    true
}

fn apply_bytes(bytes: &[u8]) -> bool {
    let Ok(inputs) = postcard::from_bytes::<Vec<Input>>(bytes) else {
        return false;
    };
    let mut exchange = Exchange::new();
    let mut events = Vec::new();
    for input in &inputs {
        events.clear();
        // Refusals are what garbage is expected to lead to.
        let _ = exchange.apply(input, &mut events);
    }
    sound(&exchange);
    true
}

fn sound(exchange: &Exchange) {
    if let Err(violation) = exchange.check() {
        panic!("{violation}");
    }
    let again = Exchange::restore(&exchange.snapshot());
    let hash = again.map(|again| again.state_hash());
    assert_eq!(hash, Ok(exchange.state_hash()), "a restored exchange (I8)");
}
