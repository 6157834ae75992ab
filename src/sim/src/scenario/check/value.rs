//! Single values: within their limits, or refused with their place.

use std::fmt::Display;
use std::ops::RangeInclusive;

use scalesmall_crdt::{Claim, KeyRange, NodeId};

use super::super::file::ClaimFile;
use super::super::form::Whole;
use crate::limits::TEXT_CHARS_MAX;
use crate::scenario::ScenarioError;

pub(super) type Checked<T> = Result<T, ScenarioError>;

pub(super) fn wrong<T>(place: &str, reason: impl AsRef<str>) -> Checked<T> {
    Err(ScenarioError::value(place, reason))
}

/// What a word stands for, where one is given.
pub(super) fn choose<T: Copy>(
    place: &str,
    word: Option<&str>,
    choices: &[(&str, T)],
    setting: &mut T,
) -> Checked<()> {
    let words: Vec<&str> = choices.iter().map(|&(word, _)| word).collect();
    known(place, word, &words)?;
    let chosen = choices.iter().find(|&&(choice, _)| Some(choice) == word);
    *setting = chosen.map_or(*setting, |&(_, choice)| choice);
    Ok(())
}

pub(super) fn claim(
    place: &str,
    ClaimFile { node: name, start, end }: ClaimFile,
) -> Checked<Claim> {
    let node = node(&format!("{place}[0]"), &name)?;
    Ok(Claim::new(node, range(place, [(start, 1), (end, 2)])?))
}

/// The range whose ends are elements of the array at `place`, each with its index there.
pub(super) fn range(place: &str, ends: [(Whole, usize); 2]) -> Checked<KeyRange> {
    let mut keys = [0; 2];
    for (key, (Whole(given), index)) in keys.iter_mut().zip(ends) {
        let Ok(given) = u32::try_from(given) else {
            let reason = format!("{given} is past the key space, 0 to {}", u32::MAX);
            return wrong(&format!("{place}[{index}]"), reason);
        };
        *key = given;
    }
    KeyRange::new(keys[0], keys[1]).or_else(|error| wrong(place, error.to_string()))
}

pub(super) fn node(place: &str, name: &str) -> Checked<NodeId> {
    NodeId::new(name).or_else(|error| wrong(place, error.to_string()))
}

pub(super) fn text(place: &str, text: String) -> Checked<String> {
    match text.chars().count() {
        0..=TEXT_CHARS_MAX if text.chars().any(char::is_control) => {
            wrong(place, format!("{text:?} holds a control character"))
        }
        0..=TEXT_CHARS_MAX => Ok(text),
        chars => wrong(place, format!("has {chars} characters, more than {TEXT_CHARS_MAX}")),
    }
}

pub(super) fn few(place: &str, count: usize, most: usize) -> Checked<()> {
    if count <= most {
        Ok(())
    } else {
        wrong(place, format!("there are {count}, more than {most}"))
    }
}

pub(super) fn number<T>(place: &str, Whole(given): Whole, within: RangeInclusive<T>) -> Checked<T>
where
    T: TryFrom<u64> + PartialOrd + Display,
{
    match T::try_from(given) {
        Ok(number) if within.contains(&number) => Ok(number),
        _ => wrong(place, format!("{given} is not within {} to {}", within.start(), within.end())),
    }
}

/// Refuses a word that is not among those that this version knows.
pub(super) fn known(place: &str, word: Option<&str>, words: &[&str]) -> Checked<()> {
    match word {
        Some(word) if !words.contains(&word) => {
            let reason =
                format!("{word:?} is not known to this version; known: {}", words.join(", "));
            wrong(place, reason)
        }
        _ => Ok(()),
    }
}
