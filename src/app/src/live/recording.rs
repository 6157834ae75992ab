//! The last minutes of the room, to be watched again: on the stage, or as a file.

use gloo::utils::window;
use scalesmall_peer::Recorded;
use scalesmall_sim::{Scenario, Simulation};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::texts::text;
use crate::{download, links, words};

/// What is made of a recording.
#[derive(Clone, Copy)]
pub(super) enum Wanted {
    /// A tab with the stage, on which it is played.
    Stage,
    /// A scenario file.
    File,
}

/// The recording as a scenario of which it is known that its run ends as the room is now.
///
/// # Errors
///
/// That it does not, for people.
pub(super) fn checked(recorded: &Recorded, room: &str) -> Result<Scenario, String> {
    let mut scenario = Scenario::parse(&recorded.scenario).map_err(|error| error.to_string())?;
    scenario.title = text!("live.recording_of", room = room);
    let mut simulation = Simulation::new(scenario.clone());
    while simulation.step() {}
    let is_same = |(node, shown): &&(_, u64)| {
        let mut replicas = simulation.replicas().iter();
        let replica = replicas.find(|replica| replica.node().id().node == *node);
        replica.is_some_and(|it| it.claims().fingerprint().to_u64() == *shown)
    };
    let others = recorded.shown.iter().filter(|it| !is_same(it)).map(|(node, _)| node.to_string());
    match others.collect::<Vec<_>>() {
        others if others.is_empty() => Ok(scenario),
        others => Err(text!("live.replay_differs", nodes = others.join(", "))),
    }
}

/// Makes of a scenario what is wanted; `on_failed` is told why it could not be.
pub(super) fn hand_out(scenario: Scenario, wanted: Wanted, on_failed: Callback<String>) {
    match wanted {
        Wanted::File => {
            let name = download::name(&scenario.title, "json");
            if download::save_text(&name, &scenario.to_json()).is_err() {
                on_failed.emit(text!("live.not_saved").to_owned());
            }
        }
        Wanted::Stage => spawn_local(async move {
            let address = links::packed(&scenario).await;
            let opened = window().open_with_url_and_target(&address, "_blank");
            if !matches!(opened, Ok(Some(_))) {
                on_failed.emit(text!("live.not_opened").to_owned());
            }
        }),
    }
}

/// How much that was, in words.
pub(super) fn about(recorded: &Recorded) -> String {
    let seconds = recorded.took_us / 1_000_000;
    let time = format!("{}:{:02}", seconds / 60, seconds % 60);
    let operations = words::operations(recorded.operations as u64);
    text!("live.replayed", time = time, operations = operations)
}

/// The buttons, and what became of what was asked for last.
pub(super) fn recording(said: Option<&str>, on_wanted: &Callback<Wanted>) -> Html {
    let on = |wanted| on_wanted.reform(move |_: MouseEvent| wanted);
    html! {
        <section aria-labelledby="record-title">
            <h2 id="record-title">{ text!("live.record") }<small>{ text!("live.record_about") }</small></h2>
            <div class="controls">
                <button id="replay" class="plain" onclick={on(Wanted::Stage)}>{ text!("live.replay") }</button>
                <button id="save-recording" class="plain" onclick={on(Wanted::File)}>{ text!("live.save") }</button>
                <output id="recorded">{ said.unwrap_or_default().to_owned() }</output>
            </div>
        </section>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scalesmall_crdt::NodeId;

    #[test]
    fn a_recording_that_would_end_otherwise_is_not_handed_out() {
        let scenario = r#"{ "format": 1, "replicas": ["a"], "network": { "mode": "manual" },
            "steps": [ { "on": "a", "do": "register", "claim": ["a", 0, 9] } ],
            "until": { "max_ms": 1 } }"#;
        let mut simulation = Simulation::new(Scenario::parse(scenario).unwrap());
        while simulation.step() {}
        let shown = simulation.agreed().unwrap().to_u64();
        let recorded = |shown| Recorded {
            took_us: 192_000_000,
            operations: 1,
            scenario: scenario.to_owned(),
            shown: vec![(NodeId::new("a").unwrap(), shown)],
        };
        assert_eq!(checked(&recorded(shown), "r").unwrap().title, "Room r, recorded");
        assert!(checked(&recorded(shown ^ 1), "r").unwrap_err().contains("a"));
        let about = about(&recorded(shown));
        assert!(about.contains("3:12") && about.contains("1 operation"), "{about}");
    }
}
