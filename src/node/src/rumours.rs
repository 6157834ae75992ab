//! News that is told to random peers for some rounds (Demers et al. 1987, §1.4: rumor mongering,
//! blind, by counter).

use std::sync::Arc;

use scalesmall_crdt::{Delta, NodeId, Update};

use crate::{Effects, Message, News, Node, Sync, UPDATES_MAX};

/// An update that is still told.
#[derive(Clone, Debug)]
pub(crate) struct Rumour {
    /// Nothing where what is told is the whole state.
    update: Option<Arc<Update>>,
    /// Who has told it here, and need not hear of it.
    from: Option<NodeId>,
    rounds: u32,
}

impl Node {
    /// From now on for as many rounds as it takes to reach everybody, mostly. Where
    /// [`UPDATES_MAX`] are told already, it is left to the comparison with random peers.
    pub(crate) fn begin_rumour(&mut self, update: Option<Arc<Update>>, from: Option<NodeId>) {
        // Each round doubles those who know, and some are drawn who know already.
        let rounds = self.members.len().next_power_of_two().trailing_zeros() + 2;
        if self.rumours.len() < UPDATES_MAX {
            self.rumours.push(Rumour { update, from, rounds });
        }
    }

    /// Tells random peers what is still told.
    pub(crate) fn spread_rumours(&mut self, fanout: usize, sync: Sync, effects: &mut Effects) {
        if self.rumours.is_empty() {
            return;
        }
        for peer in self.draw_peers(fanout) {
            let untold = |rumour: &&Rumour| rumour.from.as_ref() != Some(&peer);
            let untold: Vec<&Rumour> = self.rumours.iter().filter(untold).collect();
            let updates: Option<Delta> =
                untold.iter().map(|rumour| rumour.update.clone()).collect();
            let news = match updates {
                _ if untold.is_empty() => continue,
                Some(updates) if sync != Sync::FullState => News::Updates(updates),
                _ => self.whole_state(),
            };
            effects.messages.push((peer, Message::News { news, seen: None }));
        }
        self.rumours.iter_mut().for_each(|rumour| rumour.rounds -= 1);
        self.rumours.retain(|rumour| rumour.rounds > 0);
    }
}
