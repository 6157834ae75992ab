//! Who is connected, over what, and what is done to the link.

use scalesmall_peer::{Condition, Faults, LinkFacts, Path, Peer, PeerId};
use scalesmall_sim::SimTime;
use yew::prelude::*;

use crate::texts::text;

/// One who is connected.
#[derive(Clone, PartialEq)]
pub(super) struct Neighbour {
    peer: PeerId,
    facts: LinkFacts,
    nodes: Vec<String>,
    is_hidden: bool,
}

impl Neighbour {
    /// All that are connected to a peer.
    pub(super) fn all(peer: &Peer, now: SimTime) -> Vec<Self> {
        let hidden: Vec<_> = peer
            .remote_views(now)
            .filter(|view| view.condition == Condition::Hidden)
            .map(|view| view.replica.node.clone())
            .collect();
        let neighbour = |(id, facts): (PeerId, LinkFacts)| Self {
            peer: id,
            facts,
            nodes: peer.hosted_by(id).map(ToString::to_string).collect(),
            is_hidden: peer.hosted_by(id).any(|node| hidden.contains(node)),
        };
        peer.links().map(neighbour).collect()
    }

    fn path(&self) -> &'static str {
        match self.facts.path {
            Path::Host => text!("live.path_host"),
            Path::Reflexive => text!("live.path_reflexive"),
            Path::Relay => text!("live.path_relay"),
            Path::BroadcastChannel => text!("live.path_broadcast"),
            Path::Unknown | Path::Simulated => text!("live.path_unknown"),
        }
    }
}

/// The delays that a link can be given, in milliseconds.
const DELAYS_MS: [u32; 4] = [0, 100, 500, 2_000];
/// How many of a thousand messages a link can be told to lose.
const LOSSES_PER_MILLE: [u16; 4] = [0, 100, 300, 600];

/// What is done to links by hand.
#[derive(Clone, Copy)]
pub(super) enum Fault {
    /// This is to befall the link to a peer.
    Link(PeerId, Faults),
    /// A peer is chosen, or no longer.
    Choose(PeerId),
    /// Nothing passes between those that are chosen and the others.
    CutOff,
    /// Everything passes again.
    Heal,
}

/// Whether a link crosses the cut between those that are chosen and the others.
pub(super) fn crosses(chosen: &[PeerId], ends: [PeerId; 2]) -> bool {
    let [one, other] = ends.map(|end| chosen.contains(&end));
    one != other
}

/// The peers that are connected, with what can befall each link.
pub(super) fn neighbours(
    neighbours: &[Neighbour],
    chosen: &[PeerId],
    turned_away: &[String],
    on_fault: &Callback<Fault>,
) -> Html {
    let can_choose = neighbours.len() > 1;
    let are_chosen = neighbours.iter().any(|it| chosen.contains(&it.peer));
    let is_cut = neighbours.iter().any(|it| it.facts.faults.is_cut);
    let on = |fault| on_fault.reform(move |_: MouseEvent| fault);
    html! {
        <>
            if neighbours.is_empty() {
                <p>{ text!("live.alone") }</p>
            } else {
                <div class="scrolls"><table id="neighbours">
                    <thead><tr>
                        <th scope="col">{ text!("live.peer") }</th>
                        <th scope="col">{ text!("live.link") }</th>
                        <th scope="col">{ text!("live.path") }</th>
                        <th scope="col">{ text!("live.round_trip") }</th>
                        <th scope="col">{ text!("live.bytes") }</th>
                    </tr></thead>
                    <tbody>{ for neighbours.iter().map(|it| {
                        row(it, can_choose.then(|| chosen.contains(&it.peer)), on_fault)
                    }) }</tbody>
                </table></div>
            }
            if can_choose {
                <div class="controls">
                    <button id="cut-off" class="plain" disabled={!are_chosen} onclick={on(Fault::CutOff)}>{ text!("live.cut_off") }</button>
                    <button id="heal-all" class="plain" disabled={!is_cut} onclick={on(Fault::Heal)}>{ text!("live.heal") }</button>
                    <span class="faint">{ text!("live.cut_off_about") }</span>
                </div>
            }
            if !turned_away.is_empty() {
                <p class="faint" id="turned-away">{ text!("live.turned_away", who = turned_away.join("; ")) }</p>
            }
        </>
    }
}

/// One peer; where that can be, it is chosen or not.
fn row(neighbour: &Neighbour, is_chosen: Option<bool>, on_fault: &Callback<Fault>) -> Html {
    let Neighbour { peer, facts, nodes, is_hidden } = neighbour;
    let (peer, faults) = (*peer, facts.faults);
    let [came, went] = facts.bytes;
    let round_trip =
        facts.round_trip_us.map(|us| format!("{}.{} ms", us / 1_000, us % 1_000 / 100));
    let on = |faults| on_fault.reform(move |_: MouseEvent| Fault::Link(peer, faults));
    let delay_ms = DELAYS_MS.into_iter().find(|ms| ms * 1_000 > faults.delay_us).unwrap_or(0);
    let loss = LOSSES_PER_MILLE.into_iter().find(|&it| it > faults.loss_per_mille).unwrap_or(0);
    let names = match nodes.join(", ") {
        names if names.is_empty() => text!("live.unproven").to_owned(),
        names => names,
    };
    let delay = format!("+{} ms", faults.delay_us / 1_000);
    let lost = format!("−{} %", faults.loss_per_mille / 10);
    html! {
        <tr key={peer.to_string()}>
            <th scope="row">
                if let Some(is_chosen) = is_chosen {
                    <label class="choice">
                        <input type="checkbox" checked={is_chosen} onchange={on_fault.reform(move |_: Event| Fault::Choose(peer))} />
                        { names.clone() }
                    </label>
                } else {
                    { names.clone() }
                }
                if *is_hidden {
                    <span class="condition">{ format!(" ({})", text!("live.hidden")) }</span>
                }
            </th>
            <td>
                <button class="plain small" onclick={on(Faults { is_cut: !faults.is_cut, ..faults })} aria-pressed={faults.is_cut.to_string()} aria-label={text!("live.cut_link", nodes = names)}>{ text!("live.cut") }</button>
                { " " }
                <button class="plain small" onclick={on(Faults { delay_us: delay_ms * 1_000, ..faults })} aria-label={format!("{delay}: {}", text!("live.delay_link", nodes = names))}>{ delay.clone() }</button>
                { " " }
                <button class="plain small" onclick={on(Faults { loss_per_mille: loss, ..faults })} aria-label={format!("{lost}: {}", text!("live.lose_on_link", nodes = names))}>{ lost.clone() }</button>
            </td>
            <td>{ neighbour.path() }</td>
            <td class="mono">{ round_trip.unwrap_or_else(|| "–".to_owned()) }</td>
            <td class="mono">{ format!("{} / {}", kilobytes(came), kilobytes(went)) }</td>
        </tr>
    }
}

fn kilobytes(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} B"),
        _ => format!("{} kB", bytes / 1_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_is_between_those_that_are_chosen_and_the_others() {
        let [a, b, c, d] = [1, 2, 3, 4].map(PeerId::new);
        let chosen = [b, c];
        let cut = |ends| crosses(&chosen, ends);
        assert!(cut([a, b]) && cut([c, d]));
        assert!(!cut([a, d]) && !cut([b, c]));
        assert!(!crosses(&[], [a, b]));
    }
}
