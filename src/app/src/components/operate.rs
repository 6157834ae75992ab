//! What can be done at one node, by hand.

use serde_json::{Value, json};
use wasm_bindgen::JsCast;
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use crate::edit::{Step, step};
use crate::texts::{plural, text};

#[derive(PartialEq, Properties)]
pub(crate) struct Props {
    pub(crate) node: AttrValue,
    pub(crate) is_up: bool,
    pub(crate) is_paused: bool,
    /// Whether something can befall the node itself.
    #[prop_or(true)]
    pub(crate) befalls: bool,
    /// Some of the live claims that it sees, to choose from: node and range.
    pub(crate) claims: Vec<(AttrValue, u32, u32)>,
    pub(crate) on_step: Callback<Step>,
}

/// What stands in the form, as it was typed.
#[derive(Clone, PartialEq)]
struct Asked {
    operation: String,
    by: String,
    of: String,
    from: String,
    up_to: String,
    leaves_from: String,
    leaves_up_to: String,
}

impl Asked {
    fn of_own_keys(node: &str) -> Self {
        Self {
            operation: "register".to_owned(),
            by: "1".to_owned(),
            of: node.to_owned(),
            from: "0".to_owned(),
            up_to: "0x3fffffff".to_owned(),
            leaves_from: "0".to_owned(),
            leaves_up_to: "0x1fffffff".to_owned(),
        }
    }

    fn takes_by(&self) -> bool {
        matches!(self.operation.as_str(), "increase" | "decrease")
    }

    fn takes_to(&self) -> bool {
        self.operation == "tighten"
    }

    /// The step that is asked for. What is no number is handed on as it is, and refused with its
    /// place like all else that is wrong.
    fn step(&self, node: &str) -> Step {
        let mut asked = step(json!({
            "on": node,
            "do": self.operation,
            "claim": [self.of, number(&self.from), number(&self.up_to)],
        }));
        if self.takes_by() {
            asked.insert("by".to_owned(), number(&self.by));
        }
        if self.takes_to() {
            let to = json!([number(&self.leaves_from), number(&self.leaves_up_to)]);
            asked.insert("to".to_owned(), to);
        }
        asked
    }
}

/// An operation asked of the node, and what can befall the node itself. What is typed is kept here,
/// since the document follows the run many times a second.
#[component]
pub(crate) fn Operate(props: &Props) -> Html {
    let asked = use_state_eq(|| Asked::of_own_keys(&props.node));
    let onsubmit = {
        let (on_step, node, asked) = (props.on_step.clone(), props.node.clone(), asked.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            on_step.emit(asked.step(&node));
        })
    };
    html! {
        <div class="operate">
            <h3>{ text!("operate.title", node = props.node) }</h3>
            if props.is_up {
                <form {onsubmit}>
                    { operations(&asked) }
                    if asked.takes_by() { { field("by", text!("operate.by"), &asked, |it| &mut it.by) } }
                    <div class="claim">
                        { field("of", text!("operate.of"), &asked, |it| &mut it.of) }
                        { field("from", text!("operate.from"), &asked, |it| &mut it.from) }
                        { field("up-to", text!("operate.up_to"), &asked, |it| &mut it.up_to) }
                    </div>
                    if asked.takes_to() {
                        <div class="claim">
                            { field("leaves-from", text!("operate.leaves_from"), &asked, |it| &mut it.leaves_from) }
                            { field("leaves-up-to", text!("operate.leaves_up_to"), &asked, |it| &mut it.leaves_up_to) }
                        </div>
                    }
                    <button class="plain main" id="do">{ text!("operate.do") }</button>
                    { claim_list(&props.claims, &asked) }
                </form>
            }
            if props.befalls {
                { befall(props) }
            }
        </div>
    }
}

/// The operations, as a scenario file names them, and as they are shown.
fn names() -> [(&'static str, &'static str); 5] {
    [
        ("register", text!("operate.register")),
        ("increase", text!("operate.increase")),
        ("decrease", text!("operate.decrease")),
        ("release", text!("operate.release")),
        ("tighten", text!("operate.tighten")),
    ]
}

fn operations(asked: &UseStateHandle<Asked>) -> Html {
    let onchange = {
        let asked = asked.clone();
        Callback::from(move |event: Event| {
            let select =
                event.target().and_then(|target| target.dyn_into::<HtmlSelectElement>().ok());
            if let Some(select) = select {
                asked.set(Asked { operation: select.value(), ..(*asked).clone() });
            }
        })
    };
    html! {
        <select id="operation" aria-label={text!("operate.operation")} {onchange}>
            { for names().into_iter().map(|(value, name)| html! {
                <option {value} selected={value == asked.operation}>{ name }</option>
            }) }
        </select>
    }
}

fn field(
    id: &'static str,
    label: &'static str,
    asked: &UseStateHandle<Asked>,
    part: fn(&mut Asked) -> &mut String,
) -> Html {
    let value = part(&mut (**asked).clone()).clone();
    let asked = asked.clone();
    let oninput = Callback::from(move |event: InputEvent| {
        let input = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok());
        if let Some(input) = input {
            let mut typed = (*asked).clone();
            *part(&mut typed) = input.value();
            asked.set(typed);
        }
    });
    html! {
        <label>{ label }<input {id} autocomplete="off" spellcheck="false" {value} {oninput} /></label>
    }
}

/// The claims that the node sees: a click takes one into the form.
fn claim_list(claims: &[(AttrValue, u32, u32)], asked: &UseStateHandle<Asked>) -> Html {
    let claim = |(of, start, end): &(AttrValue, u32, u32)| {
        let taken = Asked {
            of: of.to_string(),
            from: format!("{start:#010x}"),
            up_to: format!("{end:#010x}"),
            ..(**asked).clone()
        };
        let asked = asked.clone();
        let onclick = Callback::from(move |_: MouseEvent| asked.set(taken.clone()));
        html! {
            <li><button type="button" class="quiet mono" {onclick}>
                { format!("{of} {start:08x} – {end:08x}") }
            </button></li>
        }
    };
    html! {
        <details class="known-claims">
            <summary>{ plural!("operate.claims", claims.len()) }</summary>
            <ul>{ for claims.iter().map(claim) }</ul>
        </details>
    }
}

fn befall(props: &Props) -> Html {
    let button = |name: &'static str, id: &'static str, value: Value| {
        let value = step(value);
        let onclick = props.on_step.reform(move |_: MouseEvent| value.clone());
        html! { <button type="button" class="plain" {id} {onclick}>{ name }</button> }
    };
    let node = props.node.to_string();
    html! {
        <div class="controls">
            if !props.is_up {
                { button(text!("operate.restart"), "restart-node", json!({ "restart": node })) }
                { button(text!("operate.restart_lost"), "restart-lost", json!({ "restart": node, "state": "lost" })) }
            } else if props.is_paused {
                { button(text!("operate.resume"), "resume-node", json!({ "resume": node })) }
                { button(text!("operate.crash"), "crash-node", json!({ "crash": node })) }
            } else {
                { button(text!("operate.crash"), "crash-node", json!({ "crash": node })) }
                { button(text!("operate.pause"), "pause-node", json!({ "pause": node })) }
                { button(text!("operate.leave"), "leave-node", json!({ "leave": node })) }
            }
        </div>
    }
}

/// A key in decimal, or in hex behind 0x.
pub(super) fn number(text: &str) -> Value {
    let text = text.trim();
    let number = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    };
    number.map_or_else(|| json!(text), |number| json!(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_becomes_a_step_of_a_scenario_file() {
        let asked = Asked::of_own_keys("n1");
        assert_eq!(
            Value::Object(asked.step("n2")),
            json!({ "on": "n2", "do": "register", "claim": ["n1", 0, 0x3fff_ffff_u32] })
        );
        let tighten = Asked { operation: "tighten".to_owned(), ..asked.clone() };
        assert_eq!(tighten.step("n2")["to"], json!([0, 0x1fff_ffff_u32]));
        let increase = Asked { operation: "increase".to_owned(), by: "many".to_owned(), ..asked };
        assert_eq!(increase.step("n2")["by"], json!("many"));
    }

    #[test]
    fn keys_are_read_in_decimal_and_in_hex_and_all_else_is_handed_on() {
        assert_eq!(number("12"), json!(12));
        assert_eq!(number(" 0xFf "), json!(255));
        assert_eq!(number("4294967295"), json!(u32::MAX));
        assert_eq!(number("twelve"), json!("twelve"));
        assert_eq!(number("-1"), json!("-1"));
    }
}
