//! A replay as a scenario file, the form of which is described where such files are read.

use std::fmt::Write;

use scalesmall_crdt::{KeyRange, NodeId, Operation, base64url};
use scalesmall_node::SimTime;

use super::replay::{Replay, Step};

/// The replay as the text of a file, with the end at `until`.
pub(super) fn script(replay: &Replay<'_>, until: SimTime) -> String {
    let (mut names, mut incarnations) = (Vec::new(), Vec::new());
    for replica in replay.nodes() {
        names.push(text(&replica.node));
        incarnations.push(replica.incarnation.to_string());
    }
    let script = Script { replay };
    format!(
        "{{\n\"format\": 1,\n\"replicas\": [{}],\n\"incarnations\": [{}],\n\
         \"network\": {{ \"mode\": \"manual\" }},\n\"steps\": [\n{}\n],\n\
         \"until\": {{ \"max_ms\": {} }}\n}}\n",
        names.join(", "),
        incarnations.join(", "),
        script.steps().join(",\n"),
        script.ms(until),
    )
}

/// A name as JSON has it. There are no control characters in it.
fn text(node: &NodeId) -> String {
    format!("\"{}\"", node.as_str().replace('\\', "\\\\").replace('"', "\\\""))
}

struct Script<'a> {
    replay: &'a Replay<'a>,
}

impl Script<'_> {
    fn ms(&self, at: SimTime) -> u64 {
        at.us_since(self.replay.began) / 1_000
    }

    fn name(&self, place: usize) -> String {
        text(&self.replay.replica(place).node)
    }

    fn steps(&self) -> Vec<String> {
        let all = &self.replay.steps;
        // To whom what each step does is sent, and which message that is.
        let mut sent: Vec<Vec<(usize, usize)>> = vec![Vec::new(); all.len()];
        for (number, (_, step)) in all.iter().enumerate() {
            if let Step::Deliver(of, to) = step {
                sent[*of].push((*to, number));
            }
        }
        let late = self.replay.late.iter();
        let mut steps: Vec<String> =
            late.map(|&it| format!("{{ \"crash\": {} }}", self.name(it))).collect();
        for (number, (at, step)) in all.iter().enumerate() {
            let at = format!("{{ \"at_ms\": {}, ", self.ms(*at));
            steps.push(format!("{at}{} }}", self.fields(number, step)));
            let Step::Do(on, _) = step else { continue };
            for &(to, message) in &sent[number] {
                let (on, to) = (self.name(*on), self.name(to));
                steps.push(format!(
                    "{at}\"send\": [{on}, {to}], \"as\": \"{message}\", \"only\": \"last-operation\" }}"
                ));
            }
        }
        steps
    }

    fn fields(&self, number: usize, step: &Step) -> String {
        let name = |place: &usize| self.name(*place);
        match step {
            Step::Do(on, operation) => {
                let (claim, [start, end]) = (operation.claim(), ends(operation.claim().range));
                let kind = operation.name().to_lowercase();
                let (on, of) = (name(on), text(&claim.node));
                let mut fields =
                    format!("\"on\": {on}, \"do\": \"{kind}\", \"claim\": [{of}, {start}, {end}]");
                let _ = match operation {
                    Operation::Increase { by, .. } | Operation::Decrease { by, .. } => {
                        write!(fields, ", \"by\": {by}")
                    }
                    Operation::Tighten { to, .. } => write!(fields, ", \"to\": {:?}", ends(*to)),
                    // That is all; what other data types have, a room has not.
                    _ => Ok(()),
                };
                fields
            }
            Step::Deliver(..) => format!("\"deliver\": \"{number}\""),
            Step::Receive(on, delta) => receive(&name(on), &delta.to_bytes()),
            Step::ReceiveState(on, state) => receive(&name(on), &state.to_bytes()),
            Step::Sync(from, to) => format!("\"sync\": [{}, {}]", name(from), name(to)),
            Step::Crash(on) => format!("\"crash\": {}", name(on)),
            Step::Restart { on, is_anew: false } => format!("\"restart\": {}", name(on)),
            Step::Restart { on, is_anew: true } => format!(
                "\"restart\": {}, \"state\": \"lost\", \"incarnation\": {}",
                name(on),
                self.replay.replica(*on).incarnation
            ),
        }
    }
}

fn receive(on: &str, bytes: &[u8]) -> String {
    format!("\"receive\": \"{}\", \"on\": {on}", base64url::encode(bytes))
}

fn ends(range: KeyRange) -> [u32; 2] {
    [range.start(), range.end()]
}
