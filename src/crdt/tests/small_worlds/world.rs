//! A small world as a model for stateright: a few replicas, what each of them is to do, and every
//! order in which that can happen and become known.
//!
//! Replicas reach one another by messages only. So a state is its replicas, what is under way is
//! what some have sent and others do not know, and a step of one replica is carried out once for
//! all states in which it can take it. **A replica is what its `Debug` output says**: its map, its
//! stability and its messages in full. Two states are one only where nothing can tell them apart.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use scalesmall_crdt::Operation;
use stateright::{Model, Path, Property};

use crate::replica::{Message, Replica, View, name};

/// What is to happen; the checker tries in which order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    pub(crate) name: &'static str,
    /// Operations that everybody has seen when the world begins, each with its issuer.
    pub(crate) before: Vec<(usize, Operation)>,
    /// What each replica issues, in this order. There are as many replicas as lists.
    pub(crate) operations: Vec<Vec<Operation>>,
    /// How often each replica announces what it has seen; where there is no number, never.
    pub(crate) announcements: Vec<usize>,
    /// Who folds, at any time.
    pub(crate) folds: Vec<usize>,
    /// Who takes in whose whole state, at any time: (from, to).
    pub(crate) merges: Vec<(usize, usize)>,
}

/// A plan, and all that has been met while it was tried.
pub(crate) struct World {
    plan: Plan,
    met: Mutex<Met>,
}

/// All replicas, each at some moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State(Vec<Arc<Moment>>);

/// What can happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Action {
    Issue { at: usize },
    Announce { at: usize },
    Deliver { to: usize, message: usize },
    Fold { at: usize },
    Merge { to: usize, from: usize },
}

/// A replica at some moment of its life.
#[derive(Debug)]
struct Moment {
    /// Equal only where everything else is.
    number: usize,
    replica: Replica,
    /// What it shows, or what is wrong with it.
    view: Result<View, String>,
}

impl Moment {
    fn shown(&self) -> String {
        match &self.view {
            Ok(View { claims, .. }) if claims.is_empty() => "nothing".to_owned(),
            Ok(View { claims, .. }) => {
                let shown = claims.iter().map(|(claim, priority)| format!("{claim}: {priority}"));
                shown.collect::<Vec<_>>().join(", ")
            }
            Err(wrong) => wrong.clone(),
        }
    }
}

impl PartialEq for Moment {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Eq for Moment {}

impl Hash for Moment {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.number.hash(hasher);
    }
}

/// Moments and messages, each once.
#[derive(Default)]
struct Met {
    moments: Vec<Arc<Moment>>,
    moment_numbers: BTreeMap<String, usize>,
    messages: Vec<Message>,
    message_numbers: BTreeMap<String, usize>,
    /// From which moment what leads to which other. For a merge, `from` is the other's moment.
    steps: BTreeMap<(usize, Action), usize>,
    /// What is shown where nothing is left to happen.
    ends: BTreeSet<String>,
}

/// Properties by name.
pub(crate) const RIGHT: &str = "every replica shows what the definition says";
pub(crate) const SAME: &str = "fingerprints are equal where, and only where, the same is seen";
pub(crate) const AGREEMENT: &str = "in the end everybody has seen everything, and all agree";
pub(crate) const DISSENT: &str = "replicas disagree";
pub(crate) const FOLDING: &str = "something is folded at one replica and not at another";

impl Model for World {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let mut met = self.met();
        let count = self.plan.operations.len();
        let mut replicas: Vec<Replica> = (0..count).map(|at| Replica::new(at, count)).collect();
        for (at, operation) in &self.plan.before {
            let message = replicas[*at].issue(operation, &met.messages);
            let number = met.message(message.expect("what comes before has an effect"));
            replicas.iter_mut().for_each(|replica| replica.receive(number, &met.messages));
        }
        for replica in &mut replicas {
            replica.issued = 0;
        }
        let first = |replica| {
            let number = met.moment(replica, None);
            Arc::clone(&met.moments[number])
        };
        vec![State(replicas.into_iter().map(first).collect())]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if state.views().is_err() {
            return;
        }
        let State(moments) = state;
        for (at, replica) in state.replicas().enumerate() {
            if replica.issued < self.plan.operations[at].len() {
                actions.push(Action::Issue { at });
            }
            if replica.announced < self.announcements(at) {
                actions.push(Action::Announce { at });
            }
            for &message in &replica.sent {
                let lacks = |&to: &usize| !moments[to].replica.knows.contains(&message);
                let to = (0..moments.len()).filter(lacks);
                actions.extend(to.map(|to| Action::Deliver { to, message }));
            }
        }
        if actions.is_empty() {
            self.met().ends.extend(state.has(all_agree).then(|| moments[0].shown()));
        }
        actions.extend(self.plan.folds.iter().map(|&at| Action::Fold { at }));
        actions.extend(self.plan.merges.iter().map(|&(from, to)| Action::Merge { from, to }));
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let State(moments) = state;
        let (at, step) = match action {
            Action::Issue { at } | Action::Announce { at } | Action::Fold { at } => (at, action),
            Action::Deliver { to, .. } => (to, action),
            Action::Merge { to, from } => (to, Action::Merge { to, from: moments[from].number }),
        };
        let mut met = self.met();
        let step = (moments[at].number, step);
        let number = match met.steps.get(&step) {
            Some(&number) => number,
            None => {
                let mut replica = moments[at].replica.clone();
                let taken = catch_unwind(AssertUnwindSafe(|| {
                    self.take(action, &mut replica, moments, &mut met);
                }));
                let number = met.moment(replica, taken.err());
                met.steps.insert(step, number);
                number
            }
        };
        if number == moments[at].number {
            return None;
        }
        let mut next = moments.clone();
        next[at] = Arc::clone(&met.moments[number]);
        Some(State(next))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(RIGHT, |_, state: &State| state.views().is_ok()),
            Property::always(SAME, |_, state: &State| {
                state.views().is_err() || state.has(fingerprints_tell_what_is_seen)
            }),
            Property::eventually(AGREEMENT, |world: &Self, state: &State| {
                state.has(all_agree) && world.is_over(state)
            }),
            Property::sometimes(DISSENT, |_, state: &State| state.has(|views| !all_agree(views))),
            Property::sometimes(FOLDING, |_, state: &State| state.has(are_folded_in_part)),
        ]
    }
}

impl World {
    /// The world in which nothing has happened yet.
    pub(crate) fn new(plan: Plan) -> Self {
        Self { plan, met: Mutex::default() }
    }

    /// What is shown in the end, in every way that there is.
    pub(crate) fn ends(&self) -> Vec<String> {
        self.met().ends.iter().cloned().collect()
    }

    /// A way through this world, a step a line.
    pub(crate) fn describe(&self, path: Path<State, Action>) -> String {
        let before = self.plan.before.iter();
        let mut lines: String = before
            .map(|(at, operation)| format!("{}: {operation:?}, seen by all\n", name(*at)))
            .collect();
        for (State(moments), action) in path.into_vec() {
            let line = match action {
                Some(Action::Issue { at }) => {
                    let operation = &self.plan.operations[at][moments[at].replica.issued];
                    format!("{}: {operation:?}", name(at))
                }
                Some(Action::Announce { at }) => format!("{} announces", name(at)),
                Some(Action::Deliver { to, message }) => {
                    format!("{} gets {}", name(to), self.met().messages[message])
                }
                Some(Action::Fold { at }) => format!("{} folds", name(at)),
                Some(Action::Merge { from, to }) => {
                    format!("{} gets the state of {}", name(to), name(from))
                }
                None => moments.iter().map(|moment| moment.shown() + "\n").collect(),
            };
            lines += &line;
            lines.push('\n');
        }
        lines
    }

    fn met(&self) -> MutexGuard<'_, Met> {
        self.met.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, action: Action, replica: &mut Replica, moments: &[Arc<Moment>], met: &mut Met) {
        match action {
            Action::Issue { at } => {
                let operation = &self.plan.operations[at][replica.issued];
                if let Some(message) = replica.issue(operation, &met.messages) {
                    replica.send(met.message(message));
                }
            }
            Action::Announce { .. } => {
                let message = replica.announce();
                replica.send(met.message(message));
            }
            Action::Deliver { message, .. } => replica.receive(message, &met.messages),
            Action::Fold { .. } => replica.fold(),
            Action::Merge { from, .. } => replica.merge(&moments[from].replica, &met.messages),
        }
    }

    /// Whether everything has been issued and announced, and everybody knows all of it.
    fn is_over(&self, state: &State) -> bool {
        let sent: usize = state.replicas().map(|replica| replica.sent.len()).sum();
        state.replicas().enumerate().all(|(at, replica)| {
            replica.issued == self.plan.operations[at].len()
                && replica.announced == self.announcements(at)
                && replica.knows.len() == self.plan.before.len() + sent
        })
    }

    fn announcements(&self, at: usize) -> usize {
        self.plan.announcements.get(at).copied().unwrap_or(0)
    }
}

impl State {
    fn replicas(&self) -> impl Iterator<Item = &Replica> {
        self.0.iter().map(|moment| &moment.replica)
    }

    /// What all show, unless something is wrong.
    fn views(&self) -> Result<Vec<&View>, &String> {
        self.0.iter().map(|moment| moment.view.as_ref()).collect()
    }

    fn has(&self, holds: impl Fn(&[&View]) -> bool) -> bool {
        self.views().is_ok_and(|views| holds(&views))
    }
}

/// Fingerprints are equal where, and only where, the same operations are applied.
fn fingerprints_tell_what_is_seen(views: &[&View]) -> bool {
    let is_told = |a: &View, b: &View| (a.fingerprint == b.fingerprint) == (a.seen == b.seen);
    views.iter().enumerate().all(|(index, a)| views[..index].iter().all(|b| is_told(a, b)))
}

fn all_agree(views: &[&View]) -> bool {
    views.windows(2).all(|pair| pair[0].claims == pair[1].claims)
}

fn are_folded_in_part(views: &[&View]) -> bool {
    views.windows(2).any(|pair| pair[0].is_folded != pair[1].is_folded)
}

impl Met {
    /// The number of a message.
    fn message(&mut self, message: Message) -> usize {
        let Self { messages, message_numbers, .. } = self;
        *message_numbers.entry(format!("{message:?}")).or_insert_with(|| {
            messages.push(message);
            messages.len() - 1
        })
    }

    /// The number of the moment at which a replica is like this, or panicked like that.
    fn moment(&mut self, replica: Replica, panicked: Option<Panic>) -> usize {
        let identity = format!("{replica:?} {}", panicked.is_some());
        let Self { moments, moment_numbers, messages, .. } = self;
        *moment_numbers.entry(identity).or_insert_with(|| {
            let view = match panicked {
                Some(panic) => Err(panic),
                None => catch_unwind(AssertUnwindSafe(|| replica.check(messages))),
            };
            let view = view.map_err(|panic| text_of(&*panic));
            moments.push(Arc::new(Moment { number: moments.len(), replica, view }));
            moments.len() - 1
        })
    }
}

type Panic = Box<dyn Any + Send>;

fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("panicked").to_owned()
}
