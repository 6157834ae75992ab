//! What is written.

use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;
use std::time::{Duration, Instant};

/// Writes to standard output. Whoever reads may have read enough.
pub(crate) fn print(text: &str) -> Result<(), String> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(format!("standard output: {error}"))
        }
        _ => Ok(()),
    }
}

/// Writes a file.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

/// A file to be written line by line; nothing is kept in memory.
pub(crate) struct Lines<'a> {
    path: &'a Path,
    file: BufWriter<File>,
}

impl<'a> Lines<'a> {
    pub(crate) fn create(path: &'a Path) -> Result<Self, String> {
        let file = File::create(path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self { path, file: BufWriter::new(file) })
    }

    pub(crate) fn line(&mut self, line: &str) -> Result<(), String> {
        writeln!(self.file, "{line}").map_err(|error| self.failed(&error))
    }

    /// Whole lines.
    pub(crate) fn text(&mut self, text: &str) -> Result<(), String> {
        self.file.write_all(text.as_bytes()).map_err(|error| self.failed(&error))
    }

    pub(crate) fn finish(mut self) -> Result<(), String> {
        self.file.flush().map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &io::Error) -> String {
        format!("{}: {error}", self.path.display())
    }
}

/// One line that says how far long work has come, on standard error while a terminal looks.
pub(crate) struct Progress {
    begun: Instant,
    shown: Option<Instant>,
    is_seen: bool,
}

impl Progress {
    pub(crate) fn new() -> Self {
        Self { begun: Instant::now(), shown: None, is_seen: io::stderr().is_terminal() }
    }

    /// Shows `text`, if something is to be shown again.
    pub(crate) fn show(&mut self, text: impl FnOnce() -> String) {
        const PAUSE: Duration = Duration::from_millis(200);
        let last = self.shown.unwrap_or(self.begun);
        if self.is_seen && last.elapsed() >= PAUSE {
            self.shown = Some(Instant::now());
            let _ = write!(io::stderr(), "\r\x1b[2K{}", text());
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown.is_some() {
            let _ = write!(io::stderr(), "\r\x1b[2K");
        }
    }
}
