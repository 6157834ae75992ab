//! Every order in which the operations of a scenario can be delivered.
//!
//! # Problem
//!
//! Whether replicas that have heard the same agree, whatever order they heard it in, is what makes a
//! replicated type converge. For a few operations that can be tried out whole.
//!
//! # Model
//!
//! The scenario is played, which says what each operation came to where it was issued. One more
//! replica, the *observer*, has at first what all have applied before time 0, and then each operation
//! is delivered to it once, in every order. What it has been delivered and shows by then is a
//! [`State`]; what follows from a state does not depend on how it came about, so that orders that
//! have met go on as one: a graph with a few states for thousands of orders. Where the type
//! converges, that graph is the lattice of what can be seen.
//!
//! # Invariants
//!
//! - The orders that lead to the [ends](Exploration::ends) are all there are, n! for n messages; each
//!   order leads to one end.
//! - An order [played](Exploration::played) as a scenario ends, at the observer, in the state that it
//!   leads to here.
//!
//! Source: Shapiro, Preguiça, Baquero and Zawirski 2011, "Conflict-free replicated data types",
//! section 2 (that what has been delivered, and not in which order, decides).

use std::collections::BTreeMap;
use std::sync::Arc;

use scalesmall_crdt::{Delta, Fingerprint, NodeId, Replicated, Update, VersionVector};
use scalesmall_node::SimTime;

use crate::limits::{EXPLORED_MESSAGES_MAX, REPLICAS_MAX, TIME_MS_MAX};
use crate::{Action, Mode, Scenario, Simulation, Step};

/// The time between two deliveries of an order that is played, in microseconds.
const DELIVERY_US: u64 = 500_000;

/// Why the orders of a scenario cannot be explored. It names the place in the scenario.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotExplored {
    /// Messages come by themselves.
    #[error(
        "network.mode: only in \"manual\" do the steps alone say what an operation's issuer has seen"
    )]
    NotManual,
    /// A node joins.
    #[error("steps[{0}]: nodes that join cannot be explored")]
    Joins(usize),
    /// There are more operations than can be explored.
    #[error("steps: {0} operations; orders of 1 to {EXPLORED_MESSAGES_MAX} can be explored")]
    Count(usize),
    /// There is no room for the observer.
    #[error("replicas: {0} are as many as there can be, and the orders need one more")]
    Full(usize),
}

/// All orders of delivery of a scenario's operations.
pub struct Exploration {
    scenario: Scenario,
    messages: Vec<Message>,
    states: Vec<State>,
}

/// An operation that is delivered.
pub struct Message {
    /// What it came to where it was issued.
    pub update: Arc<Update>,
    /// Which of the scenario's steps has issued it.
    step: usize,
}

/// What the observer has been delivered, and what it shows then.
pub struct State {
    /// Which messages it has been delivered, a bit each.
    pub delivered: u32,
    /// The observer itself.
    pub replica: Box<dyn Replicated>,
    /// How many orders lead here.
    pub orders: u64,
    /// The states from which one delivery leads here, and of which message.
    pub before: Vec<(usize, usize)>,
}

impl Exploration {
    /// Explores a scenario: up to 2^n states for n messages where the type converges, else up to
    /// one for each order of each part of them.
    ///
    /// # Errors
    ///
    /// [`NotExplored`], where the scenario has too many operations, or they depend on more than its
    /// steps.
    pub fn of(scenario: Scenario) -> Result<Self, NotExplored> {
        if scenario.network.mode != Mode::Manual {
            return Err(NotExplored::NotManual);
        }
        let is_join = |step: &Step| matches!(step.action, Action::Join { .. });
        if let Some(step) = scenario.steps.iter().position(is_join) {
            return Err(NotExplored::Joins(step));
        }
        if scenario.replicas.len() >= REPLICAS_MAX {
            return Err(NotExplored::Full(scenario.replicas.len()));
        }
        let asked = operations(&scenario).count();
        if asked > EXPLORED_MESSAGES_MAX {
            return Err(NotExplored::Count(asked));
        }
        let messages = messages(&scenario);
        if messages.is_empty() {
            return Err(NotExplored::Count(0));
        }
        let at_first = Simulation::new(scenario.clone()).replicas()[0].claims().boxed();
        let states = states(at_first, &messages);
        Ok(Self { scenario, messages, states })
    }

    /// What is delivered, in the order of the scenario.
    #[must_use]
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// All states, those that have been delivered less first. The first has been delivered nothing.
    #[must_use]
    pub fn states(&self) -> &[State] {
        &self.states
    }

    /// How many orders there are.
    #[must_use]
    pub fn orders(&self) -> u64 {
        self.ends().map(|end| self.states[end].orders).sum()
    }

    /// The states in which everything has been delivered: one, where all orders end alike.
    pub fn ends(&self) -> impl Iterator<Item = usize> {
        let all = (1 << self.messages.len()) - 1;
        (0..self.states.len()).filter(move |&state| self.states[state].delivered == all)
    }

    /// An order that leads to a state: the messages as they are delivered.
    #[must_use]
    pub fn order_to(&self, state: usize) -> Vec<usize> {
        let mut order = Vec::new();
        let mut state = state;
        while let Some(&(before, message)) = self.states[state].before.first() {
            order.push(message);
            state = before;
        }
        order.reverse();
        order
    }

    /// The scenario with an observer, to which the messages are delivered in this order at its end.
    #[must_use]
    pub fn played(&self, order: &[usize]) -> Scenario {
        let mut scenario = self.scenario.clone();
        let observer = scenario.replicas.len();
        let name = observer_name(&scenario.replicas);
        scenario.replicas = scenario.replicas.iter().cloned().chain([name]).collect();
        scenario.founders += 1;
        for (index, message) in self.messages.iter().enumerate().rev() {
            let issued = &self.scenario.steps[message.step];
            let Action::Operation(request) = &issued.action else { unreachable!("an operation") };
            let (from, name) = (request.on, message_name(index));
            let send = Action::Send { from, to: observer, name, only_last_operation: true };
            scenario.steps.insert(message.step + 1, Step { at: issued.at, action: send });
        }
        let last = scenario.steps.last().map_or(SimTime::ZERO, |step| step.at);
        let latest = SimTime::from_ms(TIME_MS_MAX);
        let at = |place: usize| latest.min(last + DELIVERY_US * (place as u64 + 1));
        let deliver = |(place, &message): (usize, &usize)| Step {
            at: at(place),
            action: Action::Deliver(message_name(message)),
        };
        scenario.steps.extend(order.iter().enumerate().map(deliver));
        scenario.until.converged = false;
        scenario.until.max = scenario.until.max.max(at(order.len()));
        scenario
    }
}

/// The steps that are operations.
fn operations(scenario: &Scenario) -> impl Iterator<Item = usize> {
    let steps = scenario.steps.iter().enumerate();
    steps.filter(|(_, step)| matches!(step.action, Action::Operation(_))).map(|(index, _)| index)
}

/// What was issued, by which step. Some operations have no effect, which shows by playing the
/// scenario up to each.
fn messages(scenario: &Scenario) -> Vec<Message> {
    let mut seen: Option<VersionVector> = None;
    let mut messages = Vec::new();
    let until = |end: usize| {
        let mut scenario = scenario.clone();
        scenario.steps.truncate(end);
        let mut simulation = Simulation::new(scenario);
        while simulation.step() {}
        simulation
    };
    for step in operations(scenario) {
        let before = seen.take().unwrap_or_else(|| until(step).truth().context().clone());
        let simulation = until(step + 1);
        let new = simulation.issued().beyond(&before, 1);
        messages.extend(new.updates().map(|update| Message { update: Arc::clone(update), step }));
        seen = Some(simulation.truth().context().clone());
    }
    messages
}

/// All states that follow from the first.
fn states(at_first: Box<dyn Replicated>, messages: &[Message]) -> Vec<State> {
    let first = State { delivered: 0, replica: at_first, orders: 1, before: Vec::new() };
    let mut states = vec![first];
    let mut known: BTreeMap<(u32, Fingerprint), usize> = BTreeMap::new();
    let mut next = 0;
    while next < states.len() {
        for (message, Message { update, .. }) in messages.iter().enumerate() {
            let State { delivered, ref replica, orders, .. } = states[next];
            if delivered & 1 << message != 0 {
                continue;
            }
            let delivered = delivered | 1 << message;
            let mut replica = replica.clone();
            let _ = replica.join(&Delta::from_iter([Arc::clone(update)]));
            let state = *known.entry((delivered, replica.fingerprint())).or_insert(states.len());
            if state == states.len() {
                states.push(State { delivered, replica, orders: 0, before: Vec::new() });
            }
            states[state].orders += orders;
            states[state].before.push((next, message));
        }
        next += 1;
    }
    states
}

fn message_name(index: usize) -> String {
    format!("message {}", index + 1)
}

/// A name that nobody has.
fn observer_name(taken: &[NodeId]) -> NodeId {
    let names = (1_u32..).map(|number| match number {
        1 => "observer".to_owned(),
        _ => format!("observer-{number}"),
    });
    let mut names = names.map(|name| NodeId::new(&name).expect("a short name"));
    names.find(|name| !taken.contains(name)).expect("some name is free")
}
