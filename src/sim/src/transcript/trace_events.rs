//! What each node handled and when, as an array in the trace event format that browsers' own
//! profilers and Perfetto read: a process of which each node is a thread.

use std::fmt::Write as _;

use serde_json::Value;

use super::{Moment, Writer};
use crate::Simulation;

pub(super) struct TraceEvents;

impl Writer for TraceEvents {
    fn begin(&mut self, simulation: &Simulation, text: &mut String) {
        // Whatever follows begins with a comma.
        text.push_str("[{\"name\":\"process_name\",\"ph\":\"M\",\"pid\":1,");
        text.push_str("\"args\":{\"name\":\"scalesmall\"}}\n");
        for (index, name) in simulation.scenario().replicas.iter().enumerate() {
            let name = Value::from(name.as_str());
            let thread = format_args!(
                r#",{{"name":"thread_name","ph":"M","pid":1,"tid":{index},"args":{{"name":{name}}}}}"#
            );
            writeln!(text, "{thread}").expect("a String takes all");
        }
    }

    fn follow(&mut self, moment: &Moment<'_>, text: &mut String) {
        let simulation = moment.simulation;
        let Some((replica, what)) = simulation.last_event() else { return };
        let at_us = simulation.now().as_us();
        let fingerprint = simulation.replicas()[replica].claims().fingerprint();
        let event = format_args!(
            r#",{{"name":"{what}","ph":"i","s":"t","ts":{at_us},"pid":1,"tid":{replica},"args":{{"fingerprint":"{fingerprint}"}}}}"#
        );
        writeln!(text, "{event}").expect("a String takes all");
    }
}
