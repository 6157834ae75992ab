//! What is read.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use scalesmall_sim::Scenario;
use scalesmall_sim::limits::FILE_BYTES_MAX;

/// What an input is called in messages.
pub(crate) fn name(path: &Path) -> String {
    match is_stdin(path) {
        true => "standard input".to_owned(),
        false => path.display().to_string(),
    }
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// The input itself; `-` is standard input.
pub(crate) fn open(path: &Path) -> Result<Box<dyn Read>, String> {
    match is_stdin(path) {
        true => Ok(Box::new(io::stdin())),
        false => match File::open(path) {
            Ok(file) => Ok(Box::new(file)),
            Err(error) => Err(format!("{}: {error}", name(path))),
        },
    }
}

/// A scenario from a file.
pub(crate) fn scenario(path: &Path) -> Result<Scenario, String> {
    let text = read(path).map_err(|reason| format!("{}: {reason}", name(path)))?;
    Scenario::parse(&text).map_err(|error| format!("{}: {error}", name(path)))
}

/// Reads no more than a scenario may have, and one byte to tell that it has more.
fn read(path: &Path) -> Result<String, String> {
    let mut bytes = Vec::new();
    let most = FILE_BYTES_MAX as u64 + 1;
    match is_stdin(path) {
        true => io::stdin().take(most).read_to_end(&mut bytes),
        false => File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes)),
    }
    .map_err(|error| error.to_string())?;
    // Before all else: what is cut off may end in the middle of a character.
    if bytes.len() > FILE_BYTES_MAX {
        return Err(format!("the file has more than {FILE_BYTES_MAX} bytes"));
    }
    String::from_utf8(bytes)
        .map_err(|error| format!("byte {} is not UTF-8", error.utf8_error().valid_up_to() + 1))
}
