//! What all this means, which keys there are, and how the page is to speak and to look.

use wasm_bindgen::JsCast;
use web_sys::HtmlSelectElement;
use yew::prelude::*;

use super::{Dialog, Swatch};
use crate::identity::Identity;
use crate::keyboard::called;
use crate::paint;
use crate::preferences::{Appearance, Preferences};
use crate::texts::{Language, text};

#[derive(PartialEq, Properties)]
pub(crate) struct Props {
    pub(crate) preferences: Preferences,
    pub(crate) on_speak: Callback<Language>,
    pub(crate) on_appear: Callback<Appearance>,
    pub(crate) on_close: Callback<()>,
}

#[component]
pub(crate) fn Help(props: &Props) -> Html {
    html! {
        <Dialog class="help" title={text!("help.title")} opener="help" on_close={&props.on_close}>
            <p class="lead">{ text!("help.about") }</p>
            <section>
                <h3>{ text!("help.legend") }</h3>
                { legend() }
            </section>
            <section>
                <h3>{ text!("help.keys") }</h3>
                { keys() }
                { choosers(props) }
            </section>
        </Dialog>
    }
}

/// What is drawn, and what it means.
fn legend() -> Html {
    let look = |position: usize| html! { <Swatch identity={Identity::at(position)} /> };
    let samples = [
        (html! { <>{ look(0) }{ look(9) }{ look(18) }</> }, text!("help.look")),
        (
            html! { <>{ drawn("bars", "M0 0h9v7.5h-9z M10.5 3h9v4.5h-9z M0 9h9v2h-9z M10.5 9h9v2h-9z") }</> },
            text!("help.height"),
        ),
        (
            html! { <>{ drawn("hatched", "M-1 8 L8 -1 M4 13 L17 0 M14 13 L23 4") }</> },
            text!("help.hatched"),
        ),
        (
            html! { <><span class="agrees">{ look(1) }</span><span class="differs">{ look(1) }</span></> },
            text!("help.faint"),
        ),
        (
            html! { <i class="scale" style={format!("background:{}", paint::legend())} /> },
            text!("help.scale"),
        ),
        (
            html! { <>{ for ["alive", "seen", "missing"].into_iter().zip(1..).map(|(kind, number)| html! {
                <span class={classes!("bead", kind)}>{ number }</span>
            }) }</> },
            text!("help.beads"),
        ),
    ];
    let row = |(sample, meaning): (Html, &'static str)| {
        html! { <li><span class="sample" aria-hidden="true">{ sample }</span><span>{ meaning }</span></li> }
    };
    html! { <ul class="meanings">{ for samples.into_iter().map(row) }</ul> }
}

/// A sample of the size of a node's look.
fn drawn(class: &'static str, path: &'static str) -> Html {
    html! { <svg class={classes!("swatch", class)} viewBox="0 0 20 11"><path d={path} /></svg> }
}

/// The keys, as [`crate::keyboard::message`] reads them.
fn keys() -> Html {
    let rows: [(&[&str], &str); 19] = [
        (&["Space", "."], text!("help.play")),
        (&["ArrowLeft", "ArrowRight"], text!("help.step")),
        (&["Shift ←", "Shift →"], text!("help.turn")),
        (&["E"], text!("help.event")),
        (&["Home"], text!("help.restart")),
        (&["+", "-"], text!("help.speed")),
        (&["ArrowUp", "ArrowDown"], text!("help.move")),
        (&["Enter"], text!("help.open")),
        (&["N", "B"], text!("help.walk")),
        (&["Z", "Shift Z"], text!("help.zoom")),
        (&["A", "D"], text!("help.pan")),
        (&["0"], text!("help.whole")),
        (&["O"], text!("help.only")),
        (&["P", "H"], text!("help.cut")),
        (&["L"], text!("help.loss")),
        (&["F"], text!("help.fork")),
        (&["C"], text!("help.compare")),
        (&["Escape"], text!("help.close")),
        (&["?"], text!("help.help")),
    ];
    let row = |(keys, what): (&[&str], &'static str)| {
        html! {
            <tr>
                <th scope="row">{ for keys.iter().map(|key| html! { <kbd>{ called(key) }</kbd> }) }</th>
                <td>{ what }</td>
            </tr>
        }
    };
    html! { <table class="keys"><tbody>{ for rows.into_iter().map(row) }</tbody></table> }
}

fn choosers(props: &Props) -> Html {
    let Preferences { language, appearance } = props.preferences;
    let on_speak = props.on_speak.clone();
    let speak = Callback::from(move |event: Event| {
        if let Some(language) = chosen(&event).and_then(|tag| Language::of_tag(&tag)) {
            on_speak.emit(language);
        }
    });
    let on_appear = props.on_appear.clone();
    let appear = Callback::from(move |event: Event| {
        if let Some(appearance) = chosen(&event).and_then(|name| Appearance::of_name(&name)) {
            on_appear.emit(appearance);
        }
    });
    let appearances = [text!("help.system"), text!("help.light"), text!("help.dark")];
    html! {
        <div class="choosers">
            <label>
                { text!("help.language") }
                <select id="language" onchange={speak}>
                    { for Language::all().map(|choice| html! {
                        <option value={choice.tag()} lang={choice.tag()} selected={choice == language}>{ choice.name() }</option>
                    }) }
                </select>
            </label>
            <label>
                { text!("help.appearance") }
                <select id="appearance" onchange={appear}>
                    { for Appearance::ALL.into_iter().zip(appearances).map(|(choice, name)| html! {
                        <option value={choice.name()} selected={choice == appearance}>{ name }</option>
                    }) }
                </select>
            </label>
        </div>
    }
}

/// The value that a list was set to.
fn chosen(event: &Event) -> Option<String> {
    let select = event.target()?.dyn_into::<HtmlSelectElement>().ok()?;
    Some(select.value())
}
