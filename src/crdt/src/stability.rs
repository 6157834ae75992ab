//! Which operations everybody has seen.
//!
//! # Problem
//!
//! A contribution may be folded only once nobody can cancel it apart from those that it is folded
//! with. For that, every member must have seen it, and this replica must have seen what the
//! members did before.
//!
//! # Model
//!
//! Members announce their [`Roster`] and their context. The **stable cut** is, per replica, the
//! least counter over the announced contexts of all members, this replica's own included. Three
//! rules say which announcements count:
//!
//! - One made under the roster that this replica has now; so a change of the roster voids what was
//!   heard before.
//! - Only once this replica has itself applied the announcer's operations up to the announcement's
//!   own entry for the announcer: else a Release by the announcer may be on its way that saw one
//!   contribution and not another.
//! - Only once this replica has applied all operations of retired replicas in it: nobody else
//!   speaks for those any more.

use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::ablation::{Condition, is_off as off};
use crate::numbered::Numbered;
use crate::{ReplicaId, Roster, VersionVector};

/// What a member says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Announcement {
    /// Who says it.
    pub from: ReplicaId,
    /// The roster that it has.
    pub roster: Roster,
    /// What it has applied.
    pub seen: VersionVector,
}

/// One replica's knowledge of what the others have seen.
///
/// ```
/// use scalesmall_crdt::{
///     Claim, ClaimMap, Delta, KeyRange, NodeId, Operation, ReplicaId, Roster, Stability,
/// };
///
/// let [a, b] = ["a", "b"].map(|name| ReplicaId::first(NodeId::new(name).unwrap()));
/// let mut roster = Roster::new();
/// [&a, &b].map(|replica| roster.join(replica.clone()));
/// let mut known_to_a = Stability::new(a.clone(), roster.clone());
/// let known_to_b = Stability::new(b.clone(), roster);
///
/// // a raises a claim twice, and b hears of it.
/// let (mut at_a, mut at_b) = (ClaimMap::new(), ClaimMap::new());
/// let claim = Claim::new(a.node.clone(), KeyRange::new(0, 99)?);
/// for _ in 0..2 {
///     let increase = Operation::Increase { claim: claim.clone(), by: 3.try_into()? };
///     at_b.join(&Delta::from(at_a.issue(&a, increase)?));
/// }
///
/// // Not until b has said so does a fold the two into one.
/// assert_eq!(known_to_a.cut(at_a.context()), None);
/// known_to_a.hear(&known_to_b.announce(at_b.context()));
/// let cut = known_to_a.cut(at_a.context()).expect("every member has been heard");
/// assert_eq!(at_a.fold(&cut), 1);
/// assert_eq!(at_a.contributions(&claim).count(), 1);
/// assert_eq!(at_a.priority(&claim), Some(6));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Stability {
    own: ReplicaId,
    /// Replicas of one process share a roster as long as they have the same.
    roster: Arc<Roster>,
    /// Who has been heard under the present roster.
    members: Numbered<ReplicaId>,
    /// The same by number.
    heard: Vec<Heard>,
}

/// Announcements of one member under the present roster.
#[derive(Clone, Debug, Default)]
struct Heard {
    /// The latest one that counts.
    counted: Option<VersionVector>,
    /// A later one that does not count yet.
    waiting: Option<VersionVector>,
}

impl Stability {
    /// What `own` knows that has heard nobody. It is a member once it stands on the roster.
    #[must_use]
    pub fn new(own: ReplicaId, roster: impl Into<Arc<Roster>>) -> Self {
        Self { own, roster: roster.into(), members: Numbered::default(), heard: Vec::new() }
    }

    /// The roster as this replica has it.
    #[must_use]
    pub fn roster(&self) -> &Arc<Roster> {
        &self.roster
    }

    /// Changes the roster.
    pub fn admit(&mut self, replica: ReplicaId) {
        let mut roster = Roster::new();
        roster.join(replica);
        self.merge_roster(&roster);
    }

    /// Removes a replica from the roster for good.
    pub fn retire(&mut self, replica: ReplicaId) {
        let mut roster = Roster::new();
        roster.retire(replica);
        self.merge_roster(&roster);
    }

    /// Takes in a roster; if it changes this one, what was heard counts no longer.
    pub fn merge_roster(&mut self, roster: &Roster) {
        if !self.roster.includes(roster) {
            Arc::make_mut(&mut self.roster).merge(roster);
            self.members = Numbered::default();
            self.heard.clear();
        }
    }

    /// What this replica has to say, with its present context.
    #[must_use]
    pub fn announce(&self, context: &VersionVector) -> Announcement {
        Announcement {
            from: self.own.clone(),
            roster: Roster::clone(&self.roster),
            seen: context.clone(),
        }
    }

    /// Takes in an announcement, new or old, once or several times. One by a replica that is no
    /// member here is ignored.
    pub fn hear(&mut self, announcement: &Announcement) {
        let Announcement { from, roster, seen } = announcement;
        if !self.roster.has_member(from) {
            return;
        }
        self.merge_roster(roster);
        if *roster == *self.roster || off(Condition::SameRoster) {
            self.hear_under_same_roster(from, seen);
        }
    }

    /// Takes in what `from` announces to have `seen`, where it has the roster that this replica has
    /// now. From one that is no member here it is ignored. O(what it has seen).
    pub fn hear_under_same_roster(&mut self, from: &ReplicaId, seen: &VersionVector) {
        if *from == self.own || !self.roster.has_member(from) {
            return;
        }
        let number = self.members.find(from).unwrap_or_else(|| {
            self.heard.push(Heard::default());
            self.members.add(from.clone())
        });
        let heard = &mut self.heard[number as usize];
        // What one member announces only grows, so of two the one that includes the other is later.
        let is_news = |known: &Option<VersionVector>| {
            known.as_ref().is_none_or(|known| !known.includes(seen))
        };
        if is_news(&heard.counted) && is_news(&heard.waiting) {
            heard.waiting = Some(seen.clone());
        }
    }

    /// The stable cut, for this replica with its present context; nothing while a member has not
    /// been heard, or while this replica is none. O(members × replicas).
    #[must_use]
    pub fn cut(&mut self, context: &VersionVector) -> Option<VersionVector> {
        if !self.roster.has_member(&self.own) {
            return None;
        }
        let mut cut = context.clone();
        if off(Condition::Stable) {
            return Some(cut);
        }
        for member in self.roster.members().filter(|&member| *member != self.own) {
            let heard = &mut self.heard[self.members.find(member)? as usize];
            let counts = heard.waiting.as_ref().is_some_and(|seen| {
                let covers =
                    |replica: &ReplicaId| seen.counter(replica) <= context.counter(replica);
                (covers(member) || off(Condition::OwnEntry))
                    && (self.roster.retired_in_any_order().all(covers)
                        || off(Condition::RetiredEntries))
            });
            if counts {
                heard.counted = heard.waiting.take();
            }
            cut.limit(heard.counted.as_ref()?);
        }
        Some(cut)
    }

    /// Checks that only members of the present roster have been heard. O(members × replicas).
    ///
    /// # Panics
    ///
    /// If somebody else has been.
    pub fn check_invariants(&self) {
        self.roster.check_invariants();
        self.members.check_invariants();
        assert_eq!(self.members.len(), self.heard.len(), "members and what they announced");
        for member in self.members.iter() {
            assert!(self.roster.has_member(member), "{member} is heard and no member");
            assert_ne!(*member, self.own, "it has heard itself");
        }
        for heard in &self.heard {
            heard.counted.iter().chain(&heard.waiting).for_each(VersionVector::check_invariants);
        }
    }
}
