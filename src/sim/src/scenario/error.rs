//! What is wrong with a scenario file, and where.

use std::fmt;

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
        /// The path of the value.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl ScenarioError {
    pub(crate) fn value(place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Value { place: place.into(), reason: reason.into() }
    }
}

impl fmt::Display for ScenarioError {
    /// `place: reason`, with line and column where they are known.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form { place, line, column, reason } => {
                if !place.is_empty() {
                    write!(f, "{place}: ")?;
                }
                write!(f, "{reason} (line {line}, column {column})")
            }
            Self::Value { place, reason } => write!(f, "{place}: {reason}"),
        }
    }
}

impl std::error::Error for ScenarioError {}
