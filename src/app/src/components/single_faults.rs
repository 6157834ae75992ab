//! What can be done to one link, one way, and to the clock of one node.

use scalesmall_sim::Simulation;
use serde_json::{Value, json};
use wasm_bindgen::JsCast;
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use crate::edit::{Step, step};
use crate::texts::text;

/// The most faults that are listed.
const LISTED_MAX: usize = 20;

/// What there is at present.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SingleFaultFacts {
    nodes: Vec<AttrValue>,
    faults: Vec<Fault>,
    more: usize,
}

/// A fault that lasts until somebody ends it.
#[derive(Clone, Debug, PartialEq)]
enum Fault {
    /// A link that is cut one way.
    Cut(AttrValue, AttrValue),
    /// A link that holds back what it is to bring.
    Clog(AttrValue, AttrValue),
    /// A clock that shows more, or less, by so many milliseconds.
    Clock(AttrValue, i64),
}

impl SingleFaultFacts {
    pub(crate) fn of(simulation: &Simulation) -> Self {
        let name = |index: usize| {
            AttrValue::from(simulation.replicas()[index].node().id().node.to_string())
        };
        let cuts = simulation.cuts().map(|(from, to)| Fault::Cut(name(from), name(to)));
        let clogs = simulation.clogs().map(|(from, to)| Fault::Clog(name(from), name(to)));
        let skews = simulation.replicas().iter().map(|replica| replica.clock_skew_us() / 1_000);
        let skewed = skews.enumerate().filter(|&(_, ms)| ms != 0);
        let clocks = skewed.map(|(index, ms)| Fault::Clock(name(index), ms));
        let mut faults: Vec<Fault> = cuts.chain(clogs).chain(clocks).collect();
        let more = faults.len().saturating_sub(LISTED_MAX);
        faults.truncate(LISTED_MAX);
        Self { nodes: (0..simulation.replicas().len()).map(name).collect(), faults, more }
    }
}

impl Fault {
    fn text(&self) -> String {
        match self {
            Self::Cut(from, to) => text!("faults.is_cut", from = from, to = to),
            Self::Clog(from, to) => text!("faults.is_clogged", from = from, to = to),
            Self::Clock(node, ms) => text!("faults.is_skewed", node = node, ms = format!("{ms:+}")),
        }
    }

    /// The step that ends it.
    fn end(&self) -> Step {
        step(match self {
            Self::Cut(from, to) => json!({ "mend": [&**from, &**to] }),
            Self::Clog(from, to) => json!({ "unclog": [&**from, &**to] }),
            Self::Clock(node, _) => json!({ "clock_skew_ms": 0, "on": &**node }),
        })
    }
}

#[derive(PartialEq, Properties)]
pub(crate) struct Props {
    pub(crate) facts: SingleFaultFacts,
    pub(crate) on_step: Callback<Step>,
}

/// What is chosen is kept here, since the document follows the run many times a second.
#[component]
pub(crate) fn SingleFaults(props: &Props) -> Html {
    let SingleFaultFacts { nodes, faults, more } = &props.facts;
    let first = nodes.first().cloned().unwrap_or_default();
    let second = nodes.get(1).cloned().unwrap_or_else(|| first.clone());
    let from = use_state_eq(|| first.clone());
    let to = use_state_eq(|| second);
    let node = use_state_eq(|| first);
    let skew = use_state_eq(|| AttrValue::from("1000"));
    let on_link = |kind: &'static str| {
        let (from, to) = (from.clone(), to.clone());
        props.on_step.reform(move |_: MouseEvent| step(json!({ kind: [&**from, &**to] })))
    };
    let on_clock = {
        let (node, skew, on_step) = (node.clone(), skew.clone(), props.on_step.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            on_step.emit(step(json!({ "clock_skew_ms": whole(&skew), "on": &**node })));
        })
    };
    let typed = {
        let skew = skew.clone();
        Callback::from(move |event: InputEvent| {
            let input = event.target().and_then(|it| it.dyn_into::<HtmlInputElement>().ok());
            input.into_iter().for_each(|input| skew.set(input.value().into()));
        })
    };
    html! {
        <details class="single-faults">
            <summary>{ text!("faults.title") }</summary>
            <div class="controls" role="group" aria-label={text!("faults.link")}>
                { choice("fault-from", text!("faults.from"), nodes, &from) }
                { choice("fault-to", text!("faults.to"), nodes, &to) }
                <button id="cut-link" class="plain" onclick={on_link("cut")}>{ text!("faults.cut") }</button>
                <button id="clog-link" class="plain" onclick={on_link("clog")}>{ text!("faults.clog") }</button>
            </div>
            <form class="controls" onsubmit={on_clock}>
                { choice("fault-node", text!("faults.clock_of"), nodes, &node) }
                <label>
                    { text!("faults.ahead_by") }
                    <input id="skew" inputmode="numeric" value={(*skew).clone()} oninput={typed} size="7" />
                    { " ms" }
                </label>
                <button id="set-clock" class="plain">{ text!("faults.set_clock") }</button>
            </form>
            <ul class="faults">
                { for faults.iter().map(|fault| {
                    let end = fault.end();
                    html! {
                        <li>
                            { fault.text() }{ " " }
                            <button class="plain" onclick={props.on_step.reform(move |_| end.clone())}>{ text!("faults.end") }</button>
                        </li>
                    }
                }) }
            </ul>
            if *more > 0 {
                <p class="faint">{ text!("faults.more", count = more) }</p>
            }
        </details>
    }
}

/// A number of milliseconds; what is none is handed on, and refused with its place.
fn whole(text: &str) -> Value {
    let text = text.trim();
    text.parse::<i64>().map_or_else(|_| json!(text), |number| json!(number))
}

fn choice(
    id: &'static str,
    label: &'static str,
    nodes: &[AttrValue],
    chosen: &UseStateHandle<AttrValue>,
) -> Html {
    let onchange = {
        let chosen = chosen.clone();
        Callback::from(move |event: Event| {
            let select = event.target().and_then(|it| it.dyn_into::<HtmlSelectElement>().ok());
            select.into_iter().for_each(|select| chosen.set(select.value().into()));
        })
    };
    let option = |node: &AttrValue| {
        let selected = *node == **chosen;
        html! { <option value={node.clone()} {selected}>{ node }</option> }
    };
    html! {
        <label>{ label }{ " " }<select {id} {onchange}>{ for nodes.iter().map(option) }</select></label>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scalesmall_sim::{Scenario, SimTime};

    #[test]
    fn every_fault_that_lasts_is_listed_and_can_be_ended() {
        let text = r#"{ "format": 1, "replicas": ["a", "b"], "steps": [
            { "cut": ["a", "b"] }, { "clog": ["b", "a"] }, { "clock_skew_ms": 250, "on": "b" } ],
            "until": { "max_ms": 1000 } }"#;
        let mut simulation = Simulation::new(Scenario::parse(text).unwrap());
        simulation.run_until(SimTime::from_ms(500));
        let facts = SingleFaultFacts::of(&simulation);
        assert_eq!(facts.faults.len(), 3);
        let now = simulation.undecided_from();
        let end_one = |scenario: Scenario, fault: &Fault| {
            crate::edit::with_step(&scenario, now, fault.end()).unwrap()
        };
        let scenario = facts.faults.iter().fold(simulation.scenario().clone(), end_one);
        let mut fork = simulation.fork(scenario).unwrap();
        fork.run_until(SimTime::from_ms(600));
        assert_eq!(SingleFaultFacts::of(&fork).faults, []);
    }
}
