//! Which operations make a node believe what it does about a key, which it has not seen, and by
//! what way each came.

use scalesmall_crdt::{Dot, Key, NodeId, Operation, Owner, Update};
use scalesmall_sim::Simulation;
use yew::prelude::*;

use crate::chronicle::{Chronicle, Hop};
use crate::texts::{plural, text};
use crate::why::{Reason, Standing, Why as Answer};
use crate::words;

/// The most operations that are listed.
const LISTED_MAX: usize = 24;

/// The answer, in words.
#[derive(Clone, PartialEq)]
pub(crate) struct WhyFacts {
    question: String,
    reasons: Vec<ReasonFacts>,
    more: usize,
    /// The run has gone on beyond what is known of its messages.
    is_cut_short: bool,
}

#[derive(Clone, PartialEq)]
struct ReasonFacts {
    dot: String,
    operation: String,
    claim: String,
    /// What it means here, and how it came.
    note: String,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// It makes the primary what it is.
    Decides,
    Counts,
    Unseen,
    Gone,
}

impl WhyFacts {
    /// What makes this node, or all of them together, believe what they do about a key.
    pub(crate) fn of(
        simulation: &Simulation,
        chronicle: &Chronicle,
        node: Option<usize>,
        key: Key,
    ) -> Self {
        let claims = match node {
            Some(node) => simulation.replicas()[node].claims(),
            None => simulation.truth(),
        };
        let answer = Answer::of(claims, simulation.issued(), key);
        let asked = Asked { simulation, chronicle, node };
        let more = answer.reasons.len().saturating_sub(LISTED_MAX);
        let owners = &answer.owners;
        let reasons = answer.reasons.iter().take(LISTED_MAX);
        let reasons = reasons.map(|reason| asked.reason(reason, owners)).collect();
        let question = asked.question(owners.first().map(|owner| &owner.node));
        Self { question, reasons, more, is_cut_short: chronicle.is_full() }
    }
}

struct Asked<'a> {
    simulation: &'a Simulation,
    chronicle: &'a Chronicle,
    node: Option<usize>,
}

impl Asked<'_> {
    fn name(&self, node: usize) -> &NodeId {
        &self.simulation.replicas()[node].node().id().node
    }

    fn question(&self, primary: Option<&NodeId>) -> String {
        match (self.node.map(|node| self.name(node)), primary) {
            (Some(node), Some(owner)) => text!("why.of_node", node = node, owner = owner),
            (Some(node), None) => text!("why.nobody_at_node", node = node),
            (None, Some(owner)) => text!("why.of_truth", owner = owner),
            (None, None) => text!("why.nobody").to_owned(),
        }
    }

    fn reason(&self, Reason { update, standing }: &Reason, owners: &[Owner]) -> ReasonFacts {
        let (kind, meaning) = match standing {
            Standing::Counts(0) => (Kind::Decides, None),
            Standing::Counts(rank) => match owners.get(*rank) {
                Some(_) => (Kind::Counts, Some(text!("why.lower").to_owned())),
                None => (Kind::Counts, Some(text!("why.too_little").to_owned())),
            },
            Standing::Unseen => (Kind::Unseen, Some(self.whereabouts(&update.dot))),
            Standing::Releases => (Kind::Gone, Some(text!("why.takes_away").to_owned())),
            Standing::Cancelled(by) => (Kind::Gone, Some(text!("why.cancelled", by = dot(by)))),
        };
        let way = || way(self.simulation, self.chronicle, self.node?, &update.dot);
        let came = (kind != Kind::Unseen).then(way).flatten();
        let note = [meaning, came].into_iter().flatten().collect::<Vec<_>>().join("; ");
        ReasonFacts {
            dot: dot(&update.dot),
            operation: operation(&update.operation),
            claim: claim(update),
            note,
            kind,
        }
    }

    /// Where an operation is that the node has not seen.
    fn whereabouts(&self, dot: &Dot) -> String {
        let Some(node) = self.node else { return text!("why.lost").to_owned() };
        let mut coming = self.simulation.in_flight().filter(|it| it.to == node);
        if let Some(it) = coming.find(|it| it.carries(dot)) {
            let from = self.name(it.from);
            return match it.arrives_at {
                Some(at) => text!("why.on_its_way", from = from, at = at),
                None => text!("why.held", from = from),
            };
        }
        let replicas = self.simulation.replicas();
        let knows = |index: &usize| {
            replicas[*index].is_live() && replicas[*index].claims().context().contains(dot)
        };
        let knowing: Vec<usize> = (0..replicas.len()).filter(knows).collect();
        let is_reached =
            |&from: &usize| self.simulation.groups().is_none_or(|it| it[from] == it[node]);
        match knowing.len() {
            0 => text!("why.lost").to_owned(),
            _ if !knowing.iter().any(is_reached) => text!("why.other_side").to_owned(),
            count => plural!("why.known_to", count),
        }
    }
}

/// How an operation came to a node, where that is known.
pub(super) fn way(
    simulation: &Simulation,
    chronicle: &Chronicle,
    node: usize,
    dot: &Dot,
) -> Option<String> {
    let way = chronicle.way(node, dot, simulation.now())?;
    let (last, before) = way.split_last()?;
    let name = |hop: &Hop| simulation.replicas()[hop.node].node().id().node.as_str();
    let names: Vec<&str> = before.iter().map(name).collect();
    Some(match names.is_empty() {
        true => text!("why.issued_here", at = last.at),
        false => text!("why.came", at = last.at, way = names.join(" → ")),
    })
}

/// An operation's name, short for those who know the writer by its node.
pub(super) fn dot(dot: &Dot) -> String {
    match dot.replica.incarnation {
        0 => format!("{}·{}", dot.replica.node, dot.counter),
        _ => format!("{}·{}", dot.replica, dot.counter),
    }
}

/// What an operation does, in a word or two.
pub(super) fn operation(operation: &Operation) -> String {
    match operation {
        Operation::Increase { by, .. } | Operation::Decrease { by, .. } => {
            format!("{} {by}", operation.name())
        }
        _ => operation.name().to_owned(),
    }
}

/// The claim that an operation is about.
pub(super) fn claim(update: &Update) -> String {
    let claim = update.operation.claim();
    match update.operation.tightened() {
        Some(tightened) => {
            format!(
                "{} {} → {}",
                claim.node,
                words::range(claim.range),
                words::range(tightened.range)
            )
        }
        None => format!("{} {}", claim.node, words::range(claim.range)),
    }
}

/// The operations, each with what it means here.
pub(crate) fn why(facts: &WhyFacts) -> Html {
    let WhyFacts { question, reasons, more, is_cut_short } = facts;
    html! {
        <section class="why" aria-labelledby="why-title">
            <h4 id="why-title">{ question }</h4>
            if reasons.is_empty() {
                <p class="faint">{ text!("why.nothing") }</p>
            }
            <ul>{ for reasons.iter().map(reason) }</ul>
            if *more > 0 {
                <p class="faint">{ plural!("why.more", *more) }</p>
            }
            if *is_cut_short {
                <p class="faint">{ text!("why.cut_short") }</p>
            }
        </section>
    }
}

fn reason(facts: &ReasonFacts) -> Html {
    let class = match facts.kind {
        Kind::Decides => "decides",
        Kind::Counts => "counts",
        Kind::Unseen => "unseen",
        Kind::Gone => "gone",
    };
    html! {
        <li {class}>
            <p><strong>{ &facts.operation }</strong>{ " " }<span class="dot">{ &facts.dot }</span></p>
            <p class="mono">{ &facts.claim }</p>
            <p class="note">{ &facts.note }</p>
        </li>
    }
}
