//! The segment that is asked about: who serves it here, who does in truth, and what can be done
//! about it at the node that is open.

use scalesmall_crdt::{Key, KeyRange, NodeId};
use scalesmall_sim::sorted_by;
use serde_json::json;
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::operate::number;
use super::{Icon, Shape, WhyFacts, why};
use crate::app::Message;
use crate::disputes;
use crate::edit::{Step, step};
use crate::picture::{Picture, View};
use crate::segments;
use crate::texts::{plural, text};
use crate::words;

/// The most claims on one segment that are listed.
const CLAIMS_MAX: usize = 8;
/// The most nodes that are offered to be asked.
const DIFFERING_MAX: usize = 12;

/// What there is to say of one segment.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SegmentFacts {
    /// The segment of the node, or of the truth, that the key lies in which is asked about.
    pub(crate) range: KeyRange,
    /// Whose opinion it is, and whom it names; nobody's where it is the truth's.
    here: Option<(NodeId, String)>,
    in_truth: String,
    /// The claims that the node sees on these keys, with their priorities, the preferred first.
    claims: Vec<(NodeId, KeyRange, u64)>,
    more_claims: usize,
    key: Key,
    /// Who differs from the truth about the key: some of them, each with its place.
    differing: Vec<(usize, NodeId)>,
    more_differing: usize,
}

impl SegmentFacts {
    pub(crate) fn of(picture: &Picture, view: Option<&View>, key: Key) -> Self {
        let ownership = view.map_or(&picture.truth, |view| &view.ownership);
        let segment = segments::at(ownership, key);
        let mut claims = Vec::new();
        for owner in &segment.owners {
            let all = ownership.claims_of(&owner.node);
            let over = all.filter(|(range, _)| range.contains(key)).collect();
            let over = sorted_by(over, |one: &(KeyRange, u64), other| {
                other.1.cmp(&one.1).then(one.0.cmp(&other.0))
            });
            let claim = |(range, priority)| (owner.node.clone(), range, priority);
            claims.extend(over.into_iter().map(claim));
        }
        let more_claims = claims.len().saturating_sub(CLAIMS_MAX);
        claims.truncate(CLAIMS_MAX);
        let who = disputes::who(&picture.views, key);
        let mut differing: Vec<_> =
            who.map(|node| (node, picture.views[node].name.clone())).collect();
        let more_differing = differing.len().saturating_sub(DIFFERING_MAX);
        differing.truncate(DIFFERING_MAX);
        Self {
            key,
            differing,
            more_differing,
            range: segment.range,
            here: view.map(|view| (view.name.clone(), words::owners(&segment.owners))),
            in_truth: words::owners(&picture.truth.owners(key)),
            claims,
            more_claims,
        }
    }
}

/// Who serves it, and why; and, where something can be asked of the node, what can be done about it.
pub(crate) fn segment(
    facts: &SegmentFacts,
    reasons: &WhyFacts,
    is_up: bool,
    on_message: &Callback<Message>,
) -> Html {
    let SegmentFacts { range, here, in_truth, .. } = facts;
    let differs = here.as_ref().is_some_and(|(_, owners)| owners != in_truth);
    html! {
        <section class="segment" aria-labelledby="segment-title">
            <h3 id="segment-title" class="mono">{ words::range(*range) }</h3>
            <dl class={classes!(differs.then_some("differs"))}>
                if let Some((node, owners)) = here {
                    <dt>{ text!("segment.here", node = node) }</dt><dd>{ owners }</dd>
                }
                <dt>{ text!("segment.truth") }</dt><dd>{ in_truth }</dd>
            </dl>
            { differing(facts, on_message) }
            { why(reasons) }
            if let Some((node, _)) = here.as_ref().filter(|_| is_up) {
                { claims(facts, node, on_message) }
            }
        </section>
    }
}

/// Who differs from the truth here, each to be asked why.
fn differing(facts: &SegmentFacts, on_message: &Callback<Message>) -> Html {
    let SegmentFacts { here, key, differing, more_differing, .. } = facts;
    if differing.is_empty() {
        return Html::default();
    }
    let node = |(place, name): &(usize, NodeId)| {
        let (node, key) = (Some(*place), *key);
        let is_open = here.as_ref().is_some_and(|(open, _)| open == name);
        let ask = on_message.reform(move |_| Message::Ask { node, key });
        html! { <button type="button" class="plain small" aria-pressed={is_open.to_string()} onclick={ask}>{ name.to_string() }</button> }
    };
    html! {
        <div class="differing controls" role="group" aria-labelledby="differing-title">
            <span id="differing-title" class="faint">{ text!("segment.differing") }</span>
            { for differing.iter().map(node) }
            if *more_differing > 0 {
                <span class="faint">{ plural!("more", *more_differing) }</span>
            }
        </div>
    }
}

/// What can be done about the segment at `node`.
fn claims(facts: &SegmentFacts, node: &NodeId, on_message: &Callback<Message>) -> Html {
    let SegmentFacts { range, claims, more_claims, .. } = facts;
    let register = json!({
        "on": node.to_string(), "do": "register",
        "claim": [node.to_string(), range.start(), range.end()],
    });
    html! {
        <>
            <ul class="claims">
                { for claims.iter().map(|(of, range, priority)| html! {
                    <ClaimRow
                        key={format!("{of} {}", words::range(*range))}
                        at={node.to_string()}
                        of={of.to_string()}
                        range={*range}
                        priority={*priority}
                        segment={facts.range}
                        {on_message}
                    />
                }) }
            </ul>
            if *more_claims > 0 { <p class="faint">{ plural!("segment.more_claims", *more_claims) }</p> }
            <button id="register-here" type="button" class="plain" onclick={on_message.reform(move |_| Message::Do(step(register.clone())))}>
                { text!("segment.register", node = node) }
            </button>
        </>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct ClaimProps {
    /// The node at which something is done about it.
    at: AttrValue,
    /// The node whose claim it is.
    of: AttrValue,
    range: KeyRange,
    priority: u64,
    /// The segment that is asked about.
    segment: KeyRange,
    on_message: Callback<Message>,
}

/// A claim, and what can be done about it.
#[component]
fn ClaimRow(props: &ClaimProps) -> Html {
    // What it is to be tightened to, as it was typed; while it is to be.
    let asked = use_state_eq(|| None::<[String; 2]>);
    let ClaimProps { of, range, priority, segment, .. } = props;
    let button = |kind: &'static str, name: &str| {
        let onclick = props.on_message.reform({
            let asked = props.operation(kind);
            move |_: MouseEvent| Message::Do(asked.clone())
        });
        html! { <button type="button" class="plain" data-do={kind} {onclick}>{ name }</button> }
    };
    let toggle = {
        let (asked, range) = (asked.clone(), *segment);
        let of_segment = move || [range.start(), range.end()].map(|key| format!("{key:#010x}"));
        Callback::from(move |_: MouseEvent| asked.set(asked.is_none().then(&of_segment)))
    };
    html! {
        <li>
            <span><b>{ of }</b>{ format!(" ({priority}) ") }<span class="mono">{ words::range(*range) }</span></span>
            <span class="controls" role="group" aria-label={text!("segment.claim", node = of, keys = words::range(*range))}>
                { button("increase", text!("segment.increase")) }
                { button("decrease", text!("segment.decrease")) }
                { button("release", text!("segment.release")) }
                <button type="button" class="plain" data-do="tighten" aria-expanded={asked.is_some().to_string()} onclick={toggle}>{ text!("segment.tighten") }</button>
            </span>
            if let Some(to) = &*asked {
                { tightening(props, to, &asked) }
            }
        </li>
    }
}

/// The keys that are to be left of a claim.
fn tightening(
    props: &ClaimProps,
    to: &[String; 2],
    asked: &UseStateHandle<Option<[String; 2]>>,
) -> Html {
    let field = |index: usize, label: &str| {
        let (asked, to) = (asked.clone(), to.clone());
        let value = to[index].clone();
        let oninput = Callback::from(move |event: InputEvent| {
            let input = event.target().and_then(|it| it.dyn_into::<HtmlInputElement>().ok());
            if let Some(input) = input {
                let mut typed = to.clone();
                typed[index] = input.value();
                asked.set(Some(typed));
            }
        });
        html! { <label>{ label }<input autocomplete="off" spellcheck="false" {value} {oninput} /></label> }
    };
    let onsubmit = {
        let (props, to) = (props.clone(), to.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let mut asked = props.operation("tighten");
            asked.insert("to".to_owned(), json!([number(&to[0]), number(&to[1])]));
            props.on_message.emit(Message::Do(asked));
        })
    };
    html! {
        <form class="tightening" {onsubmit}>
            { field(0, text!("segment.leaves_from")) }
            { field(1, text!("segment.leaves_to")) }
            <button class="plain main">{ text!("segment.tighten_now") }</button>
        </form>
    }
}

impl ClaimProps {
    /// An operation on the claim, as a scenario file has it.
    fn operation(&self, kind: &str) -> Step {
        let mut asked = step(json!({
            "on": self.at.as_str(), "do": kind,
            "claim": [self.of.as_str(), self.range.start(), self.range.end()],
        }));
        if matches!(kind, "increase" | "decrease") {
            asked.insert("by".to_owned(), json!(1));
        }
        asked
    }
}

/// A segment of the merged truth, which is nobody's: it can be looked at only.
pub(crate) fn truth_panel(
    facts: &SegmentFacts,
    reasons: &WhyFacts,
    on_message: &Callback<Message>,
) -> Html {
    html! {
        <aside class="node-panel" aria-label={text!("segment.of_truth")}>
            <header>
                <h2>{ text!("segment.of_truth") }</h2>
                <button class="quiet" onclick={on_message.reform(|_| Message::Escape)} aria-label={text!("segment.close")}>
                    <Icon shape={Shape::Close} />
                </button>
            </header>
            { segment(facts, reasons, false, on_message) }
            <p class="faint">{ text!("segment.of_truth_hint") }</p>
        </aside>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::Photographer;
    use scalesmall_sim::{Scenario, SimTime, Simulation};
    use serde_json::Value;

    #[test]
    fn a_segment_has_the_claims_that_cover_it() {
        let text = r#"{ "format": 1, "replicas": ["a", "b"], "network": { "mode": "manual" }, "steps": [
            { "on": "a", "do": "increase", "by": 2, "claim": ["a", 0, 99] },
            { "on": "a", "do": "register", "claim": ["a", 50, 99] },
            { "on": "a", "do": "increase", "by": 3, "claim": ["b", 60, 199] } ] }"#;
        let mut simulation = Simulation::new(Scenario::parse(text).unwrap());
        simulation.run_until(SimTime::ZERO);
        let picture = Photographer::default().take(&simulation);
        let range = |start, end| KeyRange::new(start, end).unwrap();
        let [a, b] = [0, 1].map(|node| SegmentFacts::of(&picture, Some(&picture.views[node]), 70));
        let claims: Vec<_> =
            a.claims.iter().map(|(of, range, by)| (of.to_string(), *range, *by)).collect();
        assert_eq!(a.range, range(60, 99));
        assert_eq!(
            claims,
            [
                ("b".to_owned(), range(60, 199), 3),
                ("a".to_owned(), range(0, 99), 2),
                ("a".to_owned(), range(50, 99), 0),
            ]
        );
        assert_eq!((b.range, b.claims.len()), (KeyRange::ALL, 0));
        assert_eq!(b.in_truth, "b (3), a (2)");
        assert_eq!(b.here.unwrap().1, "nobody");
        assert_eq!(SegmentFacts::of(&picture, None, 70).here, None);
    }

    #[test]
    fn a_button_is_a_step_at_the_node_that_is_open() {
        let props = ClaimProps {
            at: "b".into(),
            of: "a".into(),
            range: KeyRange::new(3, 9).unwrap(),
            priority: 1,
            segment: KeyRange::ALL,
            on_message: Callback::noop(),
        };
        assert_eq!(
            Value::Object(props.operation("decrease")),
            json!({ "on": "b", "do": "decrease", "claim": ["a", 3, 9], "by": 1 })
        );
        assert_eq!(
            Value::Object(props.operation("release")),
            json!({ "on": "b", "do": "release", "claim": ["a", 3, 9] })
        );
    }
}
