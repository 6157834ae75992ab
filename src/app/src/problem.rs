//! Something that was asked for and cannot be done.

use crate::texts::text;

pub(crate) enum Problem {
    /// The address asks for it; why not, in the words of whoever reads it.
    Address(String),
    /// The page around asks for it in the address; why not.
    Embedding(String),
    /// A step by hand; why not, in the simulator's words.
    Step(String),
    /// A step by hand that would change what has happened.
    OtherPast,
}

impl Problem {
    pub(crate) fn title(&self) -> &'static str {
        match self {
            Self::Address(_) => text!("problem.scenario"),
            Self::Embedding(_) => text!("embed.title"),
            Self::Step(_) | Self::OtherPast => text!("problem.step"),
        }
    }

    pub(crate) fn reason(&self) -> String {
        match self {
            Self::Address(reason) | Self::Embedding(reason) | Self::Step(reason) => reason.clone(),
            Self::OtherPast => text!("problem.other_past").to_owned(),
        }
    }

    /// What is there instead.
    pub(crate) fn instead(&self) -> &'static str {
        match self {
            Self::Address(_) => text!("problem.scenario_instead"),
            Self::Embedding(_) => text!("embed.instead"),
            Self::Step(_) | Self::OtherPast => text!("problem.step_instead"),
        }
    }
}
