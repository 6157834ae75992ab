//! Counts of tests, read out of what the various test runners print.

use std::fmt;
use std::ops::Add;

/// How many tests passed, failed and were skipped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Tests that passed.
    pub(crate) passed: u32,
    /// Tests that failed, were killed or could not be run.
    pub(crate) failed: u32,
    /// Tests left out.
    pub(crate) skipped: u32,
}

impl Tally {
    /// One check that passed or failed as a whole.
    pub(crate) fn of(ok: bool) -> Self {
        Self { passed: u32::from(ok), failed: u32::from(!ok), skipped: 0 }
    }

    /// Counts a runner that failed without a failed test, as when its tests do not compile,
    /// as one failure.
    pub(crate) fn or_failed(mut self, ok: bool) -> Self {
        if !ok && self.failed == 0 {
            self.failed = 1;
        }
        self
    }

    /// The sum of the `test result:` lines of Rust's own test harness and of those that
    /// follow it.
    pub(crate) fn from_libtest(printed: &str) -> Self {
        let mut tally = Self::default();
        for line in without_colours(printed).lines() {
            if let Some((_, counts)) = line.split_once("test result: ") {
                let counts = counts.split_once(". ").map_or(counts, |(_, counts)| counts);
                tally.count(counts, ';');
            }
        }
        tally
    }

    /// The counts of nextest's `Summary` line, if there is one.
    pub(crate) fn from_nextest(printed: &str) -> Option<Self> {
        let printed = without_colours(printed);
        let line = printed.lines().rfind(|line| line.trim_start().starts_with("Summary ["))?;
        let (_, counts) = line.split_once("run: ")?;
        let mut tally = Self::default();
        tally.count(counts, ',');
        Some(tally)
    }

    /// The closing counts of a TAP report of Node's test runner, if there are any.
    pub(crate) fn from_tap(report: &str) -> Option<Self> {
        let count = |name: &str| -> Option<u32> {
            let line = report.lines().rfind(|line| line.starts_with(name))?;
            line.strip_prefix(name)?.trim().parse().ok()
        };
        Some(Self {
            passed: count("# pass ")?,
            failed: count("# fail ")? + count("# cancelled ")?,
            skipped: count("# skipped ")? + count("# todo ")?,
        })
    }

    /// Adds a list such as `3 passed (1 slow), 1 timed out, 2 skipped`.
    fn count(&mut self, counts: &str, separator: char) {
        for item in counts.split(separator) {
            let mut words = item.split_whitespace();
            let Some(number) = words.next().and_then(|word| word.parse::<u32>().ok()) else {
                continue;
            };
            match words.next() {
                Some("passed") => self.passed += number,
                Some("skipped" | "ignored") => self.skipped += number,
                Some("failed" | "timed" | "exec") => self.failed += number,
                _ => {}
            }
        }
    }
}

impl Add for Tally {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
            skipped: self.skipped + other.skipped,
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 {
            write!(f, ", {} skipped", self.skipped)?;
        }
        Ok(())
    }
}

/// `text` less the escape sequences that colour it.
fn without_colours(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, escaped)) = rest.split_once("\x1b[") {
        plain.push_str(before);
        rest =
            escaped.find(|c: char| c.is_ascii_alphabetic()).map_or("", |end| &escaped[end + 1..]);
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(passed: u32, failed: u32, skipped: u32) -> Tally {
        Tally { passed, failed, skipped }
    }

    #[test]
    fn libtest_lines_are_summed() {
        let printed = "\
running 2 tests
test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s
test result: \x1b[31mFAILED\x1b[0m. 1 passed; 3 failed; 4 ignored; 0 filtered out
";
        assert_eq!(Tally::from_libtest(printed), tally(3, 3, 4));
        assert_eq!(Tally::from_libtest("no tests to run!"), tally(0, 0, 0));
    }

    #[test]
    fn nextest_summary_is_read() {
        let check =
            |line: &str, expected| assert_eq!(Tally::from_nextest(line), expected, "{line}");
        check("     Summary [   0.003s] 5 tests run: 5 passed, 0 skipped", Some(tally(5, 0, 0)));
        check(
            "\x1b[31;1m     Summary\x1b[0m [   1.2s] \x1b[1m6\x1b[0m tests run: \x1b[1m3\x1b[0m passed (1 slow), 1 failed, 1 timed out, 1 exec failed, 2 skipped",
            Some(tally(3, 3, 2)),
        );
        check("error: could not compile `x`", None);
    }

    #[test]
    fn tap_counts_are_read() {
        let report = "\
ok 1 - a test
# tests 6
# suites 0
# pass 2
# fail 1
# cancelled 1
# skipped 1
# todo 1
";
        assert_eq!(Tally::from_tap(report), Some(tally(2, 2, 2)));
        assert_eq!(Tally::from_tap("TAP version 13\n"), None);
    }

    #[test]
    fn a_failure_without_a_count_counts_as_one() {
        assert_eq!(tally(2, 0, 0).or_failed(false), tally(2, 1, 0));
        assert_eq!(tally(2, 3, 0).or_failed(false), tally(2, 3, 0));
        assert_eq!(tally(2, 0, 0).or_failed(true), tally(2, 0, 0));
    }

    #[test]
    fn skipped_tests_show_only_if_there_are_any() {
        assert_eq!(tally(1, 0, 0).to_string(), "1 passed, 0 failed");
        assert_eq!(tally(1, 2, 3).to_string(), "1 passed, 2 failed, 3 skipped");
    }
}
