//! Those who send commands, and what they have been told.

use std::mem;

use exchange_engine::{Command, Event, OrderRef};
use orderbook_core::OrderId;

use super::feed::{Outcome, Packet};

/// Names an intent.
pub(super) type IntentId = usize;

/// Something that a client wants, however often it has to ask.
#[derive(Debug)]
struct Intent {
    command: Command,
    /// How often it may still ask.
    patience: u8,
    /// The order that came of it.
    placed: Option<OrderId>,
}

/// All clients.
#[derive(Debug, Default)]
pub(super) struct Clients {
    intents: Vec<Intent>,
    /// What is asked again, and at which step.
    again: Vec<(u64, IntentId)>,
    /// Who was answered, by sequence number less one.
    answered: Vec<Option<IntentId>>,
}

impl Clients {
    /// A client wants something.
    pub(super) fn want(&mut self, command: Command) -> IntentId {
        self.intents.push(Intent {
            command,
            patience: 4,
            placed: None,
        });
        self.intents.len() - 1
    }

    pub(super) fn command(&self, intent: IntentId) -> &Command {
        &self.intents[intent].command
    }

    /// Whether it does no harm to send it again: an order with a name, or what can be there once
    /// only. A deposit that sets the stage is better there twice than not at all. A replacement
    /// that is asked for by the name it takes over would be replaced itself.
    pub(super) fn may_repeat(&self, intent: IntentId) -> bool {
        match self.intents[intent].command {
            Command::Place {
                client_order_id, ..
            } => client_order_id.is_some(),
            Command::Replace {
                order,
                client_order_id: Some(name),
                ..
            } => order != OrderRef::Client(name),
            Command::AddAsset { .. }
            | Command::ListInstrument(_)
            | Command::OpenAccount { .. }
            | Command::Deposit { .. } => true,
            _ => false,
        }
    }

    /// Asks again at a step, unless out of patience. Returns whether it does.
    pub(super) fn ask_again(&mut self, intent: IntentId, step: u64) -> bool {
        let patience = &mut self.intents[intent].patience;
        let patient = *patience > 0;
        *patience = patience.saturating_sub(1);
        if patient {
            self.again.push((step, intent));
        }
        patient
    }

    /// What is asked again by now.
    pub(super) fn due(&mut self, step: u64) -> Vec<IntentId> {
        let (due, later) = mem::take(&mut self.again)
            .into_iter()
            .partition(|(when, _)| *when <= step);
        self.again = later;
        due.into_iter().map(|(_, intent)| intent).collect()
    }

    /// Whether nobody is about to ask again.
    pub(super) fn are_content(&self) -> bool {
        self.again.is_empty()
    }

    /// An intent was carried out, whether its client knows or not. An order is placed once.
    pub(super) fn carried_out(&mut self, intent: IntentId, outcome: &Outcome) -> bool {
        let intent = &mut self.intents[intent];
        let accepted = outcome.events.iter().find_map(|event| match event {
            Event::OrderAccepted { order, .. } => Some(order.id),
            _ => None,
        });
        let repeated = outcome.events.iter().find_map(|event| match event {
            Event::OrderRepeated { order_id, .. } => Some(*order_id),
            _ => None,
        });
        // It may have been replaced by one that took over its name and is wanted the same: then that
        // one is told about.
        if let (Some(first), Some(second)) = (intent.placed, accepted) {
            panic!(
                "{:?} became order {first}, and then {second} too",
                intent.command
            );
        }
        intent.placed = intent.placed.or(accepted);
        repeated.is_some()
    }

    /// A client is told what became of its command.
    pub(super) fn answer(&mut self, intent: IntentId, seq: u64) {
        let index = usize::try_from(seq - 1).expect("few");
        if self.answered.len() <= index {
            self.answered.resize(index + 1, None);
        }
        self.answered[index] = Some(intent);
    }

    /// The newest sequence number that a client was told of.
    pub(super) fn newest_answer(&self) -> u64 {
        self.answered.len() as u64
    }

    /// Everything that a client was told of is there, in its place.
    pub(super) fn find_answers(&self, packet: &Packet) {
        for (seq, input) in (packet.frame.first_seq..).zip(&packet.frame.inputs) {
            let index = usize::try_from(seq - 1).expect("few");
            if let Some(Some(intent)) = self.answered.get(index) {
                assert!(
                    self.intents[*intent].command == input.command,
                    "a client was told that input {seq} is {:?}, but it is {:?}",
                    self.intents[*intent].command,
                    input.command
                );
            }
        }
    }
}
