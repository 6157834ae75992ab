//! The local views under the hand: a click asks about a segment, a drag registers keys or tightens
//! a claim.
//!
//! What a drag means is [`drag`](crate::drag)'s; here is what one sees of it. Nothing is painted
//! anew while something is dragged: what follows the pointer lies over the painting.

use gloo::events::{EventListener, EventListenerOptions, EventListenerPhase};
use gloo::utils::window;
use scalesmall_crdt::KeyRange;
use wasm_bindgen::JsCast;
use web_sys::{Element, KeyboardEvent};
use yew::prelude::*;

use super::on_axis::{Pointed, span};
use super::tooltip::{Said, tooltip};
use super::zooming::use_zooming;
use super::{CutLine, ViewRows};
use crate::app::Message;
use crate::drag::{DISTANCE_MIN, Drag, Hold, Refusal, Strip};
use crate::identity::Identities;
use crate::paint::{self, ROW_PITCH};
use crate::picture::Picture;
use crate::shared::Shared;
use crate::texts::text;
use crate::visible::NEARER;
use crate::words;

#[derive(Clone, PartialEq, Properties)]
pub(crate) struct Props {
    /// What they are painted on.
    pub(crate) canvas: NodeRef,
    pub(crate) picture: Shared<Picture>,
    pub(crate) identities: Shared<Identities>,
    /// How many nodes have a strip.
    pub(crate) count: usize,
    /// What is to be seen.
    pub(crate) keys: KeyRange,
    pub(crate) selected: Option<usize>,
    /// Nodes that are chosen for something that is to befall them together, while they are.
    pub(crate) chosen: Option<Vec<usize>>,
    /// Whether a cut can be drawn between them.
    #[prop_or(true)]
    pub(crate) can_be_cut: bool,
    /// The segment that is asked about, as the selected node has it.
    pub(crate) asked: Option<KeyRange>,
    pub(crate) on_message: Callback<Message>,
}

/// A button of the mouse that is held down.
#[derive(Clone, Copy, PartialEq)]
struct Press {
    /// The node on whose strip.
    node: usize,
    x: i32,
    hold: Hold,
    /// Whether it has come so far that it is no click any more.
    is_drag: bool,
}

impl Props {
    /// The strip of a node, under a pointer.
    fn strip(&self, node: usize, pointed: Pointed) -> Option<Strip<'_>> {
        let view = self.picture.views.get(node)?;
        Some(Strip { node: &view.name, ownership: &view.ownership, axis: pointed.axis(self.keys) })
    }

    fn drag(&self, press: Press, pointed: Pointed) -> Drag {
        let strip = self.strip(press.node, pointed).filter(|_| press.is_drag);
        strip.map_or(Drag::Nothing, |strip| strip.drag(press.hold, pointed.x()))
    }

    /// What the pointer takes hold of.
    fn press(&self, event: &PointerEvent) -> Option<Press> {
        let pointed = Pointed::of(&self.canvas, 0, event)?;
        let node = self.node(pointed)?;
        let hold = self.strip(node, pointed)?.hold(pointed.x());
        Some(Press { node, x: pointed.x, hold, is_drag: false })
    }

    fn let_go(&self, press: Press, pointed: Pointed) {
        let node = self.picture.views.get(press.node).map(|view| &view.name);
        if let Some(step) = node.and_then(|node| self.drag(press, pointed).step(node)) {
            self.on_message.emit(Message::Do(step));
        }
    }

    /// A click on keys asks about them; elsewhere, and by the keyboard, it opens the node.
    fn click(&self, node: usize, event: &MouseEvent) {
        let by_mouse = event.detail() > 0 && self.chosen.is_none();
        let pointed = by_mouse.then(|| Pointed::of(&self.canvas, 0, event)).flatten();
        self.on_message.emit(match pointed.and_then(|pointed| pointed.key(self.keys)) {
            // The second of a double click.
            Some(_) if event.detail() > 1 => return,
            Some(key) => Message::Ask { node: Some(node), key },
            None => Message::Select(Some(node)),
        });
    }

    /// The node whose strip is pointed at.
    fn node(&self, pointed: Pointed) -> Option<usize> {
        pointed.key(self.keys)?;
        pointed.row(ROW_PITCH).filter(|&row| row < self.count)
    }
}

#[component]
pub(crate) fn Strips(props: &Props) -> Html {
    let Props { canvas, picture, on_message, .. } = props;
    use_zooming(canvas, 0, props.keys, &on_message.reform(Message::Look));
    let hand = use_hand(props);
    let press = hand.press.filter(|press| press.is_drag);
    let drag = press.zip(hand.pointed).map(|(press, pointed)| (press, props.drag(press, pointed)));
    let hover = hand.pointed.filter(|_| drag.is_none());
    let hover = hover.and_then(|pointed| Some((pointed, props.node(pointed)?)));
    let is_over_edge = hover.is_some_and(|(pointed, node)| {
        let strip = props.strip(node, pointed);
        strip.is_some_and(|strip| matches!(strip.hold(pointed.x()), Hold::Edge(_)))
    });
    let class = classes!(
        "band",
        "views",
        (is_over_edge && props.chosen.is_none()).then_some("over-edge"),
        drag.map(|(press, _)| match press.hold {
            Hold::Edge(_) => "over-edge",
            Hold::Keys(..) => "dragging",
        }),
    );
    let row = |node: usize| format!("--row:{node}");
    html! {
        <div
            {class}
            style={format!("--pitch:{ROW_PITCH}px")}
            onpointerdown={hand.on_down}
            onpointermove={hand.on_move}
            onpointerup={hand.on_up}
            onpointercancel={hand.on_cancel}
            onpointerleave={hand.on_leave}
            ondblclick={hand.on_double}
        >
            <ViewRows picture={picture.clone()} identities={props.identities.clone()} count={props.count} selected={props.selected} chosen={props.chosen.clone().unwrap_or_default()} on_click={hand.on_click} />
            <canvas ref={canvas} style={format!("height:{}px", paint::views_height(props.count))} aria-hidden="true" />
            <div class="over">
                if let Some((node, asked)) = props.selected.zip(props.asked).filter(|(_, asked)| asked.overlaps(props.keys)) {
                    <i class="asked" style={span(props.keys, asked) + &row(node)} />
                }
                if let Some((press, drag)) = drag {
                    { ghost(props, press, drag) }
                } else if let Some((pointed, node)) = hover {
                    { tooltip(pointed.x(), (node + 1) * ROW_PITCH, &Said::of(picture, picture.views.get(node), pointed.key(props.keys).unwrap_or_default())) }
                }
            </div>
            if props.count > 1 {
                if props.can_be_cut {
                    <CutLine picture={picture.clone()} count={props.count} on_message={on_message.clone()} />
                }
            }
        </div>
    }
}

/// What would be done, where it would be.
fn ghost(props: &Props, press: Press, drag: Drag) -> Html {
    let (Some(keys), Some(view)) = (drag.keys(), props.picture.views.get(press.node)) else {
        return Html::default();
    };
    let (range, node) = (words::range(keys), &view.name);
    let says = match drag {
        Drag::Tighten { .. } => text!("drag.tighten", keys = range),
        Drag::Refused(Refusal::Outwards, _) => text!("drag.outwards").to_owned(),
        Drag::Refused(Refusal::NothingLeft, _) => text!("drag.nothing_left").to_owned(),
        Drag::Register(_) | Drag::Nothing => text!("drag.register", node = node, keys = range),
    };
    let is_refused = matches!(drag, Drag::Refused(..));
    let class = classes!("ghost", is_refused.then_some("refused"));
    let style = format!("{}--row:{}", span(props.keys, keys), press.node);
    html! { <div {class} {style}><span>{ says }</span></div> }
}

/// Where the pointer is and what it holds, and what it does.
struct Hand {
    pointed: Option<Pointed>,
    press: Option<Press>,
    on_down: Callback<PointerEvent>,
    on_move: Callback<PointerEvent>,
    on_up: Callback<PointerEvent>,
    on_cancel: Callback<PointerEvent>,
    on_leave: Callback<PointerEvent>,
    on_click: Callback<(usize, MouseEvent)>,
    on_double: Callback<MouseEvent>,
}

#[hook]
fn use_hand(props: &Props) -> Hand {
    let place = use_state_eq(|| None::<Pointed>);
    let held = use_state_eq(|| None::<Press>);
    // Some browsers follow a drag by a click on what it began on.
    let has_dragged = use_mut_ref(|| false);
    let on_down = {
        let (props, held, has_dragged) = (props.clone(), held.clone(), has_dragged.clone());
        Callback::from(move |event: PointerEvent| {
            *has_dragged.borrow_mut() = false;
            // To fingers a drag moves along the keys; for the rest there is the form.
            if event.button() == 0 && event.pointer_type() != "touch" && props.chosen.is_none() {
                held.set(props.press(&event));
            }
        })
    };
    let on_move = {
        let (props, place, held) = (props.clone(), place.clone(), held.clone());
        let has_dragged = has_dragged.clone();
        Callback::from(move |event: PointerEvent| {
            let is_finger = event.pointer_type() == "touch";
            let pointed = Pointed::of(&props.canvas, 0, &event).filter(|_| !is_finger);
            place.set(pointed);
            let (Some(press), Some(pointed)) = (*held, pointed) else { return };
            if !press.is_drag && press.x.abs_diff(pointed.x) >= DISTANCE_MIN {
                *has_dragged.borrow_mut() = true;
                held.set(Some(Press { is_drag: true, ..press }));
                if let Some(band) = props.canvas.cast::<Element>() {
                    // Where it is refused, the drag ends at the edge of the band.
                    let _ = band.set_pointer_capture(event.pointer_id());
                }
            }
        })
    };
    let on_up = {
        let (props, held) = (props.clone(), held.clone());
        Callback::from(move |event: PointerEvent| {
            let pointed = Pointed::of(&props.canvas, 0, &event);
            if let (Some(press), Some(pointed)) = (*held, pointed) {
                props.let_go(press, pointed);
            }
            held.set(None);
        })
    };
    let on_cancel = {
        let held = held.clone();
        Callback::from(move |_: PointerEvent| held.set(None))
    };
    let on_leave = {
        let (place, held) = (place.clone(), held.clone());
        Callback::from(move |_: PointerEvent| {
            place.set(None);
            held.set(None);
        })
    };
    let on_click = {
        let props = props.clone();
        Callback::from(move |(node, event): (usize, MouseEvent)| {
            let ends_drag = has_dragged.replace(false) && event.detail() > 0;
            if !ends_drag {
                props.click(node, &event);
            }
        })
    };
    let on_double = {
        let props = props.clone();
        Callback::from(move |event: MouseEvent| {
            // The first of the two clicks has asked about a key, which stays where it is.
            if Pointed::of(&props.canvas, 0, &event).and_then(|at| props.node(at)).is_some() {
                props.on_message.emit(Message::Zoom(NEARER));
            }
        })
    };
    use_escape(held.is_some_and(|press| press.is_drag), held.setter());
    let (pointed, press) = (*place, *held);
    Hand { pointed, press, on_down, on_move, on_up, on_cancel, on_leave, on_click, on_double }
}

/// While something is dragged, Escape lets go of it, and does nothing else.
#[hook]
fn use_escape(is_dragged: bool, held: UseStateSetter<Option<Press>>) {
    use_effect_with(is_dragged, move |&is_dragged| {
        let options = EventListenerOptions { phase: EventListenerPhase::Capture, passive: false };
        let listen = || {
            EventListener::new_with_options(&window(), "keydown", options, move |event| {
                let event: &KeyboardEvent = event.unchecked_ref();
                if event.key() == "Escape" {
                    event.stop_propagation();
                    held.set(None);
                }
            })
        };
        let listener = is_dragged.then(listen);
        move || drop(listener)
    });
}
