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

/// The peers that are connected, with a switch for each link, and a delay.
pub(super) fn neighbours(
    neighbours: &[Neighbour],
    turned_away: &[String],
    on_faults: &Callback<(PeerId, Faults)>,
) -> Html {
    let row = |neighbour: &Neighbour| {
        let Neighbour { peer, facts, nodes, is_hidden } = neighbour;
        let (peer, faults) = (*peer, facts.faults);
        let [came, went] = facts.bytes;
        let round_trip =
            facts.round_trip_us.map(|us| format!("{}.{} ms", us / 1_000, us % 1_000 / 100));
        let on_cut = on_faults
            .reform(move |_: MouseEvent| (peer, Faults { is_cut: !faults.is_cut, ..faults }));
        let on_delay = on_faults.reform(move |_: MouseEvent| {
            let next = DELAYS_MS.into_iter().find(|ms| ms * 1_000 > faults.delay_us).unwrap_or(0);
            (peer, Faults { delay_us: next * 1_000, ..faults })
        });
        let names = nodes.join(", ");
        let delay = format!("+{} ms", faults.delay_us / 1_000);
        html! {
            <tr key={peer.to_string()}>
                <th scope="row">
                    { if names.is_empty() { text!("live.unproven").to_owned() } else { names.clone() } }
                    if *is_hidden {
                        <span class="condition">{ format!(" ({})", text!("live.hidden")) }</span>
                    }
                </th>
                <td>{ neighbour.path() }</td>
                <td class="mono">{ round_trip.unwrap_or_else(|| "–".to_owned()) }</td>
                <td class="mono">{ format!("{} / {}", kilobytes(came), kilobytes(went)) }</td>
                <td>
                    <button class="plain small" onclick={on_cut} aria-pressed={faults.is_cut.to_string()} aria-label={text!("live.cut_link", nodes = names)}>{ text!("live.cut") }</button>
                    { " " }
                    <button class="plain small" onclick={on_delay} aria-label={format!("{delay}: {}", text!("live.delay_link", nodes = names))}>{ delay.clone() }</button>
                </td>
            </tr>
        }
    };
    html! {
        <>
            if neighbours.is_empty() {
                <p>{ text!("live.alone") }</p>
            } else {
                <div class="scrolls"><table id="neighbours">
                    <thead><tr>
                        <th scope="col">{ text!("live.peer") }</th>
                        <th scope="col">{ text!("live.path") }</th>
                        <th scope="col">{ text!("live.round_trip") }</th>
                        <th scope="col">{ text!("live.bytes") }</th>
                        <th scope="col">{ text!("live.link") }</th>
                    </tr></thead>
                    <tbody>{ for neighbours.iter().map(row) }</tbody>
                </table></div>
            }
            if !turned_away.is_empty() {
                <p class="faint" id="turned-away">{ text!("live.turned_away", who = turned_away.join("; ")) }</p>
            }
        </>
    }
}

fn kilobytes(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} B"),
        _ => format!("{} kB", bytes / 1_000),
    }
}
