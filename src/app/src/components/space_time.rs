//! Band 4: a few nodes over time, and the messages between them.

use scalesmall_sim::{Purpose, SimTime};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlSelectElement};
use yew::prelude::*;

use super::{Envelope, Flights, Swatch};
use crate::app::Message;
use crate::chronicle::End;
use crate::drawing;
use crate::shared::Shared;
use crate::space_time::{ARROW_LANES_MAX, Arrow, Bead, LANES_MAX, Lane, Link, SpaceTime};
use crate::texts::{plural, text};

/// From lane to lane, in units of the page, and where there are many.
const PITCH: usize = 34;
const PITCH_OF_MANY: usize = 14;

#[derive(PartialEq, Properties)]
pub(crate) struct Props {
    pub(crate) diagram: Shared<SpaceTime>,
    /// All nodes, by name.
    pub(crate) nodes: Vec<AttrValue>,
    pub(crate) shows_all: bool,
    pub(crate) on_message: Callback<Message>,
}

#[component]
pub(crate) fn SpaceTimeBand(props: &Props) -> Html {
    let pointed = use_state_eq(|| None::<Arrow>);
    let pinned = use_state_eq(|| None::<Arrow>);
    let diagram = &*props.diagram;
    let shown = (*pinned).as_ref().or((*pointed).as_ref());
    // The arrow as it is by now: it may have arrived meanwhile, or have left the diagram.
    let shown = shown.and_then(|old| diagram.arrows.iter().find(|it| is_same(it, old)));
    let past = shown.map(|arrow| diagram.past_of(arrow));
    let pitch = if diagram.lanes.len() > ARROW_LANES_MAX { PITCH_OF_MANY } else { PITCH };
    let on_point = {
        let pointed = pointed.clone();
        Callback::from(move |arrow: Option<Arrow>| pointed.set(arrow))
    };
    let on_pin = {
        let pinned = pinned.clone();
        Callback::from(move |arrow: Arrow| {
            let is_pinned = (*pinned).as_ref().is_some_and(|it| is_same(it, &arrow));
            pinned.set((!is_pinned).then_some(arrow));
        })
    };
    let unpin = {
        let pinned = pinned.clone();
        Callback::from(move |_: MouseEvent| pinned.set(None))
    };
    let on_step = props.on_message.reform(Message::Do);
    let drawing = use_node_ref();
    let save = {
        let (drawing, diagram) = (drawing.clone(), props.diagram.clone());
        Callback::from(move |_: MouseEvent| {
            let Some(element) = drawing.cast::<Element>() else { return };
            let label = |(lane, it): (usize, &Lane)| (it.name.to_string(), y(lane, pitch));
            let labels: Vec<_> = diagram.lanes.iter().enumerate().map(label).collect();
            if let Err(error) = drawing::save("messages.svg", &element, &labels) {
                gloo::console::error!("the drawing cannot be saved:", error);
            }
        })
    };
    html! {
        <section class="space-time" aria-labelledby="space-time-title">
            <h2 id="space-time-title">
                { text!("space_time.title") }
                <small>{ text!("space_time.meaning") }</small>
            </h2>
            { controls(props, save) }
            <div class="band">
                <ol class="lane-names" aria-label={text!("space_time.lanes")}>
                    { for diagram.lanes.iter().map(|lane| {
                        let node = lane.node;
                        let name = lane.name.to_string();
                        let remove = text!("space_time.remove", node = name);
                        html! {
                            <li key={node} style={format!("height:{pitch}px")}>
                                <button aria-label={remove.clone()} title={remove} onclick={props.on_message.reform(move |_| Message::ToggleLane(node))}>
                                    <span class="name">{ name }</span>
                                    <Swatch identity={lane.identity} />
                                </button>
                            </li>
                        }
                    }) }
                </ol>
                <svg ref={drawing} class={classes!("diagram", past.as_ref().map(|_| "has-past"))} height={(pitch * diagram.lanes.len()).to_string()} role="img" aria-label={summary(diagram)}>
                    <defs>
                        <marker id="arrow-head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto-start-reverse">
                            <path d="M0 0 L8 4 L0 8 z" />
                        </marker>
                    </defs>
                    <rect class="ahead" x={percent(diagram.x(diagram.now))} width="100%" height="100%" />
                    { for (0..diagram.lanes.len()).map(|lane| self::lane(diagram, lane, pitch, past.as_deref())) }
                    { for diagram.links.iter().map(|link| self::link(diagram, link, pitch)) }
                    { for diagram.arrows.iter().map(|arrow| {
                        let is_past = past.as_ref().is_some_and(|past| arrow.is_in(past));
                        let is_shown = shown.is_some_and(|shown| is_same(shown, arrow));
                        self::arrow(diagram, arrow, pitch, [is_past, is_shown], &on_point, &on_pin)
                    }) }
                    { for diagram.beads.iter().map(|bead| self::bead(diagram, bead, pitch)) }
                    <line class="now" x1={percent(diagram.x(diagram.now))} x2={percent(diagram.x(diagram.now))} y1="0" y2="100%" />
                </svg>
            </div>
            <div class="times" aria-hidden="true">
                <span>{ diagram.from.to_string() }</span>
                <span class="moment" style={format!("left:{}", percent(diagram.x(diagram.now)))}>{ diagram.now.to_string() }</span>
            </div>
            if diagram.is_cut_short {
                <p class="faint">{ text!("space_time.cut_short") }</p>
            }
            if diagram.hidden > 0 {
                <p class="faint">{ plural!("space_time.hidden", diagram.hidden) }</p>
            }
            <div class="envelope" role="status">
                if let Some(arrow) = shown {
                    <Envelope arrow={arrow.clone()} names={[arrow.from_lane, arrow.to_lane].map(|lane| AttrValue::from(diagram.lanes[lane].name.to_string()))} now={diagram.now} on_step={on_step.clone()} />
                    if pinned.is_some() {
                        <button class="plain" onclick={unpin}>{ text!("space_time.unpin") }</button>
                    }
                } else {
                    <p class="faint">{ text!("space_time.hint") }</p>
                }
            </div>
            <Flights diagram={props.diagram.clone()} {on_step} />
        </section>
    }
}

/// Whether two arrows are the same copy of the same message, seen at different times.
fn is_same(one: &Arrow, other: &Arrow) -> bool {
    match (one.flight.number, other.flight.number) {
        (None, None) => one.flight.sent == other.flight.sent,
        (one, other) => one == other,
    }
}

fn controls(props: &Props, save: Callback<MouseEvent>) -> Html {
    let diagram = &*props.diagram;
    let on_add = {
        let on_message = props.on_message.clone();
        Callback::from(move |event: Event| {
            let select = event.target().and_then(|it| it.dyn_into::<HtmlSelectElement>().ok());
            let Some(select) = select else { return };
            if let Ok(node) = select.value().parse() {
                on_message.emit(Message::ToggleLane(node));
            }
            select.set_value("");
        })
    };
    let send = |message: fn() -> Message| props.on_message.reform(move |_: MouseEvent| message());
    let is_lane = |node: usize| diagram.lanes.iter().any(|lane| lane.node == node);
    let others = props.nodes.iter().enumerate().filter(|&(node, _)| !is_lane(node));
    html! {
        <div class="controls">
            if diagram.lanes.len() < LANES_MAX.min(props.nodes.len()) {
                <select id="add-lane" onchange={on_add} aria-label={text!("space_time.add")}>
                    <option value="" selected=true>{ text!("space_time.add") }</option>
                    { for others.map(|(node, name)| html! { <option value={node.to_string()}>{ name }</option> }) }
                </select>
            }
            <button id="all-lanes" class="plain" onclick={send(|| Message::AllLanes)}>
                { if diagram.lanes.len() > ARROW_LANES_MAX { text!("space_time.few_nodes") } else { text!("space_time.all_nodes") } }
            </button>
            <button id="all-messages" class="plain" aria-pressed={props.shows_all.to_string()} onclick={send(|| Message::AllMessages)}>{ text!("space_time.all_messages") }</button>
            <button id="shorter" class="plain" onclick={send(|| Message::ScaleSpan(false))} aria-label={text!("space_time.shorter")}>{ "+" }</button>
            <button id="longer" class="plain" onclick={send(|| Message::ScaleSpan(true))} aria-label={text!("space_time.longer")}>{ "−" }</button>
            <button id="save-svg" class="plain" onclick={save}>{ text!("space_time.save") }</button>
        </div>
    }
}

fn purpose(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Payload => "payload",
        Purpose::Digest => "digest",
        Purpose::Membership => "membership",
    }
}

fn percent(part: f64) -> String {
    format!("{:.3}%", part * 100.0)
}

/// The middle of a lane.
fn y(lane: usize, pitch: usize) -> f64 {
    (lane as f64 + 0.5) * pitch as f64
}

fn lane(diagram: &SpaceTime, lane: usize, pitch: usize, past: Option<&[Option<SimTime>]>) -> Html {
    let y = y(lane, pitch).to_string();
    let until = past.and_then(|past| past[lane]);
    html! {
        <>
            <line class="lane" x1="0" x2="100%" y1={y.clone()} y2={y.clone()} />
            if let Some(until) = until {
                <line class="lane past" x1="0" x2={percent(diagram.x(until))} y1={y.clone()} y2={y} />
            }
        </>
    }
}

fn link(diagram: &SpaceTime, link: &Link, pitch: usize) -> Html {
    let opacity = 0.08 + 0.72 * link.share;
    html! {
        <line
            class="link"
            x1={percent(diagram.x(link.from))}
            x2={percent(diagram.x(link.until))}
            y1={y(link.from_lane, pitch).to_string()}
            y2={y(link.to_lane, pitch).to_string()}
            style={format!("opacity:{opacity:.2}")}
        />
    }
}

fn arrow(
    diagram: &SpaceTime,
    arrow: &Arrow,
    pitch: usize,
    [is_past, is_shown]: [bool; 2],
    on_point: &Callback<Option<Arrow>>,
    on_pin: &Callback<Arrow>,
) -> Html {
    // What is held has come as far as now.
    let is_held = arrow.flight.end == End::Open && arrow.flight.due_at < diagram.now;
    let ends_at = if is_held { diagram.now } else { arrow.ends_at() };
    let (x1, mut x2) = (diagram.x(arrow.flight.sent.at), diagram.x(ends_at));
    let (y1, mut y2) = (y(arrow.from_lane, pitch), y(arrow.to_lane, pitch));
    let is_lost = matches!(arrow.flight.end, End::Lost(_));
    if is_lost {
        // Where on its way it was lost nobody knows: half of it is drawn.
        if arrow.flight.number.is_none() {
            x2 = x1 + 0.012;
        }
        y2 = (y1 + y2) / 2.0;
    } else {
        // The head stays clear of the lane.
        y2 -= (y2 - y1).signum() * 3.0;
    }
    x2 = x2.min(1.05);
    let class = classes!(
        "flight",
        purpose(arrow.flight.sent.purpose),
        (arrow.flight.end == End::Open).then_some("open"),
        is_lost.then_some("lost"),
        arrow.is_double.then_some("double"),
        is_past.then_some("past"),
        is_shown.then_some("shown"),
    );
    let place = [percent(x1), percent(x2), format!("{y1:.1}"), format!("{y2:.1}")];
    let [x1, x2, y1, y2] = place;
    let point = {
        let arrow = arrow.clone();
        on_point.reform(move |_: PointerEvent| Some(arrow.clone()))
    };
    let leave = on_point.reform(|_: PointerEvent| None);
    let pin = {
        let arrow = arrow.clone();
        on_pin.reform(move |_: MouseEvent| arrow.clone())
    };
    html! {
        <g {class} data-number={arrow.flight.number.map(|number| number.to_string())} onpointerenter={point} onpointerleave={leave} onclick={pin}>
            <line class="reach" x1={x1.clone()} x2={x2.clone()} y1={y1.clone()} y2={y2.clone()} />
            <line class="shaft" x1={x1.clone()} x2={x2.clone()} y1={y1.clone()} y2={y2.clone()} marker-end={(!is_lost).then_some("url(#arrow-head)")} />
            if arrow.is_double {
                <line class="gap" {x1} x2={x2.clone()} {y1} y2={y2.clone()} />
            }
            if is_lost {
                <text x={x2} y={y2} dy="4" text-anchor="middle">{ "✕" }</text>
            }
        </g>
    }
}

fn bead(diagram: &SpaceTime, bead: &Bead, pitch: usize) -> Html {
    let (x, y) = (percent(diagram.x(bead.at)), y(bead.lane, pitch));
    html! {
        <g class="issued">
            <circle cx={x.clone()} cy={y.to_string()} r={if pitch == PITCH { "9" } else { "4" }} />
            if pitch == PITCH {
                <text {x} y={y.to_string()} dy="3.5" text-anchor="middle">{ bead.counter }</text>
            }
        </g>
    }
}

fn summary(diagram: &SpaceTime) -> String {
    let count = diagram.arrows.len() + diagram.links.iter().map(|it| it.count).sum::<usize>();
    let lost = diagram.arrows.iter().filter(|it| matches!(it.flight.end, End::Lost(_))).count();
    text!(
        "space_time.summary",
        messages = plural!("space_time.messages", count),
        lanes = plural!("nodes", diagram.lanes.len()),
        lost = lost,
    )
}
