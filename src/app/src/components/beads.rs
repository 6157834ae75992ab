//! Which operations a node has seen, as beads.

use std::collections::BTreeSet;

use scalesmall_crdt::{Dot, ReplicaId, Replicated};
use yew::prelude::*;

use crate::texts::{plural, text};

/// The most writers that have a row, and the most beads in it.
const ROWS_MAX: usize = 8;
const BEADS_MAX: u64 = 8;

/// What a node has seen of one writer, in the order of its operations; the latest of them.
#[derive(Clone, PartialEq)]
pub(crate) struct BeadRow {
    writer: AttrValue,
    /// How many operations came before.
    earlier: u64,
    beads: Vec<(u64, Bead)>,
}

#[derive(Clone, Copy, PartialEq)]
enum Bead {
    /// It has been seen, and what it added is still there.
    Alive,
    /// It has been seen, and adds nothing any more, or never did.
    Seen,
    Missing,
}

impl BeadRow {
    /// The rows of a node whose replica is `own`, beside everything there is: first the writers of
    /// whom something is missing.
    pub(crate) fn of(own: &dyn Replicated, truth: &dyn Replicated) -> Vec<Self> {
        let lacks = |(writer, total): &(&ReplicaId, u64)| own.context().counter(writer) < *total;
        let (lacking, known): (Vec<_>, Vec<_>) = truth.context().iter().partition(lacks);
        let mut alive: BTreeSet<Dot> = BTreeSet::new();
        let map = own.as_claim_map();
        for (map, (claim, _)) in
            map.into_iter().flat_map(|map| map.claims().map(move |it| (map, it)))
        {
            alive.extend(map.contributions(&claim).map(|(dot, _)| dot));
        }
        let row = |(writer, total): (&ReplicaId, u64)| {
            let earlier = total.saturating_sub(BEADS_MAX);
            let bead = |counter: u64| {
                let dot = Dot { replica: writer.clone(), counter };
                let bead = match own.context().contains(&dot) {
                    false => Bead::Missing,
                    // Only a claim map says what survives.
                    true if map.is_none() || alive.contains(&dot) => Bead::Alive,
                    true => Bead::Seen,
                };
                (counter, bead)
            };
            let beads = (earlier + 1..=total).map(bead).collect();
            Self { writer: writer_name(writer), earlier, beads }
        };
        lacking.into_iter().chain(known).take(ROWS_MAX).map(row).collect()
    }
}

/// The name of a replica; its incarnation matters only after the first.
fn writer_name(writer: &ReplicaId) -> AttrValue {
    match writer.incarnation {
        0 => writer.node.to_string().into(),
        _ => writer.to_string().into(),
    }
}

#[derive(PartialEq, Properties)]
pub(crate) struct Props {
    pub(crate) rows: Vec<BeadRow>,
    /// How many writers there are.
    pub(crate) writers: usize,
}

#[component]
pub(crate) fn Beads(props: &Props) -> Html {
    let more = props.writers.saturating_sub(props.rows.len());
    let row = |row: &BeadRow| {
        html! {
            <tr>
                <th scope="row">{ &row.writer }</th>
                <td>
                    if row.earlier > 0 { <span class="earlier">{ format!("1–{} ", row.earlier) }</span> }
                    { for row.beads.iter().map(bead) }
                </td>
            </tr>
        }
    };
    html! {
        <>
            <table class="beads"><tbody>{ for props.rows.iter().map(row) }</tbody></table>
            if more > 0 { <p class="faint">{ plural!("beads.more", more) }</p> }
            <p class="faint">{ text!("beads.legend") }</p>
        </>
    }
}

fn bead((counter, bead): &(u64, Bead)) -> Html {
    let (class, title) = match bead {
        Bead::Alive => ("alive", text!("beads.alive")),
        Bead::Seen => ("seen", text!("beads.seen")),
        Bead::Missing => ("missing", text!("beads.missing")),
    };
    html! { <span class={classes!("bead", class)} {title}>{ counter }</span> }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scalesmall_sim::{Scenario, Simulation};

    #[test]
    fn beads_tell_what_is_alive_what_is_not_and_what_is_missing() {
        let text = r#"{ "format": 1, "replicas": ["a", "b"], "network": { "mode": "manual" },
            "steps": [ { "on": "a", "do": "register", "claim": ["a", 0, 9] },
                       { "on": "a", "do": "release", "claim": ["a", 0, 9] },
                       { "on": "a", "do": "register", "claim": ["a", 5, 9] },
                       { "sync": ["a", "b"] },
                       { "on": "a", "do": "increase", "by": 2, "claim": ["a", 5, 9] } ],
            "until": { "max_ms": 10 } }"#;
        let mut simulation = Simulation::new(Scenario::parse(text).unwrap());
        while simulation.step() {}
        let at_b = simulation.replicas()[1].claims();
        let rows = BeadRow::of(at_b, simulation.truth());
        let beads: Vec<Bead> = rows[0].beads.iter().map(|&(_, bead)| bead).collect();
        assert!(beads == [Bead::Seen, Bead::Seen, Bead::Alive, Bead::Missing]);
        assert_eq!(rows[0].writer.as_str(), "a");
    }
}
