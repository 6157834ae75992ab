//! The lines of standard input, as they are typed.

use std::io::{self, BufRead as _, Read as _};
use std::thread;

use tokio::sync::mpsc;

/// The most bytes of a line; what is beyond it is another line.
const LINE_BYTES_MAX: u64 = 1_024;
/// The most lines that wait.
const LINES_MAX: usize = 16;

/// Lines that somebody else waits for: standard input has no other way.
pub(super) struct Lines(mpsc::Receiver<String>);

impl Lines {
    pub(super) fn of_stdin() -> Self {
        let (lines_to, lines) = mpsc::channel(LINES_MAX);
        // It ends with the process.
        thread::spawn(move || {
            let mut stdin = io::stdin().lock();
            let mut line = Vec::new();
            while stdin.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line).is_ok() {
                let text = String::from_utf8_lossy(&line).into_owned();
                if line.is_empty() || lines_to.blocking_send(text).is_err() {
                    break;
                }
                line.clear();
            }
        });
        Self(lines)
    }

    /// The next one; never, where there are no more.
    pub(super) async fn next(&mut self) -> String {
        match self.0.recv().await {
            Some(line) => line,
            None => std::future::pending().await,
        }
    }
}
