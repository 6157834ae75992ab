//! A merge in slow motion: bead by bead, what is asked of each, and what becomes of it.

use gloo::timers::callback::Interval;
use scalesmall_crdt::{Claim, Contribution, NodeId};
use web_sys::{Element, HtmlSelectElement, ScrollIntoViewOptions, ScrollLogicalPosition};
use yew::prelude::*;

use super::Dialog;
use crate::merging::{Fate, MergedBead, Merging, Sight};
use crate::preferences::is_motion_reduced;
use crate::shared::Shared;
use crate::texts::{plural, text};
use crate::words;

/// The time for which a bead is asked, in milliseconds.
const BEAD_MS: u32 = 1_500;
/// The most claims whose priorities are told.
const CHANGES_MAX: usize = 8;

#[derive(PartialEq, Properties)]
pub(crate) struct Props {
    /// Who merges, and what that one has seen whom it merges with.
    pub(crate) names: [NodeId; 2],
    pub(crate) merging: Shared<Merging>,
    pub(crate) on_close: Callback<()>,
}

/// A dialog in which two nodes merge. The run itself is not touched.
#[component]
pub(crate) fn Merge(props: &Props) -> Html {
    let Props { names, merging, on_close } = props;
    let [here, there] = names;
    let end = merging.beads.len();
    // So many beads have met their fate.
    let told = use_state(|| 0_usize);
    let plays = use_state(|| !is_motion_reduced());
    {
        let told = told.clone();
        use_effect_with((*told, *plays), move |&(now, plays)| {
            let go_on = move || told.set(now + 1);
            let timer = (plays && now < end).then(|| Interval::new(BEAD_MS, go_on));
            move || drop(timer)
        });
    }
    let go_to = {
        let (told, plays) = (told.clone(), plays.clone());
        Callback::from(move |to: usize| {
            plays.set(false);
            told.set(to.min(end));
        })
    };
    let (back, on) = (told.saturating_sub(1), *told + 1);
    let on_key = go_to.clone();
    let on_key = Callback::from(move |event: KeyboardEvent| match event.key().as_str() {
        "ArrowLeft" => on_key.emit(back),
        "ArrowRight" => on_key.emit(on),
        _ => {}
    });
    let toggle = {
        let (told, plays) = (told.clone(), plays.clone());
        Callback::from(move |_: MouseEvent| {
            if *told >= end {
                told.set(0);
            }
            plays.set(*told >= end || !*plays);
        })
    };
    let current = use_node_ref();
    {
        let current = current.clone();
        use_effect_with(*told, move |_| reveal(&current));
    }
    let is_over = *told >= end;
    html! {
        <Dialog class="help merge" title={text!("merge.title", here = here, there = there)} opener="merge" {on_close} {on_key}>
            <p class="lead">{ text!("merge.about", there = there) }</p>
            <p class="lead cargo">
                { text!("merge.delta") }
                { format!(" {}, {} · ", plural!("operations", merging.delta.0), plural!("envelope.bytes", merging.delta.1)) }
                <span class="crate">{ text!("envelope.state") }</span>
                { format!(" {}", plural!("envelope.bytes", merging.state_bytes)) }
            </p>
            <div class="asked-beads" tabindex="0" role="group" aria-label={text!("merge.beads")}>
                <table>
                    <thead><tr>
                        <th scope="col">{ text!("merge.bead") }</th>
                        <th scope="col">{ here.to_string() }</th>
                        <th scope="col">{ there.to_string() }</th>
                        <th scope="col">{ text!("merge.after", here = here) }</th>
                    </tr></thead>
                    <tbody>{ for merging.beads.iter().enumerate().map(|(index, bead)| row(bead, index, *told, &current)) }</tbody>
                </table>
                if merging.more > 0 {
                    <p class="faint">{ plural!("merge.more", merging.more) }</p>
                }
            </div>
            <p class="lead answer" role="status">
                { match told.checked_sub(1).and_then(|last| merging.beads.get(last)) {
                    Some(bead) => said(bead, names),
                    None if end == 0 => text!("merge.nothing").to_owned(),
                    None => text!("merge.begin").to_owned(),
                } }
            </p>
            if is_over {
                <p id="merged" class="lead">{ changes(merging, here) }</p>
            }
            <p class="lead controls">
                <button id="merge-play" class="plain" disabled={end == 0} onclick={toggle}>
                    { match (is_over, *plays) {
                        (true, _) => text!("merge.again"),
                        (false, true) => text!("transport.pause"),
                        (false, false) => text!("transport.play"),
                    } }
                </button>
                <button id="merge-back" class="plain" disabled={*told == 0} onclick={go_to.reform(move |_: MouseEvent| back)}>{ text!("merge.back") }</button>
                <button id="merge-next" class="plain" disabled={is_over} onclick={go_to.reform(move |_: MouseEvent| on)}>{ text!("merge.next") }</button>
                <button id="merge-end" class="plain" disabled={is_over} onclick={go_to.reform(move |_: MouseEvent| end)}>{ text!("merge.end") }</button>
            </p>
        </Dialog>
    }
}

#[derive(PartialEq, Properties)]
pub(crate) struct WithProps {
    /// With whom there is to merge: numbers and names.
    pub(crate) others: Vec<(usize, AttrValue)>,
    pub(crate) on_merge: Callback<usize>,
}

/// Where one begins: whose state is it to be?
#[component]
pub(crate) fn MergeWith(props: &WithProps) -> Html {
    let select = use_node_ref();
    let onclick = {
        let (select, on_merge) = (select.clone(), props.on_merge.clone());
        Callback::from(move |_: MouseEvent| {
            let chosen = select.cast::<HtmlSelectElement>().map(|select| select.value());
            chosen.and_then(|it| it.parse().ok()).into_iter().for_each(|it| on_merge.emit(it));
        })
    };
    html! {
        <p class="controls">
            <label>
                { text!("merge.offer") }
                { " " }
                <select ref={select}>
                    { for props.others.iter().map(|(node, name)| html! { <option value={node.to_string()}>{ name }</option> }) }
                </select>
            </label>
            <button id="merge" class="plain" {onclick}>{ text!("merge.open") }</button>
        </p>
    }
}

/// Scrolls to a row.
fn reveal(row: &NodeRef) {
    let options = ScrollIntoViewOptions::new();
    options.set_block(ScrollLogicalPosition::Nearest);
    let row = row.cast::<Element>();
    row.iter().for_each(|row| row.scroll_into_view_with_scroll_into_view_options(&options));
}

fn row(bead: &MergedBead, index: usize, told: usize, current: &NodeRef) -> Html {
    let class = match index + 1 {
        place if place == told => "current",
        place if place < told => "done",
        _ => "to-come",
    };
    let name = format!("{}·{}", bead.dot.replica.node, bead.dot.counter);
    let number = bead.dot.counter;
    html! {
        <tr key={index} {class} ref={if class == "current" { current.clone() } else { NodeRef::default() }}>
            <th scope="row">
                <span><span class="name mono">{ name }</span>{ amount(&bead.contribution) }</span>
                <span class="faint">{ format!("{} {}", bead.claim.node, words::range(bead.claim.range)) }</span>
            </th>
            { for bead.sights.into_iter().map(|sight| html! { <td>{ sighted(sight, number) }</td> }) }
            <td>
                if index < told {
                    { outcome(bead.fate, number) }
                }
            </td>
        </tr>
    }
}

fn sighted(sight: Sight, number: u64) -> Html {
    let (class, meaning) = match sight {
        Sight::Alive => ("alive", text!("beads.alive")),
        Sight::Gone => ("seen", text!("beads.seen")),
        Sight::Unseen => ("missing", text!("beads.missing")),
    };
    html! { <><span class={classes!("bead", class)} aria-hidden="true">{ number }</span><span class="visually-hidden">{ meaning }</span></> }
}

fn outcome(fate: Fate, number: u64) -> Html {
    let (class, meaning) = match fate {
        Fate::ComesIn => ("alive comes", text!("merge.comes")),
        Fate::GoesOut => ("seen goes", text!("merge.goes")),
        Fate::StaysOut => ("seen", text!("merge.stays_gone")),
        fate if fate.is_in() => ("alive", text!("merge.stays")),
        _ => ("seen", text!("merge.goes")),
    };
    html! { <><span class={classes!("bead", class)} aria-hidden="true">{ number }</span>{ " " }{ meaning }</> }
}

/// What a bead adds.
fn amount(contribution: &Contribution) -> String {
    match contribution.change {
        0 => text!("merge.registration").to_owned(),
        change => format!("{change:+}").replace('-', "−"),
    }
}

/// The questions that a bead is asked, and what follows.
fn said(MergedBead { dot, fate, .. }: &MergedBead, [here, there]: &[NodeId; 2]) -> String {
    let bead = format!("{}·{}", dot.replica.node, dot.counter);
    match fate {
        Fate::StaysAgreed => text!("merge.both", bead = bead),
        Fate::Stays => text!("merge.unseen_there", bead = bead, here = here, there = there),
        Fate::GoesOut => text!("merge.gone_there", bead = bead, here = here, there = there),
        Fate::ComesIn => text!("merge.unseen_here", bead = bead, here = here, there = there),
        Fate::StaysOut => text!("merge.gone_here", bead = bead, here = here, there = there),
        Fate::Otherwise { .. } => text!("merge.otherwise", bead = bead),
    }
}

/// What the merge has changed, for those who count on it.
fn changes(merging: &Merging, here: &NodeId) -> String {
    if merging.changes.is_empty() {
        return text!("merge.unchanged", here = here);
    }
    let priority = |priority: Option<u64>| match priority {
        Some(priority) => priority.to_string(),
        None => text!("merge.not_live").to_owned(),
    };
    let change = |(claim, [before, after]): &(Claim, [Option<u64>; 2])| {
        let range = words::range(claim.range);
        format!("{} {range}: {} → {}", claim.node, priority(*before), priority(*after))
    };
    let told: Vec<String> = merging.changes.iter().take(CHANGES_MAX).map(change).collect();
    let more = merging.changes.len().saturating_sub(CHANGES_MAX);
    let ending = if more > 0 { format!("; {}", plural!("more", more)) } else { String::new() };
    text!("merge.changed", here = here, changes = told.join("; ") + &ending)
}
