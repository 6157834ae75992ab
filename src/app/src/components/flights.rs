//! The messages that are on their way, as a table: for those who do not see arrows, or cannot hit
//! them.

use yew::prelude::*;

use super::envelope::fates;
use crate::chronicle::End;
use crate::edit::Step;
use crate::shared::Shared;
use crate::space_time::{Arrow, SpaceTime};
use crate::texts::{plural, text};

/// The most messages that are listed.
const LISTED_MAX: usize = 30;

#[derive(PartialEq, Properties)]
pub(crate) struct Props {
    pub(crate) diagram: Shared<SpaceTime>,
    pub(crate) on_step: Callback<Step>,
}

#[component]
pub(crate) fn Flights(props: &Props) -> Html {
    let diagram = &*props.diagram;
    let is_open = |arrow: &&Arrow| arrow.flight.end == End::Open;
    let count = diagram.arrows.iter().filter(is_open).count();
    let row = |arrow: &Arrow| {
        let name = |lane: usize| AttrValue::from(diagram.lanes[lane].name.to_string());
        let names = [name(arrow.from_lane), name(arrow.to_lane)];
        let number = arrow.flight.number?;
        let due = match arrow.flight.due_at < diagram.now {
            true => text!("envelope.waits").to_owned(),
            false => arrow.flight.due_at.to_string(),
        };
        Some(html! {
            <tr key={number}>
                <th scope="row">{ &names[0] }{ " → " }{ &names[1] }</th>
                <td>{ arrow.flight.sent.kind }</td>
                <td class="number">{ due }</td>
                <td class="controls">{ for fates([&names[0], &names[1]], number, &props.on_step) }</td>
            </tr>
        })
    };
    let rows = diagram.arrows.iter().filter(is_open).take(LISTED_MAX).filter_map(row);
    html! {
        <details class="flights">
            <summary>{ plural!("flights.title", count) }</summary>
            if count > 0 {
                <div class="scrolls">
                    <table>
                        <thead><tr>
                            <th scope="col">{ text!("flights.link") }</th>
                            <th scope="col">{ text!("flights.kind") }</th>
                            <th scope="col">{ text!("flights.due") }</th>
                            <th scope="col">{ text!("flights.by_hand") }</th>
                        </tr></thead>
                        <tbody>{ for rows }</tbody>
                    </table>
                </div>
            }
            if count > LISTED_MAX {
                <p class="faint">{ plural!("flights.more", count - LISTED_MAX) }</p>
            }
        </details>
    }
}
