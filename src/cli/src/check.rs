//! `scalesmall check`.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::ExitCode;

use scalesmall_sim::{Checker, Record};

use crate::output::Progress;
use crate::{input, output};

/// The most bytes that a line of a history may have.
const LINE_BYTES_MAX: u64 = 16 << 20;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A history, as `scalesmall run --history` writes it; - reads standard input.
    file: PathBuf,
}

/// Checks a history; an error is a message for people, and means that it could not be read.
pub(crate) fn check(arguments: &Arguments) -> Result<ExitCode, String> {
    let name = input::name(&arguments.file);
    let mut reader = BufReader::new(input::open(&arguments.file)?);
    let mut checker = Checker::new();
    let (mut operations, mut states) = (0_u64, 0_u64);
    let mut progress = Progress::new();
    for number in 1_u64.. {
        let mut line = Vec::new();
        let read = reader.by_ref().take(LINE_BYTES_MAX + 1).read_until(b'\n', &mut line);
        let wrong = |reason: String| format!("{name}, line {number}: {reason}");
        read.map_err(|error| wrong(error.to_string()))?;
        if line.is_empty() {
            break;
        }
        if line.len() as u64 > LINE_BYTES_MAX {
            return Err(wrong(format!("it has more than {LINE_BYTES_MAX} bytes")));
        }
        let text = std::str::from_utf8(&line).map_err(|error| wrong(error.to_string()))?.trim();
        if text.is_empty() {
            continue;
        }
        let record = Record::from_json(text).map_err(wrong)?;
        Checker::can_check(record.data_type()).map_err(wrong)?;
        if let Err(reason) = checker.check(&record) {
            drop(progress);
            output::print(&format!("{name}, line {number}: {reason}\n"))?;
            return Ok(ExitCode::from(1));
        }
        match record {
            Record::Operation(_) => operations += 1,
            Record::State(_) => states += 1,
        }
        progress.show(|| format!("{operations} operations, {states} states checked"));
    }
    drop(progress);
    output::print(&format!(
        "{operations} operations and {states} states are as the semantics have them\n"
    ))?;
    Ok(ExitCode::SUCCESS)
}
