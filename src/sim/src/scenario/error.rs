//! What is wrong with a scenario file, and where.

use std::fmt;

/// The most characters of a place or a reason; what a file holds may be quoted in either.
const MESSAGE_CHARS_MAX: usize = 500;

/// A scenario file that cannot be run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScenarioError {
    /// The text is no JSON, or its JSON has not the form of a scenario.
    Form {
        /// The path of the value, such as `steps[3].claim`; empty for the file as a whole.
        place: String,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What is wrong there.
        reason: String,
    },
    /// A value has the right form and cannot be.
    Value {
        /// The path of the value; empty for the file as a whole.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl ScenarioError {
    pub(crate) fn value(place: impl AsRef<str>, reason: impl AsRef<str>) -> Self {
        Self::Value { place: shown(place.as_ref()), reason: shown(reason.as_ref()) }
    }

    pub(crate) fn form(place: &str, line: usize, column: usize, reason: &str) -> Self {
        Self::Form { place: shown(place), line, column, reason: shown(reason) }
    }
}

impl fmt::Display for ScenarioError {
    /// `place: reason`, with line and column where they are known.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Form { place, reason, .. } | Self::Value { place, reason }) = self;
        if !place.is_empty() {
            write!(f, "{place}: ")?;
        }
        f.write_str(reason)?;
        match self {
            Self::Form { line, column, .. } => write!(f, " (line {line}, column {column})"),
            Self::Value { .. } => Ok(()),
        }
    }
}

impl std::error::Error for ScenarioError {}

/// `text` such as a terminal can show it: without control characters, and not without end.
fn shown(text: &str) -> String {
    let mut shown = String::new();
    for (index, char) in text.chars().enumerate() {
        if index == MESSAGE_CHARS_MAX {
            shown.push('…');
            break;
        }
        match char.is_control() {
            true => shown.extend(char.escape_default()),
            false => shown.push(char),
        }
    }
    shown
}
