//! What has to be so when a step is taken.

use std::collections::{BTreeMap, BTreeSet};

use scalesmall_crdt::NodeId;

use super::value::{Checked, wrong};
use crate::scenario::Action;
use crate::{Mode, NetworkSettings};

/// What steps presuppose of those before them, in the order in which they run.
pub(in crate::scenario) struct Course {
    pub(in crate::scenario) network: NetworkSettings,
    /// How many replicas there are.
    present: usize,
    /// As which incarnation each is there, as far as steps tell, where it is not the first.
    incarnations: Vec<u32>,
    /// And how they have gone.
    down: BTreeMap<usize, &'static str>,
    paused: BTreeSet<usize>,
    /// Who gets each kept message.
    messages: BTreeMap<String, usize>,
}

impl Course {
    /// Of a run that so many begin.
    pub(in crate::scenario) fn new(
        network: NetworkSettings,
        present: usize,
        incarnations: &[u32],
    ) -> Self {
        let (down, paused, messages) = Default::default();
        Self { network, present, incarnations: incarnations.to_vec(), down, paused, messages }
    }

    /// Takes a step of a scenario with these replicas.
    pub(in crate::scenario) fn follow(
        &mut self,
        place: &str,
        action: &Action,
        replicas: &[NodeId],
    ) -> Checked<()> {
        let name = |replica: usize| &replicas[replica];
        if let Some(absent) = action.replicas().into_iter().find(|&it| it >= self.present) {
            return wrong(place, format!("{} has not joined by then", name(absent)));
        }
        let runs = |course: &Self, replica: usize| match course.down.get(&replica) {
            Some(how) => {
                let reason = format!("{} has {how} and not been restarted by then", name(replica));
                wrong(place, reason)
            }
            None => Ok(()),
        };
        let by_hand = matches!(
            action,
            Action::Sync { .. } | Action::Send { .. } | Action::Deliver(_) | Action::Receive { .. }
        );
        if by_hand && self.network.mode == Mode::Gossip {
            return wrong(place, "messages move by steps only where `network.mode` is \"manual\"");
        }
        let by_number = matches!(action, Action::Message { .. });
        if by_number && self.network.mode == Mode::Manual {
            return wrong(place, "nothing is on its way where `network.mode` is \"manual\"");
        }
        match action {
            Action::Operation(request) => runs(self, request.on)?,
            Action::Crash(replica) => {
                runs(self, *replica)?;
                self.down.insert(*replica, "crashed");
                self.paused.remove(replica);
            }
            Action::Restart { replica, lost, incarnation } => {
                if self.down.remove(replica).is_none() {
                    return wrong(place, format!("{} has not crashed by then", name(*replica)));
                }
                let known = self.incarnations.len().max(replica + 1);
                self.incarnations.resize(known, 0);
                let before = &mut self.incarnations[*replica];
                match *incarnation {
                    Some(given) if given <= *before => {
                        let place = format!("{place}.incarnation");
                        let name = name(*replica);
                        let reason = format!("{given} is not after {before}, as which {name} went");
                        return wrong(&place, reason);
                    }
                    Some(given) => *before = given,
                    None => *before += u32::from(*lost),
                }
            }
            Action::Join { through } => {
                runs(self, *through)?;
                self.present += 1;
            }
            Action::Retire { replica, on } if replica == on => {
                return wrong(place, format!("{} cannot retire itself", name(*on)));
            }
            Action::Retire { on, .. } => runs(self, *on)?,
            Action::Watch { replica, .. } | Action::Receive { replica, .. } => {
                runs(self, *replica)?;
            }
            Action::Leave(replica) => {
                runs(self, *replica)?;
                if self.paused.contains(replica) {
                    return wrong(place, format!("{} is paused by then", name(*replica)));
                }
                self.down.insert(*replica, "left");
            }
            Action::Pause(replica) => {
                runs(self, *replica)?;
                if !self.paused.insert(*replica) {
                    return wrong(place, format!("{} is paused already", name(*replica)));
                }
            }
            Action::Resume(replica) => {
                if !self.paused.remove(replica) {
                    return wrong(place, format!("{} is not paused by then", name(*replica)));
                }
            }
            Action::Sync { from, to } => {
                runs(self, *from)?;
                runs(self, *to)?;
            }
            Action::Send { from, to, name, .. } => {
                runs(self, *from)?;
                self.messages.insert(name.clone(), *to);
            }
            Action::Deliver(message) => match self.messages.get(message) {
                Some(&to) => runs(self, to)?,
                None => {
                    return wrong(place, format!("no message {message:?} has been sent by then"));
                }
            },
            Action::Network(network) => self.network = network.clone(),
            Action::Partition(_) | Action::Heal | Action::Observe(_) => {}
            // To cut twice, or to mend what is whole, is fine; and a clock runs in a machine that
            // has crashed.
            Action::Cut { .. } | Action::Mend { .. } | Action::ClockSkew { .. } => {}
            Action::Clog { .. } | Action::Unclog { .. } | Action::Message { .. } => {}
        }
        Ok(())
    }
}
