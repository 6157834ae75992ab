//! A run written down for other programs, in slices of a frame.

use std::sync::Arc;

use scalesmall_sim::transcript::{Format, Transcriber};
use scalesmall_sim::{Scenario, SimTime};

/// The most bytes of a file; the run may have more to tell.
const BYTES_MAX: usize = 64 << 20;

/// A run that is played anew, from its beginning, and what of it is written by now.
pub(crate) struct Export {
    pub(crate) format: Format,
    transcriber: Transcriber,
    text: String,
    bytes_max: usize,
    is_cut: bool,
}

impl Export {
    pub(crate) fn new(scenario: Arc<Scenario>, format: Format) -> Self {
        let transcriber = Transcriber::new(scenario, &[format]);
        Self { format, transcriber, text: String::new(), bytes_max: BYTES_MAX, is_cut: false }
    }

    /// How far the run has come.
    pub(crate) fn now(&self) -> SimTime {
        self.transcriber.simulation().now()
    }

    /// What is written by now.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whether the run has more to tell than there is room for.
    pub(crate) fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Goes on for as long as `has_time` says. True when all is written that will be.
    pub(crate) fn advance(&mut self, mut has_time: impl FnMut() -> bool) -> bool {
        while has_time() {
            let text = &mut self.text;
            let goes_on = self.transcriber.step(&mut |_, lines| text.push_str(lines));
            if self.text.len() > self.bytes_max {
                self.cut();
                return true;
            }
            if !goes_on {
                return true;
            }
        }
        false
    }

    /// Ends the file with the last line that there is room for.
    fn cut(&mut self) {
        let closing = self.format.closing;
        let room = &self.text.as_bytes()[..self.bytes_max - closing.len()];
        let end = room.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        self.text.truncate(end);
        self.text.push_str(closing);
        self.is_cut = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scalesmall_sim::builtin;

    fn export(format: Format, bytes_max: usize) -> Export {
        let scenario = Scenario::parse(builtin::FIRST_LIGHT).unwrap();
        Export { bytes_max, ..Export::new(Arc::new(scenario), format) }
    }

    #[test]
    fn slices_come_to_the_same_as_one_go() {
        for format in Format::ALL {
            let mut at_once = export(format, BYTES_MAX);
            assert!(at_once.advance(|| true) && !at_once.is_cut());
            let mut sliced = export(format, BYTES_MAX);
            let mut slices = 0;
            loop {
                let mut steps = 100;
                let is_done = sliced.advance(|| {
                    steps -= 1;
                    steps > 0
                });
                slices += 1;
                if is_done {
                    break;
                }
            }
            assert!(slices > 10);
            assert_eq!(sliced.text(), at_once.text());
        }
    }

    #[test]
    fn what_is_too_long_ends_with_a_whole_line() {
        let mut cut = export(Format::TRACE, 10_000);
        assert!(cut.advance(|| true) && cut.is_cut());
        assert!(cut.text().len() <= 10_000);
        let events: Vec<serde_json::Value> = serde_json::from_str(cut.text()).unwrap();
        assert!(events.len() > 50);

        let mut cut = export(Format::METRICS, 1_000);
        assert!(cut.advance(|| true) && cut.is_cut());
        let columns = |line: &str| line.split(',').count();
        let first = cut.text().lines().next().map(columns);
        assert!(cut.text().lines().all(|line| Some(columns(line)) == first));
    }
}
