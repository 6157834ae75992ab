//! How a run that ends badly is reduced to the fewest steps that still do.

use scalesmall_sim::Undesired;
use scalesmall_sim::shrink::Progress;
use yew::prelude::*;

use crate::shrinking::ShrinkFacts;
use crate::texts::{plural, text};

/// How far it has come, and what came of it. `on_back` leads back to the run that was shrunk, where
/// that is still kept and not shown.
pub(crate) fn shrink(
    facts: &ShrinkFacts,
    on_close: Callback<MouseEvent>,
    on_back: Option<Callback<MouseEvent>>,
) -> Html {
    let ShrinkFacts { progress, steps_given, steps_left, .. } = *facts;
    let is_working = progress == Progress::Working;
    let close = if is_working { text!("shrink.cancel") } else { text!("close") };
    html! {
        <section class="shrink controls" aria-label={text!("shrink.title")}>
            if is_working {
                <progress
                    aria-label={text!("shrink.left_out")}
                    max={steps_given.to_string()}
                    value={(steps_given - steps_left).to_string()}
                />
            }
            // What changes all the time is not read aloud.
            <p id="shrink-status" role="status" aria-live={if is_working { "off" } else { "polite" }}>
                { said(facts) }
            </p>
            if let Some(on_back) = on_back {
                <button id="shrink-back" class="plain main" onclick={on_back}>{ text!("shrink.back") }</button>
            }
            <button id="shrink-close" class="plain" onclick={on_close}>{ close }</button>
        </section>
    }
}

/// Where one begins, whatever the run has come to.
pub(crate) fn shrink_it(on_shrink: Callback<MouseEvent>) -> Html {
    html! {
        <section class="shrink-it" aria-labelledby="shrink-title">
            <h2 id="shrink-title">
                { text!("shrink.title") }
                <small>{ text!("shrink.hint") }</small>
            </h2>
            <div class="controls">
                <button id="shrink" class="plain" onclick={on_shrink}>{ text!("shrink.begin") }</button>
            </div>
        </section>
    }
}

fn said(facts: &ShrinkFacts) -> String {
    let ShrinkFacts { progress, undesired, steps_given, steps_left, replays } = *facts;
    let what = undesired.map_or("", what);
    match progress {
        Progress::Working => {
            let replays = plural!("shrink.replays", replays);
            plural!("shrink.working", steps_given, left = steps_left, replays = replays)
        }
        Progress::NotShown => text!("shrink.none").to_owned(),
        Progress::Shrunk { is_minimal } => {
            let done = plural!("shrink.done", steps_given, left = steps_left, what = what);
            if is_minimal { done } else { format!("{done} {}", text!("shrink.limit")) }
        }
    }
}

/// What is undesired, as it stands at the end of a sentence.
fn what(undesired: Undesired) -> &'static str {
    match undesired.name() {
        "disagree-in-touch" => text!("shrink.what.disagree_in_touch"),
        "disagree" => text!("shrink.what.disagree"),
        "lost" => text!("shrink.what.lost"),
        "unserved" => text!("shrink.what.unserved"),
        "resurrected" => text!("shrink.what.resurrected"),
        // Nobody asks for any other here.
        _ => undesired.about(),
    }
}
