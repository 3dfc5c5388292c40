//! What clients share beside tasks: their requests go into the machine of that, and what it wants done is done.

use raskt_sched::{CoordinationAction, CoordinationEvent, Event, FromClient};

use super::activity::Part;
use super::core::Core;
use crate::wire::TellClient;

impl Core {
    /// Has the machine hear of `event`, and does what it wants done.
    pub(super) fn coordinate(&mut self, event: CoordinationEvent) {
        let outer = self.activity.enter(Part::Shared);
        let mut actions = Vec::new();
        self.coordination.handle(event, self.clock.now(), &mut actions);
        // A client hears which values it is handed before it hears how they are.
        let mut wants = Vec::with_capacity(actions.len());
        for action in actions {
            match action {
                CoordinationAction::Answer(client, number, answer) => {
                    self.tell_client(client, &TellClient::Coordinated { number, answer });
                }
                CoordinationAction::Deliver(client, topic, item) => {
                    self.tell_client(client, &TellClient::Deliver { topic, item });
                }
                CoordinationAction::Want(client, key) => wants.push((client, FromClient::Want(vec![key]))),
                CoordinationAction::Hold(key) => wants.push((self.keeper, FromClient::Want(vec![key]))),
                CoordinationAction::Release(key) => wants.push((self.keeper, FromClient::Release(vec![key]))),
            }
        }
        for (client, message) in wants {
            if client == self.keeper || self.is_there(client) {
                self.tell_machine(Event::Client(client, message));
            }
        }
        self.activity.back(outer);
    }
}
