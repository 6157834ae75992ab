//! What may be typed.

use std::num::NonZeroU32;

use scalesmall_crdt::{Claim, Key, KeyRange, NodeId, Operation};

/// How it is written, for people.
pub(super) const HELP: &str = "\
register NODE START END
release NODE START END
increase NODE START END BY
decrease NODE START END BY
tighten NODE START END TO-START TO-END
who KEY
status
help
quit
Keys are numbers from 0 to 4294967295, and ranges contain both ends.
";

/// A line that makes sense.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Command {
    Operation(Operation),
    /// Who serves this key?
    Who(Key),
    Status,
    Help,
    Quit,
}

impl Command {
    /// Reads a line; nothing where there is nothing on it.
    ///
    /// # Errors
    ///
    /// What is wrong, for people.
    pub(super) fn read(line: &str) -> Result<Option<Self>, String> {
        let mut words = Words { words: line.split_whitespace().collect(), place: 0 };
        let Some(&name) = words.words.first() else { return Ok(None) };
        words.place = 1;
        let command = match name {
            "register" => Self::Operation(Operation::Register { claim: words.claim()? }),
            "release" => Self::Operation(Operation::Release { claim: words.claim()? }),
            "increase" => {
                let (claim, by) = (words.claim()?, words.by()?);
                Self::Operation(Operation::Increase { claim, by })
            }
            "decrease" => {
                let (claim, by) = (words.claim()?, words.by()?);
                Self::Operation(Operation::Decrease { claim, by })
            }
            "tighten" => {
                let (claim, to) = (words.claim()?, words.range("TO-START", "TO-END")?);
                Self::Operation(Operation::Tighten { claim, to })
            }
            "who" => Self::Who(words.key("KEY")?),
            "status" => Self::Status,
            "help" => Self::Help,
            "quit" => Self::Quit,
            other => {
                return Err(format!("{other:.40?} is no command; `help` says which there are"));
            }
        };
        match words.words.get(words.place) {
            Some(word) => Err(format!("{name}: {word:.40?} is too much")),
            None => Ok(Some(command)),
        }
    }
}

struct Words<'a> {
    words: Vec<&'a str>,
    /// Which is to be read next.
    place: usize,
}

impl<'a> Words<'a> {
    fn next(&mut self, what: &str) -> Result<&'a str, String> {
        let word = self.words.get(self.place).copied();
        self.place += 1;
        word.ok_or_else(|| format!("{}: {what} is missing", self.words[0]))
    }

    fn key(&mut self, what: &str) -> Result<Key, String> {
        let word = self.next(what)?;
        word.parse().map_err(|_| {
            format!("{}: {what} is a number from 0 to {}, not {word:.40?}", self.words[0], Key::MAX)
        })
    }

    fn range(&mut self, start: &str, end: &str) -> Result<KeyRange, String> {
        let range = KeyRange::new(self.key(start)?, self.key(end)?);
        range.map_err(|error| format!("{}: {error}", self.words[0]))
    }

    fn claim(&mut self) -> Result<Claim, String> {
        let node = NodeId::new(self.next("NODE")?);
        let node = node.map_err(|error| format!("{}: NODE: {error}", self.words[0]))?;
        Ok(Claim::new(node, self.range("START", "END")?))
    }

    fn by(&mut self) -> Result<NonZeroU32, String> {
        let word = self.next("BY")?;
        word.parse().map_err(|_| {
            format!("{}: BY is a number from 1 to {}, not {word:.40?}", self.words[0], u32::MAX)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(node: &str, start: Key, end: Key) -> Claim {
        Claim::new(NodeId::new(node).unwrap(), KeyRange::new(start, end).unwrap())
    }

    #[test]
    fn lines_are_commands() {
        let check = |line: &str, expected: Command| {
            assert_eq!(Command::read(line), Ok(Some(expected)), "{line}");
        };
        let by = NonZeroU32::new(3).unwrap();
        let a = claim("a", 0, 9);
        check("register a 0 9\n", Command::Operation(Operation::Register { claim: a.clone() }));
        check("release a 0 9", Command::Operation(Operation::Release { claim: a.clone() }));
        check("increase a 0 9 3", Command::Operation(Operation::Increase { claim: a.clone(), by }));
        check("decrease a 0 9 3", Command::Operation(Operation::Decrease { claim: a.clone(), by }));
        let to = KeyRange::new(2, 4).unwrap();
        check("tighten a 0 9 2 4", Command::Operation(Operation::Tighten { claim: a, to }));
        check("  who\t4294967295 \r\n", Command::Who(Key::MAX));
        check("status", Command::Status);
        check("help", Command::Help);
        check("quit", Command::Quit);
        assert_eq!(Command::read(" \n"), Ok(None));
    }

    #[test]
    fn what_is_wrong_with_a_line_is_said() {
        let check = |line: &str, expected: &str| {
            assert_eq!(Command::read(line), Err(expected.to_owned()), "{line}");
        };
        check("regster a 0 9", "\"regster\" is no command; `help` says which there are");
        check("register", "register: NODE is missing");
        check("register a", "register: START is missing");
        check("register a x 9", "register: START is a number from 0 to 4294967295, not \"x\"");
        check("register a 9 0", "register: the range starts at 9, past its end 0");
        check("register a 0 9 9", "register: \"9\" is too much");
        check("increase a 0 9", "increase: BY is missing");
        check("decrease a 0 9 0", "decrease: BY is a number from 1 to 4294967295, not \"0\"");
        check("tighten a 0 9 2", "tighten: TO-END is missing");
        check("who -1", "who: KEY is a number from 0 to 4294967295, not \"-1\"");
        let name = "a".repeat(99);
        let long = Command::read(&format!("register {name} 0 9")).unwrap_err();
        assert!(long.starts_with("register: NODE: a name has 1 to "), "{long}");
    }
}
