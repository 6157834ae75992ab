//! The document's side of the local views: a row for each strip.

use yew::prelude::*;

use super::Swatch;
use crate::identity::Identities;
use crate::paint::ROW_PITCH;
use crate::picture::{Picture, View};
use crate::shared::Shared;
use crate::words;

#[derive(PartialEq, Properties)]
pub(crate) struct Props {
    pub(crate) picture: Shared<Picture>,
    pub(crate) identities: Shared<Identities>,
    /// How many nodes have a row.
    pub(crate) count: usize,
    pub(crate) selected: Option<usize>,
    /// Nodes that are chosen for something that is to befall them together.
    pub(crate) chosen: Vec<usize>,
    /// A node's name or strip is clicked, or pressed by the keyboard.
    pub(crate) on_click: Callback<(usize, MouseEvent)>,
}

/// Name and look of each node, with the strip behind as a part of the button that opens the node.
#[component]
pub(crate) fn ViewRows(props: &Props) -> Html {
    let views = &props.picture.views[..props.count];
    let row = |(index, view): (usize, &View)| {
        let before = index.checked_sub(1).map(|before| &views[before]);
        let is_boundary = before.is_some_and(|before| before.group != view.group);
        let begins_cut = view.is_cut_off && before.is_none_or(|before| before.group != view.group);
        let is_chosen = props.chosen.contains(&index);
        let is_selected = props.selected == Some(index) || is_chosen;
        let condition = words::condition(view)
            .filter(|_| view.status != scalesmall_sim::Status::Up || begins_cut);
        let class = classes!(
            "view",
            is_boundary.then_some("boundary"),
            view.disagrees().then_some("disagrees"),
            is_chosen.then_some("chosen"),
            (!view.is_live()).then_some("down"),
            props.identities.is_grey(&view.name).then_some("grey"),
        );
        html! {
            <li {class} style={format!("height:{ROW_PITCH}px")}>
                <button
                    data-node={view.name.to_string()}
                    aria-label={format!("{}: {}", view.name, words::view(view))}
                    aria-pressed={is_selected.to_string()}
                    onclick={props.on_click.reform(move |event| (index, event))}
                >
                    <span class="name">{ view.name.to_string() }</span>
                    <Swatch identity={props.identities.get(&view.name)} />
                    if let Some(condition) = condition {
                        { " " }<span class="condition">{ condition }</span>
                    }
                </button>
            </li>
        }
    };
    html! {
        <ol class="view-rows">{ for views.iter().enumerate().map(row) }</ol>
    }
}
