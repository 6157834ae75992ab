//! A cut drawn by hand: a line that is drawn down between the strips cuts the nodes above it off from
//! those below.

use serde_json::{Value, json};
use wasm_bindgen::JsCast;
use web_sys::Element;
use yew::prelude::*;

use super::{Icon, Shape};
use crate::app::Message;
use crate::edit::step;
use crate::paint::ROW_PITCH;
use crate::picture::{Picture, View};
use crate::shared::Shared;
use crate::texts::text;

#[derive(Clone, PartialEq, Properties)]
pub(crate) struct Props {
    pub(crate) picture: Shared<Picture>,
    /// How many nodes have a strip.
    pub(crate) count: usize,
    pub(crate) on_message: Callback<Message>,
}

/// Where the line is: how many strips are above it, none where nothing is to be cut.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Line {
    above: usize,
    /// Whether a pointer holds it.
    is_held: bool,
}

const AT_REST: Line = Line { above: 0, is_held: false };

/// A handle at the upper left of the strips, which is drawn down to where the line is to be. By
/// keyboard it is a slider: arrows move the line, Enter cuts, Escape gives it up.
#[component]
pub(crate) fn CutLine(props: &Props) -> Html {
    let line = use_state_eq(|| AT_REST);
    let Line { above, is_held } = *line;
    // Nobody is left to be cut off below the last.
    let most = props.count.saturating_sub(1);
    let on_down = {
        let line = line.clone();
        Callback::from(move |event: PointerEvent| {
            // Beneath, it would be a drag on a strip.
            event.stop_propagation();
            if event.button() == 0 {
                let handle: Element = event.target_unchecked_into();
                // Where it is refused, the line ends at the edge of the handle.
                let _ = handle.set_pointer_capture(event.pointer_id());
                line.set(Line { is_held: true, ..AT_REST });
            }
        })
    };
    let on_move = {
        let line = line.clone();
        Callback::from(move |event: PointerEvent| {
            if line.is_held {
                event.stop_propagation();
                line.set(Line { above: above_pointer(&event).min(most), is_held: true });
            }
        })
    };
    let on_up = {
        let (line, props) = (line.clone(), props.clone());
        Callback::from(move |_: PointerEvent| {
            if line.is_held {
                props.cut(line.above);
                line.set(AT_REST);
            }
        })
    };
    let on_cancel = {
        let line = line.clone();
        Callback::from(move |_: PointerEvent| line.set(AT_REST))
    };
    let on_blur = {
        let line = line.clone();
        Callback::from(move |_: FocusEvent| line.set(AT_REST))
    };
    let on_key = {
        let (line, props) = (line.clone(), props.clone());
        Callback::from(move |event: KeyboardEvent| {
            let to = match event.key().as_str() {
                "ArrowDown" => line.above + 1,
                "ArrowUp" => line.above.saturating_sub(1),
                "Home" => 0,
                "End" => most,
                "Enter" => {
                    props.cut(line.above);
                    0
                }
                "Escape" if *line != AT_REST => 0,
                _ => return,
            };
            // These keys mean nothing else here.
            event.prevent_default();
            event.stop_propagation();
            line.set(Line { above: to.min(most), is_held: false });
        })
    };
    let says = props.says(above);
    html! {
        <div class={classes!("cut-line", (above > 0).then_some("drawn"), is_held.then_some("held"))} style={format!("--row:{above}")}>
            <span
                id="cut-line"
                role="slider"
                tabindex="0"
                aria-orientation="vertical"
                aria-label={text!("cut_line.label")}
                aria-valuemin="0"
                aria-valuemax={most.to_string()}
                aria-valuenow={above.to_string()}
                aria-valuetext={says.clone()}
                title={text!("cut_line.about")}
                onpointerdown={on_down}
                onpointermove={on_move}
                onpointerup={on_up}
                onpointercancel={on_cancel}
                onblur={on_blur}
                onkeydown={on_key}
            >
                <Icon shape={Shape::Scissors} />
            </span>
            if above > 0 { <output>{ says }</output> }
        </div>
    }
}

impl Props {
    /// Cuts off so many nodes from those below.
    fn cut(&self, above: usize) {
        if above > 0 {
            self.on_message.emit(Message::Do(step(partition(&self.picture.views, above))));
        }
    }

    /// Who would be on either side.
    fn says(&self, above: usize) -> String {
        let Some((upper, lower)) = self.picture.views.split_at_checked(above) else {
            return String::new();
        };
        match (upper, lower) {
            ([first, ..], [next, ..]) => {
                text!("cut_line.between", upper = span(first, upper), lower = span(next, lower))
            }
            _ => text!("cut_line.nowhere").to_owned(),
        }
    }
}

/// The first of some nodes and the last.
fn span(first: &View, nodes: &[View]) -> String {
    match nodes.last() {
        Some(last) if last.name != first.name => format!("{} – {}", first.name, last.name),
        _ => first.name.to_string(),
    }
}

/// So many nodes on one side, the others on the other.
fn partition(views: &[View], above: usize) -> Value {
    let names: Vec<String> = views.iter().map(|view| view.name.to_string()).collect();
    let (upper, lower) = names.split_at(above.min(names.len()));
    json!({ "partition": [upper, lower] })
}

/// Between which strips somebody points: how many are above.
fn above_pointer(event: &PointerEvent) -> usize {
    let handle = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    let band = handle.and_then(|handle| handle.closest(".views").ok().flatten());
    let y = band
        .map_or(0.0, |band| f64::from(event.client_y()) - band.get_bounding_client_rect().top());
    nearest_gap(y)
}

/// The gap between strips that is nearest to a height, as how many are above it.
fn nearest_gap(y: f64) -> usize {
    (y / ROW_PITCH as f64).round().max(0.0) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::Photographer;
    use scalesmall_sim::{Scenario, SimTime, Simulation};

    fn props() -> Props {
        let text = r#"{ "format": 1, "replicas": ["a", "b", "c"] }"#;
        let simulation = Simulation::new(Scenario::parse(text).unwrap());
        let picture = Shared::new(Photographer::default().take(&simulation));
        Props { picture, count: 3, on_message: Callback::noop() }
    }

    #[test]
    fn the_line_goes_to_the_nearest_gap() {
        let pitch = ROW_PITCH as f64;
        let gaps = [-9.0, 0.0, 0.4 * pitch, 0.6 * pitch, 1.4 * pitch, 7.0 * pitch];
        assert_eq!(gaps.map(nearest_gap), [0, 0, 0, 1, 1, 7]);
    }

    #[test]
    fn a_line_says_whom_it_parts() {
        let says = |above| props().says(above);
        assert_eq!(says(0), "nobody is cut off");
        assert_eq!(says(1), "a ✂ b – c");
        assert_eq!(says(2), "a – b ✂ c");
    }

    #[test]
    fn a_line_makes_a_partition_that_a_run_can_take() {
        let views = &props().picture.views;
        let parts = partition(views, 1);
        assert_eq!(parts, json!({ "partition": [["a"], ["b", "c"]] }));
        let scenario = Scenario::parse(r#"{ "format": 1, "replicas": ["a", "b", "c"] }"#).unwrap();
        let cut = crate::edit::with_step(&scenario, SimTime::from_ms(5), step(parts)).unwrap();
        let mut simulation = Simulation::new(cut);
        simulation.run_until(SimTime::from_ms(6));
        let groups = simulation.groups().expect("the network is cut");
        assert!(groups[0] != groups[1] && groups[1] == groups[2]);
    }
}
